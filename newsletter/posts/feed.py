"""An RSS or Atom feed becomes posts, the newest first."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from newsletter.errors import ContentError
from newsletter.model import Image, Post
from newsletter.posts.clean_html import words_of_html
from newsletter.posts.dates import parse_date
from newsletter.posts.decoding import one_line
from newsletter.posts.excerpts import own_excerpt
from newsletter.posts.html_body import read_html
from newsletter.posts.html_pictures import lead_first
from newsletter.posts.markup import refuse_entities
from newsletter.posts.slugs import slug_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_CLOSED = re.compile(r"</(?:rss|feed|rdf:RDF)\s{0,9}>\Z", re.IGNORECASE)
_PICTURE: Final = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)(?:\?|$)", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def read_feed(text: str, *, limit: int, since: date | None, where: str) -> list[Post]:
    """Return the newest ``limit`` entries of a feed, those before ``since`` left out.

    The full content of an entry is used where the feed has it, else its summary. Pictures are
    named by ``url``.

    Raises:
        ContentError: cut off, not a feed, without entries, or hostile XML.
    """
    import feedparser

    refuse_entities(text, where)
    if not _is_closed(text):
        raise ContentError("the feed is cut off: its last line is missing", where=where)
    # The text is UTF-8 from here on, whatever its declaration said.
    document = io.BytesIO(_DECLARATION.sub("", text).encode())
    headers = {"content-type": "application/xml; charset=utf-8"}
    feed: Any = feedparser.parse(
        document, response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    if not feed.entries:
        reason = "the feed has no entries" if feed.version else "this is not an RSS or Atom feed"
        raise ContentError(reason, where=where)
    language = str(feed.feed.get("language", ""))
    posts = [_post(entry, where) for entry in feed.entries]
    spoken = language if _LANGUAGE.fullmatch(language) else ""
    return [replace(post, language=spoken) for post in newest(posts, limit=limit, since=since)]


def _is_closed(text: str) -> bool:
    """Return whether the root element is closed; caches write comments behind it."""
    text = text.rstrip()
    while text.endswith("-->") and (start := text.rfind("<!--")) >= 0:
        text = text[:start].rstrip()
    return _CLOSED.search(text[-30:]) is not None


def newest(posts: Sequence[Post], *, limit: int, since: date | None) -> list[Post]:
    """Return at most ``limit`` posts, newest first; with ``since``, none before it and none undated."""
    dated = [post for post in posts if post.title and post.body]
    if since is not None:
        dated = [post for post in dated if post.published_at is not None and _moment(post).date() >= since]
    return sorted(dated, key=_moment, reverse=True)[:limit]


def _moment(post: Post) -> datetime:
    """Return when a post was published, for sorting; without a date it sorts last."""
    when = post.published_at
    if isinstance(when, datetime):
        return when
    return datetime(when.year, when.month, when.day, tzinfo=UTC) if when else datetime.min.replace(tzinfo=UTC)


def _post(entry: Any, where: str) -> Post:
    title = words_of_html(entry.get("title", ""))
    link = _web(entry.get("link", ""))
    contents = [part.get("value", "") for part in entry.get("content", [])]
    full = max(contents, key=len, default="")
    summary = entry.get("summary", "")
    story = read_html(full or summary, base=link, above=(title,), where=where)
    excerpt = own_excerpt(words_of_html(summary), story.text) if full else ""
    return Post(
        slug=slug_of(title),
        title=title,
        body=story.markdown,
        excerpt=excerpt,
        author=one_line(entry.get("author", "")),
        published_at=parse_date(entry.get("published", "") or entry.get("updated", "")),
        images=lead_first(_picture(entry), story.images),
        link=link,
        tags=tuple(
            dict.fromkeys(tag for said in entry.get("tags", []) if (tag := one_line(said.term or "")))
        ),
        call_to_action=story.call_to_action,
        related=story.related,
    )


def _picture(entry: Any) -> Image | None:
    """Return the widest picture that the entry carries beside its text."""
    found: list[tuple[int, Image]] = []
    for media in (*entry.get("media_content", []), *entry.get("media_thumbnail", [])):
        url = _web(media.get("url", ""))
        kind = media.get("medium") or media.get("type") or ""
        if url and (kind.startswith("image") or (not kind and _PICTURE.search(url))):
            width = str(media.get("width", ""))
            found.append((int(width) if width.isdecimal() else 0, Image(url=url)))
    for enclosure in entry.get("enclosures", []):
        url = _web(enclosure.get("href", ""))
        if url and enclosure.get("type", "").startswith("image/"):
            found.append((0, Image(url=url)))
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _web(address: str) -> str:
    return address if address.lower().startswith(("http://", "https://")) else ""
