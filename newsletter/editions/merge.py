"""Merge tags: places in a letter that differ per subscriber.

While templates render, a tag is an opaque token of letters and digits that
nothing on the way (autoescape, premailer, line folding) changes. The compiled
letter splits at the tokens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN = re.compile(r"qzmerge(\d{4})zq")
"""One tag in rendered text; the number is its place in `MergeTags.known`."""

ALWAYS_KNOWN = frozenset({"email", "unsubscribe_url", "preferences_url", "view_url"})
"""Every subscriber has these, so they need no fallback."""


@dataclass(frozen=True)
class MergeTag:
    """One tag as templates see it; printing it gives its token."""

    name: str
    """Name after ``merge.``."""
    fallback: str
    """What stands there for a subscriber without a value."""
    token: str
    """What it prints as."""
    owner: MergeTags
    """The object it was asked from."""

    def __str__(self) -> str:
        return self.token

    def __html__(self) -> str:
        return self.token

    def __bool__(self) -> bool:
        raise ContentError(
            f"merge.{self.name} cannot be tested in a template: the letter is rendered once for everybody; "
            f'use {{{{ merge.{self.name} | fallback("…") }}}}'
        )


class MergeTags:
    """The object ``merge`` of templates; it remembers every tag that was asked for."""

    def __init__(self) -> None:
        """Start with no tags."""
        self.known: list[MergeTag] = []

    def __getattr__(self, name: str) -> MergeTag:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.tag(name, "")

    def tag(self, name: str, fallback: str) -> MergeTag:
        """Return the tag with this name and fallback, always the same one for the same pair."""
        for known in self.known:
            if (known.name, known.fallback) == (name, fallback):
                return known
        made = MergeTag(name, fallback, f"qzmerge{len(self.known):04d}zq", self)
        self.known.append(made)
        return made

    def named(self, match: re.Match[str]) -> MergeTag:
        """Return the tag of a `TOKEN` match."""
        return self.known[int(match[1])]

    def rehearse(self, rendered: str, values: Mapping[str, str]) -> str:
        """Return the text with every token replaced by its value, else its fallback; nothing is escaped."""
        return TOKEN.sub(
            lambda match: values.get(self.named(match).name) or self.named(match).fallback, rendered
        )

    def refuse_holes(self, rendered: str, *, where: str) -> None:
        """Make sure that every tag can be filled for every subscriber.

        Raises:
            ContentError: a tag without a fallback that a subscriber may lack, or
                a tag that a filter other than ``fallback`` has changed.
        """
        for match in re.finditer(r"(?i)qzmerge\w*", rendered):
            whole = TOKEN.match(match[0])
            if not whole or int(whole[1]) >= len(self.known):
                raise ContentError("a merge tag takes no filter but fallback(…)", where=where)
            tag = self.named(whole)
            if not tag.fallback and tag.name not in ALWAYS_KNOWN:
                raise ContentError(
                    f'merge.{tag.name} needs a fallback: {{{{ merge.{tag.name} | fallback("friend") }}}}',
                    where=where,
                )


def fallback(tag: object, text: str) -> MergeTag:
    """Return the tag with what stands there for a subscriber without a value (the filter of templates)."""
    if not isinstance(tag, MergeTag):
        raise ContentError(
            'fallback(…) belongs behind a merge tag: {{ merge.first_name | fallback("friend") }}'
        )
    return tag.owner.tag(tag.name, text)
