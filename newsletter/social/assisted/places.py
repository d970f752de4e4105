"""Where a person publishes: how each network counts, and the page that opens with the text in it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import regex

from newsletter.social.base import WEB_ADDRESS, graphemes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

X_ADDRESS: Final = 23
"""What X counts for an address."""
_X_LIGHT: Final = regex.compile(r"[\u0000-\u10FF\u2000-\u200D\u2010-\u201F\u2032-\u2037]")
"""Characters that count 1 on X; every other one counts 2."""
_X_DOMAIN: Final = regex.compile(r"[\p{L}\p{M}\p{N}-]++(?:\.[\p{L}\p{M}\p{N}-]++)+")
"""What X may take for an address, although no scheme stands before it."""
_EMOJI: Final = regex.compile(r"[\p{Extended_Pictographic}\p{Regional_Indicator}\uFE0F\u20E3]")


@dataclass(frozen=True)
class Place:
    """One network's own page."""

    title: str
    """The network's name."""
    limit: int
    """Longest text."""
    measure: Callable[[str], int]
    """Length of a text, never less than the network finds it."""
    intent: str = ""
    """Address that opens the page, up to what is to be published; empty: there is none."""
    takes_text: bool = True
    """Whether the address takes the text; else it takes the link alone."""


def utf16_units(text: str) -> int:
    """Return the UTF-16 units of a text: no way of counting characters finds more."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def bluesky_length(text: str) -> int:
    """Return the characters as readers see them, or a tenth of the bytes, whichever is more.

    300 characters and 3000 bytes are taken: https://docs.bsky.app/docs/advanced-guides/posts.
    """
    return max(len(graphemes(text)), -(-len(text.encode("utf-8", "surrogatepass")) // 10))


def x_length(text: str) -> int:
    """Return the weighted length: Latin letters 1, other characters 2, an address 23.

    What may be an address counts at least 23, an emoji as its parts, so this
    is never less than https://docs.x.com/fundamentals/counting-characters.
    """
    rest, addresses = WEB_ADDRESS.subn("\n", unicodedata.normalize("NFC", text))
    domains: list[str] = _X_DOMAIN.findall(rest)
    return (
        # A line feed stands in the place of each address.
        int(addresses) * (X_ADDRESS - 1)
        + sum(max(0, X_ADDRESS - _x_weight(domain)) for domain in domains)
        + _x_weight(rest)
    )


def threads_length(text: str) -> int:
    """Return the characters, where an emoji counts as its bytes.

    See https://developers.facebook.com/docs/threads/overview#limitations.
    """
    return sum(
        len(shown.encode("utf-8", "surrogatepass")) if _EMOJI.search(shown) else utf16_units(shown)
        for shown in graphemes(text)
    )


def _x_weight(text: str) -> int:
    light: list[str] = _X_LIGHT.findall(text)
    return 2 * len(text) - len(light)


PLACES: Final[Mapping[str, Place]] = {
    # https://docs.bsky.app/docs/advanced-guides/intent-links
    "bluesky": Place("Bluesky", 300, bluesky_length, "https://bsky.app/intent/compose?text="),
    # https://docs.x.com/x-for-websites/tweet-button/guides/web-intent
    "x": Place("X", 280, x_length, "https://x.com/intent/post?text="),
    # https://learn.microsoft.com/linkedin/consumer/integrations/self-serve/plugins/share-plugin
    "linkedin": Place(
        "LinkedIn",
        3000,
        utf16_units,
        "https://www.linkedin.com/sharing/share-offsite/?url=",
        takes_text=False,
    ),
    # https://developers.facebook.com/docs/sharing/reference/share-dialog
    "facebook": Place(
        "Facebook",
        63_206,
        utf16_units,
        "https://www.facebook.com/sharer/sharer.php?u=",
        takes_text=False,
    ),
    # https://developers.facebook.com/docs/threads/threads-web-intents
    "threads": Place("Threads", 500, threads_length, "https://www.threads.net/intent/post?text="),
    "instagram": Place("Instagram", 2200, utf16_units),
    "other": Place("the network", 500, utf16_units),
}
"""``network`` → where a person publishes."""
