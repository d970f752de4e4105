"""The HTML of a page is made safe: an allowlist of elements, nothing that runs, frames or hides."""

from __future__ import annotations

import re
from typing import Any, Final

import nh3
from lxml import etree
from lxml import html as lxml_html

from newsletter.errors import ContentError
from newsletter.posts.decoding import one_line, tidy

MAX_DEPTH: Final = 150
"""Elements inside elements; no article is nested deeper."""
HEADINGS: Final = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
LISTS: Final = frozenset({"ul", "ol"})
FRAMES: Final = frozenset({"iframe", "video", "audio"})
# fmt: off
_SECTIONS: Final = frozenset({
    "p", "div", "section", "article", "main", "header", "footer", "aside", "figure", "figcaption",
    "blockquote", "pre", "hr", "dl", "dt", "dd", "li", "details", "summary", "address", "center",
    "noscript", "picture", "table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption",
})
BLOCKS: Final = _SECTIONS | LISTS | FRAMES | frozenset(HEADINGS)
"""Elements that stand on lines of their own."""
_WORDS: Final = frozenset({
    "a", "b", "strong", "i", "em", "cite", "s", "del", "strike", "code", "br", "img", "span", "sup",
    "sub", "small", "mark", "u", "abbr", "q", "time", "source",
})
_DROPPED: Final = frozenset({
    "script", "style", "form", "button", "nav", "svg", "math", "object", "embed", "select", "textarea",
    "template", "title", "head", "canvas", "dialog", "applet",
})
_LAZY: Final = frozenset({
    "data-src", "data-lazy-src", "data-original", "data-orig-file", "data-srcset", "data-lazy-srcset",
})
# fmt: on
_ATTRIBUTES: Final = {
    "*": {"class", "id", "hidden"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "srcset", *_LAZY},
    "iframe": {"src", "title", "data-src"},
    "video": {"src", "title"},
    "audio": {"src", "title"},
    "source": {"src"},
    "ol": {"start"},
    "td": {"colspan"},
    "th": {"colspan"},
}
# Share buttons, widgets of other posts, sign-up forms, comments, text for screen readers.
_JUNK = re.compile(
    r"(?:^|\s)(?:sharedaddy|sd-\S+|jp-relatedposts|yarpp\S*|addtoany\S*|a2a_\S*|addthis\S*|heateor\S*"
    r"|(?:social-?)?shar(?:e|ing)(?:-\S*)?|social-(?:links?|icons?|media|buttons?)\S*|wp-block-social-links"
    r"|mc4wp\S*|newsletter-sign-?up\S*|comments?(?:-\S*)?|screen-reader-text|sr-only|visually-hidden"
    r"|post-navigation|breadcrumbs?|cookie-\S*|feedflare|adsbygoogle)(?=\s|$)",
    re.IGNORECASE,
)


def clean_tree(html: str, where: str) -> Any:
    """Return the sanitised elements of a page or a part of one, share buttons and widgets left out.

    Raises:
        ContentError: the HTML is nested deeper than any article.
    """
    clean = nh3.clean(
        tidy(html),
        tags=set(BLOCKS | _WORDS),
        clean_content_tags=set(_DROPPED),
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
    )
    parser = lxml_html.HTMLParser(no_network=True, huge_tree=False, encoding="utf-8")
    tree: Any = lxml_html.document_fromstring(f"<div>{clean}</div>".encode(), parser=parser)
    _refuse_depth(tree, where)
    for element in list(tree.iter()):
        names = f"{element.get('class') or ''} {element.get('id') or ''}"
        if element.get("hidden") is not None or _JUNK.search(names):
            element.drop_tree()
    return tree


def words_of_html(html: str) -> str:
    """Return the words of a bit of HTML on one line: a title, a caption, an excerpt.

    >>> words_of_html("Safe&#8230; <b>rivers</b> &amp; work")
    'Safe… rivers & work'
    """
    text = nh3.clean(tidy(html), tags=set(), clean_content_tags={"script", "style"})
    if not text.strip():
        return ""
    element: Any = lxml_html.fromstring(f"<p>{text}</p>")
    return one_line(element.text_content())


def _refuse_depth(tree: Any, where: str) -> None:
    depth = deepest = 0
    for event, _element in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(depth, deepest)
    if deepest > MAX_DEPTH:
        raise ContentError("its HTML is nested too deep to be an article", where=where)
