"""The slots of a snippet: what a social template prints, and what the words say already."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.social.base import SocialNetwork

    Layout = Callable[["Slots"], str]
    """Prints slots as the text of one post."""

MARK: Final = re.compile(r"(?m)^-{3,}$")
"""A line with which an author begins the next post of a thread."""


@dataclass(frozen=True)
class Slots:
    """What one post is made of, each part clean and whole, or cut, or left out."""

    hook: str = ""
    """The first line."""
    why: str = ""
    """The sentences after it, paragraphs with an empty line between them."""
    call_to_action: str = ""
    """The question; never cut."""
    link: str = ""
    """Never cut."""
    hashtags: tuple[str, ...] = ()
    """With their #, the most important first."""
    number: str = ""
    """Place in a numbered thread: ``1/3``; empty for none."""

    @property
    def said(self) -> str:
        """Return the words."""
        return "\n\n".join(filter(None, (self.hook, self.why)))

    @property
    def ask(self) -> Slots:
        """Return call to action, link and hashtags without the words, and without what these say already."""
        said = self.said
        return Slots(
            call_to_action="" if says(said, self.call_to_action) else self.call_to_action,
            link="" if says(said, self.link) else self.link,
            hashtags=tuple(tag for tag in self.hashtags if not says(said, tag)),
        )

    @property
    def asks(self) -> bool:
        """Return whether there is anything but words and number."""
        return bool(self.call_to_action or self.link or self.hashtags)

    def asking(self, ask: Slots) -> Slots:
        """Return these words with the call to action, link and hashtags of another post."""
        return replace(self, call_to_action=ask.call_to_action, link=ask.link, hashtags=ask.hashtags)


@dataclass(frozen=True)
class Paper:
    """What the posts of one account are written on."""

    network: SocialNetwork
    """The account; its ``limit`` and ``measure`` decide what fits."""
    layout: Layout
    """Its template."""
    thread: bool = False
    """Whether words may go on in a thread, in place of being cut."""
    numbered: bool = False
    """Whether the posts of a thread say which one of how many they are."""
    link_in: Literal["first", "last"] = "last"
    """Which post of a thread asks."""

    def written(self, slots: Slots) -> str:
        """Return exactly what is published; what the words say already is not said again."""
        return self.layout(slots.asking(slots.ask))

    def fits(self, slots: Slots) -> bool:
        """Return whether the network takes this as one post."""
        return self.network.measure(self.written(slots)) <= self.network.limit


def pieces(why: str) -> list[str]:
    r"""Return what an author wrote between lines of ``---``.

    >>> pieces("One.\n---\nTwo.")
    ['One.', 'Two.']
    """
    return [piece for part in MARK.split(why) if (piece := part.strip("\n"))]


def says(words: str, part: str) -> bool:
    """Return whether the words hold this question, link or hashtag as a whole."""
    flags = re.IGNORECASE if part.startswith("#") else 0
    whole = rf"(?<![\w/#]){re.escape(part)}(?![\w/?&=#%+-]|\.\w)"
    return bool(part) and re.search(whole, words, flags) is not None
