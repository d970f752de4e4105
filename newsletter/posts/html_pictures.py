"""Pictures of a web page: which file, what it shows, what stands under it."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from newsletter.model import Image
from newsletter.posts.captions import split_credit
from newsletter.posts.decoding import one_line

if TYPE_CHECKING:
    from lxml.html import HtmlElement

BEST_WIDTH: Final = 1072
"""Pixels a picture should have: a 536 px column on a screen with two pixels per point."""
_LAZY: Final = ("data-src", "data-lazy-src", "data-original", "data-orig-file")
_SETS: Final = ("srcset", "data-srcset", "data-lazy-srcset")
_WIDTH = re.compile(r"(\d{1,5})w,?")
_TRACKERS = re.compile(
    r"^(?:pixel|stats|b)\.(?:wp|wordpress)\.com$|doubleclick\.net$|feedburner\.com$|google-analytics\.com$"
    r"|facebook\.com$|scorecardresearch\.com$"
)
_DECORATION = re.compile(r"\b(?:avatar|wp-smiley|emoji|icon|sprite)\b", re.IGNORECASE)
_CREDIT_CLASS = re.compile(r"credit|copyright|byline|source", re.IGNORECASE)


def picture(element: HtmlElement, base: str) -> Image | None:
    """Return the picture of an ``img`` element, or None for tracking pixels, avatars and icons.

    On the web its ``url`` is absolute; with an empty ``base`` a relative source is its ``file``.
    """
    if min(_pixels(element, "width"), _pixels(element, "height")) <= 2:
        return None
    if _DECORATION.search(element.get("class") or ""):
        return None
    found = _source(element)
    source = urljoin(base, found)
    web = source.lower().startswith(("http://", "https://"))
    if not found or (urlsplit(source).scheme and not web):
        return None
    if web and _TRACKERS.search(urlsplit(source).hostname or ""):
        return None
    alt = one_line(element.get("alt") or "")
    return Image(alt, url=source) if web else Image(alt, file=source)


def with_caption(image: Image, caption: HtmlElement | None) -> Image:
    """Return the picture with the words under it, who made it told apart."""
    if caption is None:
        return image
    credit = ""
    for element in caption.iter("cite", "small", "span", "em", "i"):
        if element.tag == "cite" or _CREDIT_CLASS.search(element.get("class") or ""):
            credit = one_line(element.text_content())
            break
    whole = one_line(caption.text_content())
    if credit and credit != whole:
        return replace(image, caption=whole.replace(credit, "").strip(" |–—-()"), credit=credit)  # noqa: RUF001 - dashes pages print
    said, credit = split_credit(whole)
    return replace(image, caption=said, credit=credit)


def _source(element: HtmlElement) -> str:
    """Return the address of the file whose width is nearest to what a letter shows."""
    for name in _SETS:
        parts = (element.get(name) or "").split()
        sized = [
            (abs(int(width[1]) - BEST_WIDTH), source)
            for source, said in pairwise(parts)
            if (width := _WIDTH.fullmatch(said))
        ]
        if sized:
            return str(min(sized)[1])
    for name in (*_LAZY, "src"):
        source = (element.get(name) or "").strip()
        if source and not source.lower().startswith("data:"):
            return str(source)
    return ""


def _pixels(element: HtmlElement, name: str) -> int:
    found = re.match(r"\s*(\d{1,5})\s*(?:px)?\s*$", element.get(name) or "")
    return int(found[1]) if found else BEST_WIDTH


def lead_first(lead: Image | None, images: tuple[Image, ...]) -> tuple[Image, ...]:
    """Return the pictures with the lead first; shown in the story too, it keeps what the story says of it."""
    if lead is None:
        return images
    shown = next((image for image in images if same_picture(image, lead)), None)
    if shown is None:
        return (lead, *images)
    whole = replace(
        shown,
        alt=shown.alt or lead.alt,
        caption=shown.caption or lead.caption,
        credit=shown.credit or lead.credit,
    )
    return (whole, *(image for image in images if image is not shown))


def same_picture(one: Image, other: Image) -> bool:
    """Return whether two addresses are sizes of one picture: ``river-300x200.jpg`` and ``river.jpg``."""
    return bool(one.url) and _unsized(one.url) == _unsized(other.url)


def _unsized(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}{re.sub(r'-(?:scaled|[0-9]+x[0-9]+)(?=[.][A-Za-z]+$)', '', parts.path)}"
