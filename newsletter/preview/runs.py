"""A text in runs, as a network colours it, and where the network folds it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import regex

from newsletter.social.base import WEB_ADDRESS, graphemes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from newsletter.preview.looks import Look

Kind = Literal["", "link", "tag", "mention"]

# With marks: without them a hashtag in Hindi would break off.
_HASHTAG: Final = r"(?<![\w/&#])#[\w\p{M}]*[^\W\d_][\w\p{M}]*"


@dataclass(frozen=True)
class Run:
    """Words in one colour."""

    text: str
    """As readers see them."""
    kind: Kind = ""
    """What they are to the network; empty: just words."""


def runs(text: str, look: Look) -> tuple[Run, ...]:
    """Return a text in runs, links shortened and mentions named as readers see them.

    >>> from newsletter.preview.looks import LOOKS
    >>> [run.text for run in runs("See https://a.example/b #Rivers", LOOKS["x"])]
    ['See ', 'a.example/b', ' ', '#Rivers']
    """
    if look.facets:
        return _marked(text)
    made: list[Run] = []
    done = 0
    for found in WEB_ADDRESS.finditer(text):
        made += _worded(text[done : found.start()], look)
        made.append(Run(_short(found[0], look.link_chars), "link"))
        done = found.end()
    return (*made, *_worded(text[done:], look))


def folded(whole: Iterable[Run], fold: int) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    """Return the runs before and behind the fold; the white space it falls on belongs to neither.

    Args:
        whole: the text.
        fold: characters as readers see them that stand before "more"; 0: all of them.
    """
    seen: list[Run] = []
    behind: list[Run] = []
    room = fold
    for run in whole:
        letters = graphemes(run.text)
        cut = len(letters) if not fold else room
        before, after = "".join(letters[:cut]), "".join(letters[cut:])
        seen += [replace(run, text=before)] if before else []
        after = after if behind else after.lstrip()
        behind += [replace(run, text=after)] if after else []
        room = max(0, room - len(letters))
    return tuple(seen), tuple(behind)


def _marked(text: str) -> tuple[Run, ...]:
    """Return a text as it is sent to Bluesky: what does something there is marked by its bytes."""
    from newsletter.social.bluesky import texts

    shown = texts.show(text)
    sent, done = shown.text.encode(), 0
    made: list[Run] = []
    for mark in shown.marks:
        made += [Run(sent[done : mark.start].decode()), Run(sent[mark.start : mark.end].decode(), mark.kind)]
        done = mark.end
    return tuple(run for run in (*made, Run(sent[done:].decode())) if run.text)


def _worded(words: str, look: Look) -> list[Run]:
    """Return words without an address in runs."""
    patterns = {"mention": rf"(?<![\w/@]){look.mentions}" if look.mentions else "", "tag": _HASHTAG}
    if not look.hashtags:
        del patterns["tag"]
    alternatives = "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in patterns.items() if pattern)
    made: list[Run] = []
    done = 0
    for found in regex.finditer(alternatives, words) if alternatives else ():
        kind: Kind = "mention" if found.lastgroup == "mention" else "tag"
        made += [Run(words[done : found.start()]), Run(_named(found[0]), kind)]
        done = found.end()
    return [run for run in (*made, Run(words[done:])) if run.text]


def _named(mention: str) -> str:
    """Return ``@[Name](urn)`` as readers see it."""
    return str(regex.sub(r"^@\[([^\]]+)\]\(.*\)$", r"\1", mention))


def _short(address: str, chars: int) -> str:
    if not chars:
        return address
    bare = str(regex.sub(r"(?i)^https?://(?:www\.)?", "", address))
    return bare if len(bare) <= chars else f"{bare[:chars]}…"
