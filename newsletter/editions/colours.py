"""Colours that can be read: the letter's papers, and brand colours fitted to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.editions.view import BrandView, ImageView

if TYPE_CHECKING:
    from newsletter.config import Brand, Organisation

READABLE = 4.5
"""Contrast that small text needs (WCAG 2.2, success criterion 1.4.3)."""

_COMFORTABLE_AT_NIGHT = 6.0


@dataclass(frozen=True)
class Palette:
    """The neutral colours of a letter, ``#rrggbb``; templates print them as ``palette.ink``."""

    page: str
    """Around the column."""
    paper: str
    """The column."""
    card: str
    """The panel that holds the call to action."""
    rule: str
    """Hairlines."""
    ink: str
    """Text and headings."""
    muted: str
    """Dates, captions, the footer."""


LIGHT = Palette(
    page="#f3eee5", paper="#fffdf9", card="#f6f1e8", rule="#e3dbcd", ink="#24211c", muted="#655e53"
)
DARK = Palette(
    page="#161412", paper="#211e1b", card="#2c2824", rule="#443e37", ink="#efe9df", muted="#b9af9f"
)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two ``#rrggbb`` colours, 1.0 to 21.0.

    Source: WCAG 2.2, "contrast ratio" and "relative luminance".

    >>> round(contrast("#ffffff", "#000000"), 1)
    21.0
    """
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: str, backgrounds: tuple[str, ...], towards: str, least: float = READABLE) -> str:
    """Return ``colour``, moved towards black or white just far enough to be read on all backgrounds.

    >>> readable("#0b6e4f", ("#ffffff",), "#000000")
    '#0b6e4f'
    """
    for step in range(101):
        mixed = _mix(colour, towards, step / 100)
        if all(contrast(mixed, background) >= least for background in backgrounds):
            return mixed
    return towards


def brand_view(brand: Brand, organisation: Organisation) -> BrandView:
    """Return the brand as templates print it, every text colour readable where it stands."""
    accent = brand.accent.lower()
    logo = (
        ImageView(brand.logo, organisation.name, brand.logo_width, brand.logo_height) if brand.logo else None
    )
    return BrandView(
        accent=accent,
        accent_text=_words_on(accent),
        link=readable(accent, (LIGHT.paper, LIGHT.card, LIGHT.page), "#000000"),
        link_dark=readable(accent, (DARK.paper, DARK.card, DARK.page), "#ffffff", _COMFORTABLE_AT_NIGHT),
        logo=logo,
    )


def _words_on(accent: str) -> str:
    """Return the letter's own light or dark if that can be read on the accent, else white or black."""
    for words in (LIGHT.paper, LIGHT.ink):
        if contrast(words, accent) >= READABLE:
            return words
    return max("#ffffff", "#000000", key=lambda words: contrast(words, accent))


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in bytes.fromhex(colour[1:]))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _mix(colour: str, other: str, share: float) -> str:
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)
