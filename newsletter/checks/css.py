"""Read style sheets and style attributes the way the rules ask about them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import tinycss2
from tinycss2.color3 import parse_color

if TYPE_CHECKING:
    from collections.abc import Mapping

Rgb = tuple[float, float, float]
"""Red, green and blue, each from 0 to 1."""


@lru_cache(maxsize=4096)
def declarations(style: str) -> Mapping[str, str]:
    """Return property → value of a ``style`` attribute; names in lower case, the last one wins.

    >>> declarations("Color: #FFF; padding:0 4px")["padding"]
    '0 4px'
    """
    found = tinycss2.parse_blocks_contents(style, skip_comments=True, skip_whitespace=True)
    return {
        part.lower_name: tinycss2.serialize(part.value).strip()
        for part in found
        if part.type == "declaration"
    }


@lru_cache(maxsize=1024)
def colour(value: str, under: Rgb = (1.0, 1.0, 1.0)) -> Rgb | None:
    """Return a CSS colour laid over the colour ``under``; None when it is no colour.

    >>> colour("#fff")
    (1.0, 1.0, 1.0)
    """
    found = parse_color(value)
    if found is None or isinstance(found, str):
        return None
    red, green, blue = (
        own * found.alpha + below * (1 - found.alpha)
        for own, below in zip((found.red, found.green, found.blue), under, strict=True)
    )
    return red, green, blue


def contrast(one: Rgb, other: Rgb) -> float:
    """Return the contrast of two colours, 1 to 21, as WCAG 2.2 defines it.

    >>> round(contrast((0, 0, 0), (1, 1, 1)))
    21
    """
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def pixels(value: str, parent: float = 16.0) -> float | None:
    """Return a length in CSS pixels; percentages and ``em`` are taken of ``parent``.

    >>> pixels("1.5em"), pixels("12pt"), pixels("auto")
    (24.0, 16.0, None)
    """
    match = re.fullmatch(r"(-?[\d.]+)(px|pt|em|%|)", value.strip().lower())
    if not match:
        return None
    scale = {"px": 1.0, "": 1.0, "pt": 4 / 3, "em": parent, "%": parent / 100}[match[2]]
    try:
        return float(match[1]) * scale
    except ValueError:
        return None


def edges(style: Mapping[str, str], prefix: str) -> tuple[float, float, float, float]:
    """Return top, right, bottom and left of ``padding`` or ``margin`` in pixels; 0 where it is unset."""
    short = [pixels(part) or 0.0 for part in style.get(prefix, "0").split()][:4] or [0.0]
    top = short[0]
    right = short[1] if len(short) > 1 else top
    bottom = short[2] if len(short) > 2 else top
    left = short[3] if len(short) > 3 else right

    def side(name: str, otherwise: float) -> float:
        own = pixels(style.get(f"{prefix}-{name}", ""))
        return otherwise if own is None else own

    return side("top", top), side("right", right), side("bottom", bottom), side("left", left)


def _luminance(rgb: Rgb) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
