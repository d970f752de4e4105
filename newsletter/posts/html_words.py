"""The words of a paragraph of a web page become a line of Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from newsletter.posts.body import LINK_SCHEMES
from newsletter.posts.decoding import one_line
from newsletter.posts.escaping import escape_address, escape_words, guard_start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

# Marks stand for emphasis until the line is whole: only then can be seen whether Markdown's rules
# about what may stand beside ** and * are met.
_MARKS: Final = {
    "strong": ("\ue000", "\ue001", "**"),
    "em": ("\ue002", "\ue003", "*"),
    "s": ("\ue004", "\ue005", "~~"),
}
_SAME: Final = {"b": "strong", "i": "em", "cite": "em", "del": "s", "strike": "s"}
_ALL_MARKS: Final = "\ue000-\ue005"
BREAK: Final = "\n"
_ESCAPE: Final = r"\\(?=[^\w\s])"
_BARE_ADDRESS = re.compile(r"https?://[^\s<>]+")


def paragraphs_of(nodes: list[HtmlElement | str], base: str) -> list[str]:
    """Return the Markdown paragraphs that a run of inline nodes makes; two line breaks part them."""
    raw = re.sub("[ \t]{2,}", " ", "".join(_inline(node, base, frozenset()) for node in nodes))
    parts = (_finished(part) for part in re.split(r" ?\n(?: ?\n)+ ?", raw))
    return [part for part in parts if part]


def _inline(node: HtmlElement | str, base: str, inside: frozenset[str]) -> str:
    if isinstance(node, str):
        return escape_words(re.sub(f"[{_ALL_MARKS}]", "", re.sub(r"[ \t\n\r\f]+", " ", node)))
    tag = str(_SAME.get(node.tag, node.tag))
    if tag in {"br", "img"}:
        return BREAK if tag == "br" else ""
    if tag == "code":
        return _code(node.text_content())
    if tag == "sup" and node.xpath(".//a[starts-with(@href, '#')]"):
        return escape_words(f" [{one_line(node.text_content())}]")
    inner = "".join(_inline(child, base, inside | {tag}) for child in children(node))
    if tag in inside or not inner.strip():
        return inner
    return _marked(node, tag, inner, base)


def _marked(node: HtmlElement, tag: str, inner: str, base: str) -> str:
    """Return the words inside an element with its marks; white space stays outside of them."""
    said = inner.strip()
    before, after = inner[: len(inner) - len(inner.lstrip())], inner[len(inner.rstrip()) :]
    if tag in _MARKS:
        opening, closing, _ = _MARKS[tag]
        return f"{before}{opening}{said}{closing}{after}"
    url = address_of(node.get("href"), base) if tag == "a" else ""
    if not url:
        return inner
    label = re.sub(r"(?<!\\)[\[\]]", r"\\\g<0>", said.replace(BREAK, " "))
    return f"{before}[{label}]({escape_address(url)}){after}"


def children(element: HtmlElement) -> Iterator[HtmlElement | str]:
    """Yield the texts and elements inside an element, in order."""
    if element.text:
        yield element.text
    for child in element:
        if isinstance(child.tag, str):
            yield child
        if child.tail:
            yield child.tail


def address_of(href: str | None, base: str) -> str:
    """Return where a link leads, absolute, or nothing when it leads nowhere a letter can point to."""
    href = (href or "").strip()
    if not href or href.startswith("#"):
        return ""
    url = urljoin(base, href)
    return url if url.partition(":")[0].lower() in LINK_SCHEMES else ""


def _code(text: str) -> str:
    said = one_line(text)
    if not said:
        return ""
    fence = "`" * (max((len(run) for run in re.findall("`+", said)), default=0) + 1)
    pad = " " if said[0] == "`" or said[-1] == "`" else ""
    return f"{fence}{pad}{said}{pad}{fence}"


def _finished(part: str) -> str:
    """Return a paragraph with its marks turned into Markdown, every line guarded at its start."""
    part = re.sub(" ?\n ?", "\n", part).strip()
    for opening, closing, mark in _MARKS.values():
        # Two bold runs side by side are one; **** would be four stars.
        part = re.sub(f"{closing}(\\s*){opening}", r"\1", part)
        if part.count(opening) != part.count(closing):
            part = part.replace(opening, "").replace(closing, "")
        # A mark beside punctuation needs a space on its other side (CommonMark 6.2, flanking).
        part = re.sub(f"(?<=[^\\w\\s]){closing}(?=\\w)", f"{closing} ", part)
        part = re.sub(f"(?<=\\w){opening}(?=[^\\w\\s])", f" {opening}", part)
        part = part.replace(opening, mark).replace(closing, mark)
    if _BARE_ADDRESS.fullmatch(part):
        return f"<{re.sub(_ESCAPE, '', part)}>"
    return "\\\n".join(guarded for line in part.split("\n") if (guarded := guard_start(line)))
