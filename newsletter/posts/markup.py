"""Markup from strangers: what must not reach a parser, and the parser that fetches and expands nothing."""

from __future__ import annotations

import re
from typing import Any, Final

from lxml import etree
from lxml import html as lxml_html

from newsletter.errors import ContentError

# Entity declarations stand in a document type only; comments and CDATA may talk about them.
_QUOTES: Final = {"<!--": "-->", "<![CDATA[": "]]>"}
_QUOTE_OPENS = re.compile("|".join(map(re.escape, _QUOTES)))
_DECLARES = re.compile(r"<!ENTITY|<!DOCTYPE[^>]*\[", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^>]*>", re.DOTALL | re.IGNORECASE)
_FEED_ROOT = re.compile(r"<(?:rss|feed|rdf:RDF)(?=[\s>])", re.IGNORECASE)
_HTML_SIGN = re.compile(r"<!DOCTYPE\s+html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
_ELEMENT = re.compile(r"<(?:p|div|article|h1|h2)(?:\s[^<>]*)?>", re.IGNORECASE)


def refuse_entities(text: str, where: str) -> None:
    """Let no document pass that declares entities: they can grow without end and name files.

    Raises:
        ContentError: it declares entities.
    """
    if _DECLARES.search(_unquoted(text)):
        raise ContentError("it declares XML entities; such files are not read", where=where)


def _unquoted(text: str) -> str:
    """Return the markup without comments and CDATA, in one pass: a pattern would rescan at every opening."""
    kept: list[str] = []
    at = 0
    while opened := _QUOTE_OPENS.search(text, at):
        end = text.find(_QUOTES[opened[0]], opened.end())
        if end < 0:
            break
        kept.append(text[at : opened.start()])
        at = end + len(_QUOTES[opened[0]])
    return "".join([*kept, text[at:]])


def looks_like_feed(text: str) -> bool:
    """Return whether a document is RSS, Atom or RDF: its root element says so."""
    return _FEED_ROOT.match(_COMMENT.sub("", text[:20_000]).lstrip()) is not None


def looks_like_html(text: str) -> bool:
    """Return whether a text is a web page or a part of one."""
    start = _COMMENT.sub("", text[:20_000]).lstrip()
    return _HTML_SIGN.search(text[:20_000]) is not None or _ELEMENT.match(start) is not None


def page_tree(text: str, where: str) -> Any:
    """Return the elements of a web page.

    Raises:
        ContentError: it declares entities, or holds no element at all.
    """
    refuse_entities(text, where)
    parser = lxml_html.HTMLParser(no_network=True, huge_tree=False, encoding="utf-8")
    try:
        return lxml_html.document_fromstring(text.encode(), parser=parser)
    except (etree.ParserError, ValueError):
        raise ContentError("there is nothing on this page", where=where) from None
