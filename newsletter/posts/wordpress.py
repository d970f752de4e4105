"""A WordPress site becomes posts, read through its REST API.

Source: developer.wordpress.org/rest-api/reference/posts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from newsletter.errors import ContentError
from newsletter.model import Image, Post
from newsletter.posts.captions import split_credit
from newsletter.posts.clean_html import words_of_html
from newsletter.posts.dates import parse_date
from newsletter.posts.decoding import decode
from newsletter.posts.excerpts import own_excerpt
from newsletter.posts.html_body import read_html
from newsletter.posts.html_pictures import BEST_WIDTH, lead_first
from newsletter.posts.slugs import slug_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from newsletter.fetch import Fetched

_PAGE: Final = 100
"""Most posts that WordPress gives at once."""


def read_wordpress(root: str, get: Callable[[str], Fetched], *, limit: int, since: date | None) -> list[Post]:
    """Return the newest public posts of a site; ``root`` is its API's address (``…/wp-json/``).

    Drafts and posts behind a password are left out. Pictures are named by ``url``.

    Raises:
        ContentError: the API is switched off or does not answer as WordPress does.
    """
    posts: list[Post] = []
    page = 1
    while len(posts) < limit:
        per_page = min(_PAGE, max(limit, 10))
        answer = _entries(_address(root, per_page, page, since), get)
        posts += [_post(entry) for entry in answer if _is_public(entry)]
        if len(answer) < per_page:
            break
        page += 1
    return [post for post in posts if post.title and post.body][:limit]


def _address(root: str, per_page: int, page: int, since: date | None) -> str:
    query = {"_embed": "author,wp:featuredmedia,wp:term", "per_page": str(per_page), "page": str(page)}
    if since is not None:
        query["after"] = f"{since.isoformat()}T00:00:00"
    # A site without pretty links has its API at /?rest_route=/.
    mark = "&" if "?" in root else "?"
    return f"{root.rstrip('/')}/wp/v2/posts{mark}{urlencode(query)}"


def _entries(address: str, get: Callable[[str], Fetched]) -> list[Any]:
    fetched = get(address)
    try:
        answer = json.loads(decode(fetched.body, where=address))
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, list):
        raise ContentError("the site's WordPress API gives no posts", where=address)
    return answer


def _is_public(entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    protected = isinstance(entry.get("content"), dict) and entry["content"].get("protected")
    return not protected and entry.get("status", "publish") == "publish"


def _post(entry: dict[str, Any]) -> Post:
    title = words_of_html(_rendered(entry, "title"))
    link = str(entry.get("link") or "")
    story = read_html(_rendered(entry, "content"), base=link, above=(title,), where=link)
    embedded = entry.get("_embedded")
    embedded = embedded if isinstance(embedded, dict) else {}
    authors = [words_of_html(str(author.get("name", ""))) for author in _dicts(embedded.get("author"))]
    moment = str(entry.get("date_gmt") or "")
    return Post(
        slug=slug_of(title),
        title=title,
        body=story.markdown,
        excerpt=own_excerpt(words_of_html(_rendered(entry, "excerpt")), story.text),
        author=", ".join(author for author in authors if author),
        published_at=parse_date(f"{moment}Z") if moment else parse_date(str(entry.get("date") or "")),
        images=lead_first(_featured(embedded), story.images),
        link=link,
        tags=_tags(embedded),
        call_to_action=story.call_to_action,
        related=story.related,
    )


def _rendered(entry: dict[str, Any], key: str) -> str:
    value = entry.get(key)
    return str(value.get("rendered", "")) if isinstance(value, dict) else ""


def _dicts(value: Any) -> list[dict[str, Any]]:
    """Return the objects of an embedded list; an error object stands for what may not be seen."""
    entries = value if isinstance(value, list) else []
    return [entry for entry in entries if isinstance(entry, dict) and "code" not in entry]


def _featured(embedded: dict[str, Any]) -> Image | None:
    """Return the featured picture in the size nearest to what a letter shows."""
    for media in _dicts(embedded.get("wp:featuredmedia")):
        details = media.get("media_details")
        details = details if isinstance(details, dict) else {}
        stated = details.get("sizes")
        sizes = _dicts(list(stated.values())) if isinstance(stated, dict) else []
        sizes.append({"source_url": media.get("source_url"), "width": details.get("width")})
        fitting = [size for size in sizes if isinstance(size.get("source_url"), str)]
        if fitting:
            best = min(fitting, key=_distance)
            caption, credit = split_credit(words_of_html(_rendered(media, "caption")))
            alt = words_of_html(str(media.get("alt_text") or ""))
            return Image(alt, url=best["source_url"], caption=caption, credit=credit)
    return None


def _distance(size: dict[str, Any]) -> float:
    width = size.get("width")
    return abs(width - BEST_WIDTH) if isinstance(width, int) else float("inf")


def _tags(embedded: dict[str, Any]) -> tuple[str, ...]:
    groups = embedded.get("wp:term")
    terms = [term for group in (groups if isinstance(groups, list) else []) for term in _dicts(group)]
    names = (words_of_html(str(term.get("name", ""))) for term in terms)
    return tuple(dict.fromkeys(name for name in names if name and name != "Uncategorized"))
