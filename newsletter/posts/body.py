"""A post's Markdown becomes HTML for mail, and its first words become an excerpt."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

import nh3
from markdown_it import MarkdownIt

from newsletter.model import Image
from newsletter.posts import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

    from newsletter.model import Post

_BLOCKS: Final = frozenset({"p", "h3", "h4", "ul", "ol", "li", "blockquote", "pre", "hr"})
_TABLES: Final = frozenset({"table", "thead", "tbody", "tr", "th", "td"})
_WORDS: Final = frozenset({"a", "strong", "em", "s", "code", "br", "img"})
TAGS: Final = _BLOCKS | _TABLES | _WORDS
"""What a letter may carry; every mail client shows these."""
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "th": {"align"},
    "td": {"align"},
}
LINK_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel"})


def to_html(markdown: str) -> str:
    """Return a post's Markdown as sanitised HTML that every mail client shows.

    Raw HTML in the Markdown is shown as text. The post's own headings start
    below the story's headline: its two upper levels become ``h3``, deeper
    ones ``h4``. Links keep the schemes http, https, mailto and tel.
    """
    tokens = parser().parse(markdown)
    _demote_headings(tokens)
    for token in tokens:
        _align_by_attribute(token)
    html = str(parser().renderer.render(tokens, parser().options, {}))
    return nh3.clean(
        html,
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        url_schemes=set(LINK_SCHEMES),
        link_rel=None,
    )


def first_words(markdown: str, *, words: int = 60) -> str:
    """Return the start of a post as plain text: whole sentences, at most ``words`` words.

    When the first sentence alone is longer, it is cut after a word and ends in "…".
    """
    taken: list[str] = []
    for sentence in _sentences(markdown):
        said = sentence.split()
        if len(taken) + len(said) <= words:
            taken += said
            continue
        if not taken:
            return " ".join(said[:words]).rstrip(",;:–—-") + "…"  # noqa: RUF001 - dashes a cut may leave
        break
    return " ".join(taken)


def pictures_in(markdown: str) -> tuple[Image, ...]:
    """Return the pictures that a post's Markdown shows, in order, with ``alt`` and ``file`` or ``url``."""
    found: dict[str, Image] = {}
    for token in parser().parse(markdown):
        for child in token.children or []:
            source = str(child.attrs.get("src", "")) if child.type == "image" else ""
            if not source:
                continue
            alt = "".join(_plain(child))
            web = source.lower().startswith(("http://", "https://"))
            found.setdefault(source, Image(alt, url=source) if web else Image(alt, unquote(source)))
    return tuple(found.values())


def with_pictures(post: Post) -> Post:
    """Return the post with the pictures that only its text shows after its own images."""
    known = {name for image in post.images for name in (image.file, image.url) if name}
    shown = (image for image in pictures_in(post.body) if (image.file or image.url) not in known)
    return replace(post, images=(*post.images, *shown))


@cache
def parser() -> MarkdownIt:
    """Return the parser for stored posts: CommonMark with tables and strikethrough, raw HTML as text."""
    return MarkdownIt("js-default", {"typographer": False, "linkify": False}).enable(
        ["table", "strikethrough"]
    )


def _demote_headings(tokens: list[Token]) -> None:
    """Give headings the levels 3 and 4, never 4 before a 3."""
    headings = [token for token in tokens if token.type in {"heading_open", "heading_close"}]
    if not headings:
        return
    top = max(2, min(int(token.tag[1]) for token in headings))
    nested = False
    for token in headings:
        upper = int(token.tag[1]) <= top
        token.tag = "h4" if not upper and nested else "h3"
        nested = nested or upper


def _align_by_attribute(token: Token) -> None:
    """Say a cell's alignment with ``align``: style attributes do not pass the sanitiser."""
    style = str(token.attrs.pop("style", ""))
    if style.startswith("text-align:"):
        token.attrs["align"] = style.removeprefix("text-align:")


def _sentences(markdown: str) -> Iterator[str]:
    for paragraph in _paragraphs(markdown):
        start = 0
        for end in (*sentences.ends(paragraph), len(paragraph)):
            if sentence := paragraph[start:end].strip():
                yield sentence
            start = end


def _paragraphs(markdown: str) -> Iterator[str]:
    """Yield the plain text of paragraphs and list entries; headings, tables and pictures are left out."""
    tokens = parser().parse(markdown)
    for before, token in pairwise(tokens):
        if token.type == "inline" and before.type == "paragraph_open":
            text = "".join(_plain(token))
            if text.strip():
                yield " ".join(text.split())


def _plain(inline: Token) -> Iterator[str]:
    for child in inline.children or []:
        if child.type in {"text", "code_inline"}:
            yield child.content
        elif child.type in {"softbreak", "hardbreak"}:
            yield " "
