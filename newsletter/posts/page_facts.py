"""What a web page says about itself: JSON-LD first, then OpenGraph, then its plain elements.

Sources: schema.org Article, the Open Graph protocol (ogp.me), HTML's own ``meta``, ``time``, ``link``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

from newsletter.model import Image
from newsletter.posts.clean_html import words_of_html
from newsletter.posts.dates import parse_date
from newsletter.posts.decoding import one_line
from newsletter.posts.heading_lines import read_heading_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

_ARTICLES: Final = re.compile(r"(?:\w*Article|BlogPosting|Report|LiveBlogPosting)")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_AUTHOR_PLACES: Final = (
    "//*[@rel='author']",
    "//*[@itemprop='author']",
    "//*[contains(concat(' ', normalize-space(@class), ' '), ' author ')]",
    "//*[contains(concat(' ', normalize-space(@class), ' '), ' byline ')]",
)
_DATE_PLACES: Final = (
    "//time[@itemprop='datePublished' or @pubdate]",
    "//article//time | //main//time | //header//time",
    "//time",
    "//*[@itemprop='datePublished']",
    "//*[contains(concat(' ', normalize-space(@class), ' '), ' published ')]",
    "//*[contains(concat(' ', normalize-space(@class), ' '), ' entry-date ')]",
    "//*[contains(concat(' ', normalize-space(@class), ' '), ' date ')]",
)
_MAX_NAME: Final = 100


@dataclass(frozen=True)
class PageFacts:
    """The facts of one page; what it does not say is empty."""

    is_article: bool
    """Whether the page calls itself an article."""
    title: str
    """Headline."""
    author: str
    """Names, without "By"."""
    published_at: date | datetime | None
    """When it was published."""
    image: Image | None
    """Its lead picture."""
    link: str
    """Canonical address."""
    excerpt: str
    """Its own description."""
    language: str
    """BCP 47."""
    tags: tuple[str, ...]
    """Topics."""


def read_facts(tree: Any, url: str) -> PageFacts:
    """Return what the page says about itself; ``url`` is where it was found, or empty."""
    article = next(_articles(tree), {})
    meta = _meta(tree)
    language = article.get("inLanguage") or _first(tree, "/html/@lang") or meta.get("og:locale", "")
    return PageFacts(
        is_article=bool(article) or meta.get("og:type", "") == "article",
        title=_title(tree, article, meta),
        author=_author(tree, article, meta),
        published_at=_published(tree, article, meta),
        image=_image(article, meta, url),
        link=_link(tree, article, meta, url),
        excerpt=_words(article.get("description"))
        or one_line(meta.get("og:description") or meta.get("description", "")),
        language=str(language).replace("_", "-") if _LANGUAGE.fullmatch(str(language)) else "",
        tags=_tags(tree, article),
    )


def _articles(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield the JSON-LD objects that are articles, names of their authors filled in."""
    for script in tree.xpath("//script[@type='application/ld+json']/text()"):
        try:
            stated = json.loads(script, strict=False)
        except (ValueError, RecursionError):
            continue
        objects = [entry for entry in _objects(stated) if isinstance(entry, dict)]
        named = {entry["@id"]: entry for entry in objects if isinstance(entry.get("@id"), str)}
        for entry in objects:
            kinds = entry.get("@type")
            kinds = kinds if isinstance(kinds, list) else [kinds]
            if any(isinstance(kind, str) and _ARTICLES.fullmatch(kind) for kind in kinds):
                yield {
                    **entry,
                    "author": _resolved(entry.get("author"), named),
                    "image": _resolved(entry.get("image"), named),
                }


def _objects(stated: Any) -> Iterator[Any]:
    for entry in stated if isinstance(stated, list) else [stated]:
        yield entry
        if isinstance(entry, dict) and isinstance(entry.get("@graph"), list):
            yield from entry["@graph"]


def _resolved(value: Any, named: dict[str, dict[str, Any]]) -> list[Any]:
    """Return the values as a list, references to other objects of the page followed."""
    values = value if isinstance(value, list) else [value] if value else []
    found: list[Any] = []
    for entry in values:
        reference = entry.get("@id") if isinstance(entry, dict) else None
        found.append({**named.get(reference, {}), **entry} if isinstance(reference, str) else entry)
    return found


def _meta(tree: Any) -> dict[str, str]:
    """Return the ``meta`` elements, the first of each name."""
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = (element.get("property") or element.get("name") or element.get("itemprop") or "").lower()
        content = one_line(element.get("content") or "")
        if name and content:
            found.setdefault(name, content)
    return found


def _first(tree: Any, path: str) -> str:
    found = tree.xpath(path)
    return one_line(str(found[0])) if found else ""


def _words(value: Any) -> str:
    return words_of_html(value) if isinstance(value, str) else ""


def _title(tree: Any, article: dict[str, Any], meta: dict[str, str]) -> str:
    headings = [one_line(element.text_content()) for element in tree.iter("h1")]
    whole = _first(tree, "//title/text()")
    site = meta.get("og:site_name", "")
    title = _words(article.get("headline")) or meta.get("og:title", "") or meta.get("twitter:title", "")
    if not title:
        title = next((said for said in headings if said), "") or whole
    # "Headline - Site" and "Headline | Site": the site's name is no part of the headline.
    if site and title.endswith(site):
        title = re.sub(r"\s*[|–—·:-]\s*$", "", title.removesuffix(site)) or title  # noqa: RUF001 - dashes pages print
    return title


def _author(tree: Any, article: dict[str, Any], meta: dict[str, str]) -> str:
    names = [
        _words(entry.get("name") if isinstance(entry, dict) else entry) for entry in article.get("author", [])
    ]
    names = names or [meta.get(name, "") for name in ("author", "article:author", "dc.creator")]
    found = list(dict.fromkeys(name for name in names if name and "://" not in name))
    if found:
        return ", ".join(found)
    for place in _AUTHOR_PLACES:
        for element in tree.xpath(place):
            said = one_line(element.get("content") or element.text_content())
            line = read_heading_line(said) or read_heading_line(f"By {said}")
            if line and line.author and len(line.author) <= _MAX_NAME:
                return line.author
    return ""


def _published(tree: Any, article: dict[str, Any], meta: dict[str, str]) -> date | datetime | None:
    stated = [
        article.get("datePublished"),
        meta.get("article:published_time"),
        *(
            meta.get(name)
            for name in ("datepublished", "date", "dc.date", "dcterms.date", "parsely-pub-date")
        ),
    ]
    for said in stated:
        if isinstance(said, str) and (day := parse_date(said)):
            return day
    for place in _DATE_PLACES:
        for element in tree.xpath(place):
            for said in (element.get("datetime"), element.get("content"), element.text_content()):
                if said and (day := parse_date(said)):
                    return day
    return None


def _image(article: dict[str, Any], meta: dict[str, str], url: str) -> Image | None:
    """Return the lead picture; OpenGraph knows its alt text, JSON-LD its caption."""
    address, caption = (
        meta.get("og:image:secure_url") or meta.get("og:image") or meta.get("og:image:url") or "",
        "",
    )
    for entry in article.get("image", []):
        said = (entry.get("url") or entry.get("contentUrl")) if isinstance(entry, dict) else entry
        if isinstance(said, str) and said:
            address, caption = said, _words(entry.get("caption")) if isinstance(entry, dict) else ""
            break
    address = address or meta.get("twitter:image", "")
    address = urljoin(url, address) if address else ""
    if not address.lower().startswith(("http://", "https://")):
        return None
    return Image(alt=meta.get("og:image:alt", "") or caption, url=address, caption=caption)


def _link(tree: Any, article: dict[str, Any], meta: dict[str, str], url: str) -> str:
    stated = article.get("mainEntityOfPage") or article.get("url")
    stated = stated.get("@id") if isinstance(stated, dict) else stated
    canonical = _first(tree, "//link[@rel='canonical']/@href")
    for said in (canonical, stated, meta.get("og:url", ""), url):
        address = urljoin(url, said) if isinstance(said, str) and said else ""
        if address.lower().startswith(("http://", "https://")):
            return address.partition("#")[0]
    return ""


def _tags(tree: Any, article: dict[str, Any]) -> tuple[str, ...]:
    stated = article.get("keywords")
    words = stated.split(",") if isinstance(stated, str) else stated if isinstance(stated, list) else []
    words = words or tree.xpath("//meta[@property='article:tag']/@content")
    return tuple(dict.fromkeys(tag for word in words if isinstance(word, str) and (tag := one_line(word))))
