"""A web page becomes a post: its own statements about itself, and the article it holds."""

from __future__ import annotations

import re
from typing import Any, Final

from newsletter.errors import ContentError
from newsletter.model import Post
from newsletter.posts.excerpts import own_excerpt
from newsletter.posts.html_body import read_html
from newsletter.posts.html_pictures import lead_first
from newsletter.posts.markup import page_tree, refuse_entities
from newsletter.posts.page_facts import PageFacts, read_facts
from newsletter.posts.slugs import slug_of

MIN_WORDS: Final = 25
"""A page with fewer words outside of links holds no article."""


def read_web_page(html: str, *, url: str, where: str, tree: Any = None) -> Post:
    """Return the post on a web page; ``url`` is where it was found, empty for a file.

    Pictures keep their ``url``; those of a local page without one their ``file``, relative to it.

    Raises:
        ContentError: no article on it, no headline, or hostile markup.
    """
    refuse_entities(html, where)
    facts = read_facts(page_tree(html, where) if tree is None else tree, url)
    if not facts.title:
        raise ContentError("no headline was found on this page", where=where)
    story = read_html(
        _article(html, where),
        base=facts.link or url,
        pictures=url,
        above=(facts.title, facts.author),
        where=where,
    )
    if len(re.findall(r"\w+", story.text)) < MIN_WORDS:
        raise ContentError("no article was found on this page", where=where)
    return Post(
        slug=slug_of(facts.title),
        title=facts.title,
        body=story.markdown,
        excerpt=own_excerpt(facts.excerpt, story.text),
        author=facts.author,
        published_at=facts.published_at,
        images=lead_first(facts.image, story.images),
        link=facts.link,
        tags=facts.tags,
        language=facts.language,
        call_to_action=story.call_to_action,
        related=story.related,
    )


def is_front_page(facts: PageFacts, url: str, root: str) -> bool:
    """Return whether a page is the front of a site, or of the blog in it, and not a story."""
    below = url.removeprefix(root).strip("/").casefold()
    return not facts.is_article and below in {"", "blog", "news", "stories", "index.html", "index.php"}


def _article(html: str, where: str) -> str:
    """Return the part of the page that holds the article, as HTML."""
    from readability import Document
    from readability.readability import Unparseable

    try:
        return str(Document(html).summary(html_partial=True))
    except (Unparseable, ValueError, RecursionError):
        raise ContentError("no article was found on this page", where=where) from None
