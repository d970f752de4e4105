"""The blocks of a cleaned page become blocks of Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin, urlsplit

from newsletter.posts.clean_html import BLOCKS, FRAMES, HEADINGS, LISTS
from newsletter.posts.decoding import one_line
from newsletter.posts.escaping import escape_address, escape_words
from newsletter.posts.html_pictures import picture, with_caption
from newsletter.posts.html_words import children, paragraphs_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml.html import HtmlElement

    from newsletter.model import Image

_GALLERY = re.compile(r"(?:^|\s)(?:wp-block-gallery|gallery|blocks-gallery-grid|tiled-gallery)(?=\s|$)")
_VIDEO_FRAMES = (
    (
        re.compile(r"//(?:www\.)?youtube(?:-nocookie)?\.com/embed/([\w-]+)"),
        "https://www.youtube.com/watch?v=",
    ),
    (re.compile(r"//player\.vimeo\.com/video/(\d+)"), "https://vimeo.com/"),
)


def blocks_of(tree: HtmlElement, base: str, pictures: str) -> tuple[list[str], list[Image]]:
    """Return one piece of Markdown per block, and the pictures in them, each once, in order.

    Links are absolute against ``base``, pictures against ``pictures``. Frames and players become links.
    """
    walk = _Walk(base, pictures)
    pieces = walk.blocks(children(tree))
    return [piece for piece in pieces if piece], walk.images


def reference(image: Image) -> str:
    """Return how a picture's address ends its place in the text: ``](address)``."""
    return f"]({escape_address(image.url or image.file)})"


class _Caption(NamedTuple):
    figure: HtmlElement
    words: HtmlElement | None


@dataclass
class _Walk:
    """Goes through the blocks of a page and keeps the pictures it meets."""

    base: str
    """What links are absolute against."""
    pictures: str
    """What pictures are absolute against."""
    images: list[Image] = field(default_factory=list)
    """Pictures met so far, each once."""
    shown: set[str] = field(default_factory=set)
    """Their references, to know them again."""

    def blocks(self, nodes: Iterable[HtmlElement | str]) -> list[str]:
        """Return one piece of Markdown per block."""
        pieces: list[str] = []
        run: list[HtmlElement | str] = []
        for node in nodes:
            if isinstance(node, str) or not _holds_blocks(node):
                run.append(node)
                continue
            self._paragraphs(run, pieces)
            run = []
            self._block(node, pieces)
        self._paragraphs(run, pieces)
        return pieces

    def _paragraphs(self, run: list[HtmlElement | str], pieces: list[str]) -> None:
        found = paragraphs_of(run, self.base)
        shown = [
            self._show(image)
            for node in run
            if not isinstance(node, str)
            for element in node.iter("img")
            if (image := picture(element, self.pictures))
        ]
        pieces += [*(piece for piece in shown if piece), *found]

    def _block(self, node: HtmlElement, pieces: list[str]) -> None:
        tag = str(node.tag)
        if tag in HEADINGS:
            said = " ".join(paragraphs_of([node], self.base)).replace("\\\n", " ").replace("**", "")
            self._pictures(node, pieces)
            pieces += [f"{'#' * HEADINGS[tag]} {said}"] if said else []
        elif tag in LISTS:
            pieces.append(self._list(node, pieces[-1] if pieces else ""))
        elif tag == "blockquote":
            quoted = "\n\n".join(self.blocks(children(node)))
            pieces += ["\n".join(f"> {line}".rstrip() for line in quoted.split("\n"))] if quoted else []
        elif tag == "table" and _is_facts(node):
            pieces += self._table(node)
        elif tag == "pre":
            pieces.append(_code_block(node.text_content()))
        elif tag == "hr":
            pieces.append("---")
        elif tag in FRAMES:
            pieces.append(self._frame(node))
        elif _GALLERY.search(node.get("class") or ""):
            self._gallery(node, pieces)
        elif captioned := _captioned(node):
            self._figure(captioned, pieces)
        else:
            pieces += self.blocks(children(node))

    def _pictures(self, node: HtmlElement, pieces: list[str]) -> None:
        found = (picture(element, self.pictures) for element in node.iter("img"))
        pieces += [piece for image in found if image and (piece := self._show(image))]

    def _show(self, image: Image) -> str:
        """Return the picture's place in the text; nothing when it is shown already."""
        if reference(image) in self.shown:
            return ""
        self.shown.add(reference(image))
        self.images.append(image)
        return f"![{escape_words(image.alt)}{reference(image)}"

    def _figure(self, captioned: _Caption, pieces: list[str]) -> None:
        found = (picture(element, self.pictures) for element in captioned.figure.iter("img"))
        pieces += [self._show(with_caption(image, captioned.words)) for image in found if image]

    def _gallery(self, node: HtmlElement, pieces: list[str]) -> None:
        """Show the first picture, and link to the rest: a letter is no album."""
        found = list(node.iter("img"))
        for element in found[:1]:
            parent = element.getparent()
            figure = next((above for above in element.iterancestors("figure", "dl", "li")), parent)
            words = figure.find(".//figcaption") if figure is not None else None
            if image := picture(element, self.pictures):
                pieces.append(self._show(with_caption(image, words)))
        if len(found) > 1 and self.base:
            pieces.append(f"[See all {len(found)} pictures]({escape_address(self.base)})")

    def _list(self, node: HtmlElement, before: str) -> str:
        numbered = node.tag == "ol"
        # Two lists in a row need different marks, else they are one list.
        mark = (
            (")" if re.match(r"\d+\.", before) else ".") if numbered else "*" if before[:2] == "- " else "-"
        )
        start = int(node.get("start")) if (node.get("start") or "").isdecimal() else 1
        entries: list[str] = []
        for child in node:
            pieces = self.blocks(children(child)) if child.tag == "li" else self.blocks([child])
            pieces = [piece for piece in pieces if piece]
            if pieces:
                lead = f"{start + len(entries)}{mark} " if numbered else f"{mark} "
                entries.append(lead + _indented(pieces, len(lead)))
        return ("\n\n" if any("\n\n" in entry for entry in entries) else "\n").join(entries)

    def _table(self, node: HtmlElement) -> list[str]:
        rows = [self._cells(row) for row in node.iter("tr")]
        rows = [row for row in rows if any(row)]
        width = max((len(row) for row in rows), default=0)
        if not width:
            return []
        lines = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in rows]
        lines.insert(1, f"|{' --- |' * width}")
        captions = [piece for words in node.iter("caption") for piece in paragraphs_of([words], self.base)]
        shown: list[str] = []
        self._pictures(node, shown)
        return [*captions, "\n".join(lines), *shown]

    def _cells(self, row: HtmlElement) -> list[str]:
        cells: list[str] = []
        for cell in row.iter("td", "th"):
            said = " ".join(paragraphs_of([cell], self.base)).replace("\\\n", " ").replace("|", "\\|")
            span = cell.get("colspan") or ""
            cells += [said, *[""] * (min(int(span), 20) - 1 if span.isdecimal() else 0)]
        return cells

    def _frame(self, node: HtmlElement) -> str:
        """Return a link to what is played on the page: no mail client shows frames."""
        inner = node.find("source")
        source = (
            node.get("src") or node.get("data-src") or (inner.get("src") if inner is not None else "") or ""
        )
        url = urljoin(self.base, source)
        if not url.lower().startswith(("http://", "https://")):
            return ""
        said = one_line(node.get("title") or "")
        for form, page in _VIDEO_FRAMES:
            if found := form.search(url):
                return f"[Watch: {escape_words(said or 'video')}]({page}{found[1]})"
        verb = "Listen" if node.tag == "audio" else "Watch" if node.tag == "video" else "See"
        host = (urlsplit(url).hostname or "").removeprefix("www.")
        return f"[{verb}: {escape_words(said or host)}]({escape_address(url)})"


def _holds_blocks(node: HtmlElement) -> bool:
    return node.tag in BLOCKS or any(child.tag in BLOCKS for child in node.iterdescendants())


def _is_facts(table: HtmlElement) -> bool:
    """Return whether a table holds rows of facts, and is not there for the layout."""
    if table.find(".//table") is not None:
        return False
    return any(len(row.findall("td") + row.findall("th")) > 1 for row in table.iter("tr"))


def _captioned(node: HtmlElement) -> _Caption | None:
    """Return a figure with its caption, when the block is one: by element, or by WordPress's classes."""
    if node.find(".//img") is None:
        return None
    if node.tag == "figure":
        return _Caption(node, node.find(".//figcaption"))
    if re.search(r"(?:^|\s)wp-caption(?=\s|$)", node.get("class") or ""):
        words = node.xpath(".//*[contains(@class, 'wp-caption-text')]")
        return _Caption(node, words[0] if words else None)
    return None


def _indented(pieces: list[str], width: int) -> str:
    """Join the blocks of a list entry; a nested list stands directly under its words."""
    text = pieces[0]
    for piece in pieces[1:]:
        text += ("\n" if re.match(r"(?:[-*]|1[.)]) ", piece) else "\n\n") + piece
    return text.replace("\n", "\n" + " " * width).replace("\n" + " " * width + "\n", "\n\n")


def _code_block(text: str) -> str:
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 3)
    return f"{fence}\n{text.strip(chr(10)).rstrip()}\n{fence}" if text.strip() else ""
