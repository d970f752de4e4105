"""A story's body as mail HTML: classes for the sheets, pictures with sizes, tables that say what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import unquote

from lxml import html as lxml_html
from markupsafe import Markup, escape

from newsletter.editions.merge import TOKEN
from newsletter.posts.body import LINK_SCHEMES, to_html

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from lxml.html import HtmlElement

    from newsletter.editions.view import ImageView

WIDEST: Final = 536
"""Widest picture in the 600 px column, CSS pixels."""

_CLASSES: Final = {
    "p": "p ink",
    "ul": "list ink",
    "ol": "list ink",
    "li": "entry ink",
    "a": "link",
    "strong": "strong",
    "code": "code ink",
    "pre": "pre ink",
    "hr": "break",
    "th": "cell head ink",
    "td": "cell ink",
}
"""Element → its classes in parts/base.css.j2 and parts/dark.css.j2."""

# What a picture's block may stand in.
_HOLDERS: Final = frozenset({"div", "li", "td", "th", "blockquote"})
_HEADINGS: Final = {"h3": 0, "h4": 1}
_DATA_TABLE: Final = {"class": "data", "width": "100%", "cellpadding": "0", "cellspacing": "0", "border": "0"}


class PictureMacro(Protocol):
    """What prints one picture: the macro ``picture`` of the templates."""

    def __call__(self, image: ImageView, url: str = "") -> str:
        """Return the picture's HTML, linked when there is a ``url``."""


def shown(image: ImageView, widest: int = WIDEST) -> tuple[int, int]:
    """Return width and height of a picture in the letter, CSS pixels, in the file's proportion.

    Both are even: odd sizes leave one-pixel lines in Outlook, which counts in points.
    """
    width = min(image.width, widest) // 2 * 2
    return width, max(2, 2 * round(image.height * width / image.width / 2))


def mail_html(  # noqa: PLR0913 - a filter's arguments have names in the template
    markdown: str,
    images: Mapping[str, ImageView],
    picture: PictureMacro,
    *,
    top: int = 3,
    lead: bool = False,
    start: str = "left",
    without: Collection[ImageView | None] = (),
) -> Markup:
    """Return Markdown as HTML for mail (the filter ``content``).

    Args:
        markdown: the words.
        images: file name as written in the words → picture; others are left out.
        picture: prints one picture.
        top: level of the upper headings in the words.
        lead: paragraphs in the larger size of an opening.
        start: the side where lines begin, ``right`` for Arabic or Hebrew.
        without: pictures that the letter shows elsewhere.
    """
    body = parsed(markdown)
    for element in list(body.iter(*_CLASSES, *_HEADINGS, "table", "blockquote")):
        _dress(element, top=top, lead=lead, start=start)
    for drawn in list(body.iter("img")):
        image = image_of(drawn, images, without)
        _place(drawn, picture(image, url=_link_around(drawn)) if image else "")
    inside = [
        str(escape(body.text or "")),
        *(lxml_html.tostring(child, encoding="unicode") for child in body),
    ]
    return Markup("".join(inside))  # noqa: S704 - sanitised by to_html, escaped by lxml


def parsed(markdown: str) -> HtmlElement:
    """Return Markdown as elements under one ``div``; links that lead nowhere from a letter are words."""
    body = lxml_html.fragment_fromstring(to_html(markdown), create_parent="div")
    for anchor in list(body.iter("a")):
        target = anchor.get("href", "")
        scheme, colon, _ = target.partition(":")
        leads = (colon and scheme.lower() in LINK_SCHEMES) or TOKEN.fullmatch(target)
        if not leads or not (anchor.text_content().strip() or anchor.find(".//img") is not None):
            anchor.drop_tag()
    return body


def image_of(
    drawn: HtmlElement, images: Mapping[str, ImageView], without: Collection[ImageView | None]
) -> ImageView | None:
    """Return the picture that an ``img`` of the words stands for; None when the letter does not carry it."""
    source = drawn.get("src", "")
    image = images.get(source) or images.get(unquote(source))
    return None if image in without else image


def _link_around(drawn: HtmlElement) -> str:
    anchor = next(drawn.iterancestors("a"), None)
    return "" if anchor is None else str(anchor.get("href"))


def _place(drawn: HtmlElement, markup: str) -> None:
    """Take the ``img`` out of its line, and put its block behind the paragraph the line belongs to."""
    line, around = drawn, drawn.getparent()
    while around is not None and around.tag not in _HOLDERS:
        line, around = around, around.getparent()
    if markup:
        line.addnext(lxml_html.fragment_fromstring(markup.strip()))
    empty, around = drawn, drawn.getparent()
    while around is not None:
        empty.drop_tree()
        if around.tag in _HOLDERS or len(around) or around.text_content().strip():
            break
        empty, around = around, around.getparent()


def _dress(element: HtmlElement, *, top: int, lead: bool, start: str) -> None:
    tag = str(element.tag)
    if tag in _HEADINGS:
        step = _HEADINGS[tag]
        element.tag = f"h{top + step}"
        element.set("class", f"h{3 + step} ink")
    elif tag == "table":
        for name, value in _DATA_TABLE.items():
            element.set(name, value)
    elif tag == "blockquote":
        _indent(element)
    elif tag == "p" and next(element.iterancestors("blockquote"), None) is not None:
        element.set("class", "said ink" if element.getnext() is not None else "said last ink")
    elif tag == "p" and lead:
        element.set("class", "lead ink")
    elif tag in _CLASSES:
        element.set("class", _CLASSES[tag])
    if tag == "th":
        element.set("scope", "col")
        element.set("align", element.get("align", start))


def _indent(quote: HtmlElement) -> None:
    """Put a quotation's words into a cell, the only place where Outlook draws a border with a gap."""
    quote.set("class", "quote")
    frame = lxml_html.fragment_fromstring(
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">'
        '<tr><td class="quoted ink"></td></tr></table>'
    )
    cell = frame.find(".//td")
    assert cell is not None
    cell.text, quote.text = quote.text, None
    cell.extend(list(quote))
    quote.append(frame)
