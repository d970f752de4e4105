"""What a post shows: short addresses, and the facets that make links, hashtags and mentions work.

See https://docs.bsky.app/docs/advanced-guides/post-richtext.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import regex

from newsletter.social.base import graphemes

if TYPE_CHECKING:
    from collections.abc import Callable

GRAPHEMES: Final = 300
"""Most characters of a post, as readers see them (lexicon app.bsky.feed.post)."""
BYTES: Final = 3000
"""Most bytes of a post, in UTF-8."""
TAG: Final = 64
"""Longest hashtag (lexicon app.bsky.richtext.facet)."""
PATH: Final = 20
"""How much of an address is shown behind its host."""

_LINK: Final = (
    r"(?<![\p{L}\p{N}_@])(?i:https?)://"
    r"(?:\([^\s()<>]*\)|[^\s()<>])*(?:\([^\s()<>]*\)|[^\s()<>\].,;:!?'\"…’”»。、！？」）])"  # noqa: RUF001 - marks that end a sentence
)
"""An address up to its last character that is no mark of the sentence around it; brackets in pairs."""
_MENTION: Final = (
    r"(?<![\p{L}\p{N}_@/.])@(?P<name>(?>(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+"
    r"[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?))(?!\.?[\p{L}\p{N}]|[_@-])"
)
"""See https://atproto.com/specs/handle."""
_TAG: Final = r"(?<![\p{L}\p{M}\p{N}_#＃/&.])[#＃](?P<tag>[\p{L}\p{M}\p{N}_]*\p{L}[\p{L}\p{M}\p{N}_]*)"  # noqa: RUF001 - full-width sign
_MARK: Final = regex.compile(rf"(?P<link>{_LINK})|{_MENTION}|{_TAG}")
_ADDRESS: Final = regex.compile(r"(?i:https?)://(?i:www\.(?=\w))?(?P<host>[^/?#@]+)(?P<rest>[/?#].*)?")
_CONJUNCT: Final = regex.compile(r"\p{ccc=9}[\p{M}\u200D]*(?=\p{L})")
"""Joins two letters of an Indian script to one character, in Unicode 15.1 and later."""


@dataclass(frozen=True)
class Mark:
    """A part of a text that does something."""

    kind: Literal["link", "mention", "tag"]
    """What it does."""
    start: int
    """Bytes before it."""
    end: int
    """Bytes up to its end."""
    target: str
    """Whole address, handle, or hashtag without its sign."""


@dataclass(frozen=True)
class Shown:
    """A post as readers see it."""

    text: str
    """Exactly what is sent."""
    marks: tuple[Mark, ...]
    """In order, apart from each other."""


def show(text: str) -> Shown:
    """Return a text with its addresses shortened to host and start of the path.

    >>> show("Act: https://www.trust.example/rivers/weirs/autumn?utm_source=x").text
    'Act: trust.example/rivers/weirs/autumn…'
    """
    # Halves of characters have no UTF-8.
    whole = text.encode("utf-8", "replace").decode()
    pieces: list[str] = []
    marks: list[Mark] = []
    length = last = 0
    for found in _MARK.finditer(whole):
        before = whole[last : found.start()]
        shown = _shortened(found[0]) if found["link"] else found[0]
        start = length + _bytes(before)
        length, last = start + _bytes(shown), found.end()
        pieces += [before, shown]
        marks += _mark(found, start, length)
    return Shown("".join([*pieces, whole[last:]]), tuple(marks))


def measure(text: str) -> int:
    """Return the length of what is sent for ``text``, never less than a server finds it.

    It is the number of characters as readers see them, or a tenth of the bytes
    where that is more: it exceeds 300 exactly when one of both limits is exceeded.
    """
    sent = show(text).text
    return max(sum(map(_counted, graphemes(sent))), math.ceil(_bytes(sent) * GRAPHEMES / BYTES))


def facets(shown: Shown, did_of: Callable[[str], str]) -> list[dict[str, Any]]:
    """Return the facets of a post.

    Args:
        shown: its text.
        did_of: the account of a handle; empty for one that stays plain text.
    """
    made = []
    for mark in shown.marks:
        target = did_of(mark.target) if mark.kind == "mention" else mark.target
        if target:
            name = {"link": "uri", "mention": "did", "tag": "tag"}[mark.kind]
            feature = {"$type": f"app.bsky.richtext.facet#{mark.kind}", name: target}
            made.append({"index": {"byteStart": mark.start, "byteEnd": mark.end}, "features": [feature]})
    return made


def _mark(found: regex.Match[str], start: int, end: int) -> list[Mark]:
    if found["link"]:
        return [Mark("link", start, end, found["link"])]
    if found["name"]:
        return [Mark("mention", start, end, found["name"].lower())]
    return [Mark("tag", start, end, found["tag"])] if len(found["tag"]) <= TAG else []


def _shortened(address: str) -> str:
    """Return an address without its scheme, its end replaced by "…"; the host stays whole, for trust."""
    parts = _ADDRESS.fullmatch(address)
    if parts is None:
        return address
    host, rest = parts["host"], parts["rest"] or ""
    path = regex.split("[?#]", rest, maxsplit=1)[0]
    start = "".join(graphemes(path)[:PATH])
    if rest in {"/", start}:
        return f"{host}{'' if rest == '/' else rest}"
    return f"{host}{start.rstrip('/-_.')}…"


def _counted(cluster: str) -> int:
    """Return what a server counts for one character; servers know older versions of Unicode, too."""
    unknown = sum(unicodedata.category(character) == "Cn" for character in cluster[1:])
    return 1 + unknown + len(_CONJUNCT.findall(cluster))


def _bytes(text: str) -> int:
    return len(text.encode())
