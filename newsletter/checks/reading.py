"""The words of an HTML part in reading order, each with the colours and size a reader sees them in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from newsletter.checks import css

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from newsletter.checks.css import Rgb

SILENT = frozenset({"head", "title", "style", "script", "template"})
"""Elements whose text is not shown."""
BOLD = frozenset({"b", "strong", "th", "h1", "h2", "h3", "h4", "h5", "h6"})
HEADING_SIZES = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h4": 1.0, "h5": 0.83, "h6": 0.67}
"""Browsers' own sizes of headings, in ``em`` (HTML Standard, rendering section)."""
LINK_BLUE = (0.0, 0.0, 238 / 255)


@dataclass(frozen=True)
class Look:
    """How an element is shown; inherited by what it holds."""

    color: Rgb = (0.0, 0.0, 0.0)
    """Colour of the words."""
    background: Rgb = (1.0, 1.0, 1.0)
    """Colour behind them."""
    picture: bool = False
    """Whether a picture lies behind them, so that the colour is not known."""
    size_px: float = 16.0
    """Size of the words."""
    bold: bool = False
    """Whether they are bold."""
    hidden: bool = False
    """Whether they are taken out of view."""


@dataclass(frozen=True)
class Run:
    """Words that stand together in one element."""

    words: str
    """As written, white space squeezed."""
    element: HtmlElement
    """The element they stand in."""
    look: Look
    """How they are shown."""


def runs(root: HtmlElement) -> Iterator[Run]:
    """Yield every piece of text in document order, hidden ones too."""
    yield from _runs(root, Look())


def _runs(element: HtmlElement, around: Look) -> Iterator[Run]:
    if not isinstance(element.tag, str) or element.tag in SILENT:
        return
    look = _look(element, around)
    if words := " ".join((element.text or "").split()):
        yield Run(words, element, look)
    for child in element:
        yield from _runs(child, look)
        if words := " ".join((child.tail or "").split()):
            yield Run(words, element, look)


def _look(element: HtmlElement, around: Look) -> Look:
    """Return how the element is shown inside ``around``."""
    style = css.declarations(element.get("style", ""))
    behind = style.get("background-color") or style.get("background") or element.get("bgcolor", "")
    background = css.colour(behind, around.background)
    picture = "url(" in style.get("background", "") + style.get("background-image", "")
    size = css.pixels(style.get("font-size", ""), around.size_px)
    if size is None:
        size = around.size_px * HEADING_SIZES.get(str(element.tag), 1.0)
    weight = style.get("font-weight", "")
    return replace(
        around,
        color=_text_colour(element, style.get("color", ""), around),
        background=background or around.background,
        picture=picture or (around.picture and background is None),
        size_px=size,
        bold=weight in {"bold", "bolder", "700", "800", "900"}
        or (not weight and (around.bold or element.tag in BOLD)),
        hidden=around.hidden or _is_hidden(element, style.get("display", "")),
    )


def _text_colour(element: HtmlElement, stated: str, around: Look) -> Rgb:
    value = stated or (element.get("color", "") if element.tag == "font" else "")
    if found := css.colour(value, around.background):
        return found
    return LINK_BLUE if element.tag == "a" and element.get("href") else around.color


def _is_hidden(element: HtmlElement, display: str) -> bool:
    return display.startswith("none") or element.get("hidden") is not None
