"""Stage 1: any source becomes posts. What a source is, its content says; not only its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from newsletter import fetch
from newsletter.errors import ContentError
from newsletter.posts.collect import Gathered, collect
from newsletter.posts.decoding import MAX_SOURCE_BYTES, decode, too_large
from newsletter.posts.feed import read_feed
from newsletter.posts.front_matter import starts_with_front_matter
from newsletter.posts.markdown import read_markdown
from newsletter.posts.markup import looks_like_feed, looks_like_html, page_tree, refuse_entities
from newsletter.posts.page_facts import read_facts
from newsletter.posts.plain_text import read_plain_text
from newsletter.posts.store import INDEX
from newsletter.posts.web_page import is_front_page, read_web_page
from newsletter.posts.wordpress import read_wordpress

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from newsletter.fetch import Fetched
    from newsletter.model import Post

    Get = Callable[[str], Fetched]

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_MARKDOWN_ENDINGS: Final = (".md", ".markdown", ".mdown")
_API_LINK: Final = "//link[@rel='https://api.w.org/']/@href"
_FEED_LINK: Final = (
    "//link[@rel='alternate' and (@type='application/rss+xml' or @type='application/atom+xml')]/@href"
)


def gather(
    source: str, *, limit: int = 10, since: date | None = None, get: Get = fetch.get
) -> list[Gathered]:
    """Return the posts of a file, a folder, a web page, a feed or a WordPress site.

    Feeds and sites give the newest ``limit`` posts, none before ``since``; a single page or file
    gives one. Pictures come along; one that cannot be had is a warning of its post.

    Raises:
        ContentError: names the source and one reason, or the mistakes in a Markdown file.
    """
    scheme = _SCHEME.match(source)
    if scheme and scheme[1].lower() not in {"http", "https"}:
        raise ContentError("only http and https addresses can be read", where=source)
    reader = _Reader(source, limit, since, get)
    posts, folder, url = reader.from_web() if scheme else reader.from_disk()
    if not posts and since is None:
        raise ContentError("no stories were found there", where=source)
    return [collect(post, get, folder=folder, url=url) for post in posts]


_Found = tuple[list["Post"], Path | None, str]


@dataclass(frozen=True)
class _Reader:
    """Reads one source, whatever it is."""

    source: str
    """As it was named; messages name it so."""
    limit: int
    """Most posts of a feed or a site."""
    since: date | None
    """No post of a feed or a site before this day."""
    get: Get
    """How the web is read."""

    def from_disk(self) -> _Found:
        path, raw = self._file()
        text = decode(raw, where=self.source)
        return self._posts(text, url="", name=path.name, content_type=""), path.parent, ""

    def _file(self) -> tuple[Path, bytes]:
        """Return where the source lies, a folder's index.md for the folder, and its bytes."""
        try:
            path = Path(self.source).expanduser()
            if path.is_dir():
                path /= INDEX
            size = path.stat().st_size
            if size <= MAX_SOURCE_BYTES:
                return path, path.read_bytes()
            reason = too_large(size)
        except FileNotFoundError:
            reason = f"this folder holds no {INDEX}; name the files in it"
            if path.name != INDEX:
                hint = "" if path.suffix in _MARKDOWN_ENDINGS else "; a web address starts with https://"
                reason = f"there is no such file{hint}"
        except (OSError, ValueError, RuntimeError) as error:
            reason = f"it cannot be read: {getattr(error, 'strerror', None) or 'its name cannot be used'}"
        raise ContentError(reason, where=self.source)

    def from_web(self) -> _Found:
        fetched = self.get(self.source)
        text = decode(fetched.body, where=self.source, charset=fetched.charset)
        name = urlsplit(fetched.url).path
        found = self._posts(text, url=fetched.url, name=name, content_type=fetched.content_type)
        return found, None, fetched.url

    def _posts(self, text: str, *, url: str, name: str, content_type: str) -> list[Post]:
        if text.lstrip().startswith("<"):
            refuse_entities(text, self.source)
        if starts_with_front_matter(text) or name.lower().endswith(_MARKDOWN_ENDINGS):
            return [read_markdown(text, where=self.source)]
        if looks_like_feed(text):
            return self._feed(text, self.source)
        if looks_like_html(text) or content_type in {"text/html", "application/xhtml+xml"}:
            return self._page(text, url)
        if url and "/wp-json" in urlsplit(url).path and text.lstrip()[:1] in "[{":
            root = url[: url.index("/wp-json")] + "/wp-json/"
            return read_wordpress(root, self.get, limit=self.limit, since=self.since)
        if text.lstrip().startswith("<?xml"):
            raise ContentError("this XML is neither a feed nor a web page", where=self.source)
        return [read_plain_text(text, self.source)]

    def _feed(self, text: str, where: str) -> list[Post]:
        return read_feed(text, limit=self.limit, since=self.since, where=where)

    def _page(self, text: str, url: str) -> list[Post]:
        tree = page_tree(text, self.source)
        site = self._site(text, tree, url) if url else None
        if site is not None:
            return site
        return [read_web_page(text, url=url, where=self.source, tree=tree)]

    def _site(self, text: str, tree: Any, url: str) -> list[Post] | None:
        """Return the posts of a site whose front page this is; None when it is a page of its own."""
        linked = [urljoin(url, str(href)) for href in tree.xpath(_API_LINK)]
        root = linked[0].partition("wp-json")[0].partition("?")[0] if linked else urljoin(url, "/")
        if not is_front_page(read_facts(tree, url), url.partition("?")[0], root):
            return None
        feeds = [urljoin(url, str(href)) for href in tree.xpath(_FEED_LINK)]
        if linked or "/wp-content/" in text:
            api = linked[0] if linked else urljoin(root, "wp-json/")
            try:
                return read_wordpress(api, self.get, limit=self.limit, since=self.since)
            except ContentError:
                # Many sites switch the API off; the feed stays.
                feeds.append(urljoin(root, "feed/"))
        return self._feed_at(feeds[0]) if feeds else None

    def _feed_at(self, address: str) -> list[Post]:
        fetched = self.get(address)
        text = decode(fetched.body, where=address, charset=fetched.charset)
        if not looks_like_feed(text):
            raise ContentError("the site's feed is no feed", where=address)
        return self._feed(text, address)
