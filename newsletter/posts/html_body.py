"""The HTML of a story becomes clean Markdown: sanitised first, then walked block by block."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urljoin, urlsplit

import nh3
from lxml import html as lxml_html

from newsletter.errors import ContentError
from newsletter.posts.closing import block_of, read_closing
from newsletter.posts.decoding import one_line, tidy
from newsletter.posts.escaping import escape_address, escape_words
from newsletter.posts.heading_lines import read_heading_line
from newsletter.posts.html_pictures import picture, with_caption
from newsletter.posts.html_words import children, paragraphs_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml.html import HtmlElement

    from newsletter.model import CallToAction, Image, RelatedPost

MAX_DEPTH: Final = 150
"""Elements inside elements; no article is nested deeper."""
_HEADINGS: Final = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_LISTS: Final = frozenset({"ul", "ol"})
_FRAMES: Final = frozenset({"iframe", "video", "audio"})
_CONTAINERS: Final = frozenset(
    "p div section article main header footer aside figure blockquote table pre hr dl dt dd details summary"
    " address center noscript picture figcaption li tr td th tbody thead tfoot caption".split()  # noqa: SIM905 - a list of words
)
_BLOCKS: Final = _CONTAINERS | _LISTS | _FRAMES | frozenset(_HEADINGS)
_WORDS: Final = frozenset(
    "a b strong i em cite s del strike code br img span sup sub small mark u abbr q time source".split()  # noqa: SIM905 - a list of words
)
_DROPPED: Final = frozenset(
    "script style form button nav svg math object embed select textarea template title head canvas dialog"
    " audio-player applet".split()  # noqa: SIM905 - a list of words
)
_ATTRIBUTES: Final = {
    "*": {"class", "id", "hidden"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "srcset", "data-src", "data-lazy-src", "data-original",
            "data-orig-file", "data-srcset", "data-lazy-srcset"},
    "iframe": {"src", "title", "data-src"},
    "video": {"src", "title"},
    "audio": {"src", "title"},
    "source": {"src"},
    "ol": {"start"},
    "td": {"colspan"},
    "th": {"colspan"},
}  # fmt: skip
# Share buttons, related-post widgets, sign-up forms, comments, text for screen readers.
_JUNK = re.compile(
    r"(?:^|\s)(?:sharedaddy|sd-\S+|jp-relatedposts|yarpp\S*|addtoany\S*|a2a_\S*|addthis\S*|heateor\S*"
    r"|(?:social-?)?shar(?:e|ing)(?:-\S*)?|social-(?:links?|icons?|media|buttons?)\S*|wp-block-social-links"
    r"|mc4wp\S*|newsletter-sign-?up\S*|comments?(?:-\S*)?|screen-reader-text|sr-only|visually-hidden"
    r"|post-navigation|breadcrumbs?|cookie-\S*|feedflare|adsbygoogle|wp-block-buttons--hidden)(?=\s|$)",
    re.IGNORECASE,
)
_GALLERY = re.compile(r"(?:^|\s)(?:wp-block-gallery|gallery|blocks-gallery-grid|tiled-gallery)(?=\s|$)")
_FEED_FOOTER = re.compile(r"The post .+ (?:appeared first|first appeared) on .+", re.IGNORECASE)
_VIDEO_FRAMES: Final = (
    (
        re.compile(r"//(?:www\.)?youtube(?:-nocookie)?\.com/embed/([\w-]+)"),
        "https://www.youtube.com/watch?v=",
    ),
    (re.compile(r"//player\.vimeo\.com/video/(\d+)"), "https://vimeo.com/"),
)


@dataclass(frozen=True)
class HtmlBody:
    """A story taken out of HTML."""

    markdown: str
    """The story; its pictures stand in it by ``url``, or by ``file`` when the page is a local one."""
    images: tuple[Image, ...]
    """Its pictures, each once, in order."""
    call_to_action: CallToAction | None
    """The closing question, when there was one."""
    related: tuple[RelatedPost, ...]
    """What stood under "Related Posts"."""
    text: str
    """The words of the story without links, to judge whether there is a story."""


def read_html(html: str, *, base: str, title: str = "", where: str = "") -> HtmlBody:
    """Return the story that HTML holds; links and pictures are made absolute against ``base``.

    A first heading that repeats ``title``, a byline and a date above the story, and feed footers
    are left out.

    Raises:
        ContentError: the HTML is nested deeper than any article.
    """
    tree = _clean_tree(html, where)
    walk = _Walk(base)
    pieces = [piece for piece in walk.blocks(children(tree)) if piece]
    blocks = [block_of(piece) for piece in pieces]
    start = 0
    while start < min(3, len(blocks)) and _stands_above(blocks[start].text, title):
        start += 1
    end = len(blocks)
    while end > start and _FEED_FOOTER.fullmatch(blocks[end - 1].text):
        end -= 1
    closing = read_closing(blocks[start:end])
    story = pieces[start : start + closing.kept]
    markdown = "\n\n".join(story)
    shown = tuple(image for image in walk.images if _reference(image) in markdown)
    text = " ".join(block.text for block in blocks[start : start + closing.kept] if not block.is_link)
    return HtmlBody(markdown, shown, closing.ask, closing.related, text)


def words_of_html(html: str) -> str:
    """Return the words of a bit of HTML on one line: a title, a caption, an excerpt."""
    text = nh3.clean(tidy(html), tags=set(), clean_content_tags={"script", "style"})
    return one_line(lxml_html.fromstring(f"<p>{text}</p>").text_content()) if text.strip() else ""


def _clean_tree(html: str, where: str) -> HtmlElement:
    """Return the sanitised elements; nothing that runs, frames or hides is left."""
    clean = nh3.clean(
        tidy(html),
        tags=set(_BLOCKS | _WORDS),
        clean_content_tags=set(_DROPPED),
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
    )
    parser = lxml_html.HTMLParser(no_network=True, huge_tree=False, encoding="utf-8")
    tree = lxml_html.document_fromstring(f"<div>{clean}</div>".encode(), parser=parser)
    depth = deepest = 0
    for event, _element in lxml_html.etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(depth, deepest)
    if deepest > MAX_DEPTH:
        raise ContentError("its HTML is nested too deep to be an article", where=where)
    for element in list(tree.iter()):
        names = f"{element.get('class') or ''} {element.get('id') or ''}"
        if element.get("hidden") is not None or _JUNK.search(names):
            element.drop_tree()
    return tree


def _stands_above(text: str, title: str) -> bool:
    return bool(title and text.casefold() == title.casefold()) or read_heading_line(text) is not None


def _reference(image: Image) -> str:
    return f"]({escape_address(image.url or image.file)})"


class _Caption(NamedTuple):
    figure: HtmlElement
    words: HtmlElement | None


@dataclass
class _Walk:
    """Goes through the blocks of a page and keeps the pictures it meets."""

    base: str
    images: list[Image] = field(default_factory=list)

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
            if (image := picture(element, self.base))
        ]
        pieces += [*(piece for piece in shown if piece), *found]

    def _block(self, node: HtmlElement, pieces: list[str]) -> None:
        tag = str(node.tag)
        if tag in _HEADINGS:
            said = " ".join(paragraphs_of([node], self.base)).replace("\\\n", " ").replace("**", "")
            self._paragraphs_of_pictures(node, pieces)
            pieces += [f"{'#' * _HEADINGS[tag]} {said}"] if said else []
        elif tag in _LISTS:
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
        elif tag in _FRAMES:
            pieces.append(self._frame(node))
        elif _GALLERY.search(node.get("class") or ""):
            self._gallery(node, pieces)
        elif captioned := _captioned(node):
            self._figure(captioned, pieces)
        else:
            pieces += self.blocks(children(node))

    def _paragraphs_of_pictures(self, node: HtmlElement, pieces: list[str]) -> None:
        found = (picture(element, self.base) for element in node.iter("img"))
        pieces += [piece for image in found if image and (piece := self._show(image))]

    def _show(self, image: Image) -> str:
        """Return the picture's place in the text; nothing when it is shown already."""
        if any(_reference(known) == _reference(image) for known in self.images):
            return ""
        self.images.append(image)
        return f"![{escape_words(image.alt)}{_reference(image)}"

    def _figure(self, captioned: _Caption, pieces: list[str]) -> None:
        for element in captioned.figure.iter("img"):
            if image := picture(element, self.base):
                pieces.append(self._show(with_caption(image, captioned.words)))

    def _gallery(self, node: HtmlElement, pieces: list[str]) -> None:
        """Show the first picture, and link to the rest: a letter is no album."""
        found = list(node.iter("img"))
        for element in found[:1]:
            parent = element.getparent()
            figure = next((above for above in element.iterancestors("figure", "dl", "li")), parent)
            words = figure.find(".//figcaption") if figure is not None else None
            if image := picture(element, self.base):
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
        self._paragraphs_of_pictures(node, shown)
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
    return node.tag in _BLOCKS or any(child.tag in _BLOCKS for child in node.iterdescendants())


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
        text += ("\n" if re.match(r"(?:[-*]|\d+[.)]) ", piece) else "\n\n") + piece
    return text.replace("\n", "\n" + " " * width).replace("\n" + " " * width + "\n", "\n\n")


def _code_block(text: str) -> str:
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 3)
    return f"{fence}\n{text.strip(chr(10)).rstrip()}\n{fence}" if text.strip() else ""
