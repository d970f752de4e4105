"""A Markdown file with front matter, or without: the form in which posts are stored, from elsewhere."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter.errors import ContentError
from newsletter.posts import front_matter
from newsletter.posts.body import with_pictures
from newsletter.posts.closing import block_of
from newsletter.posts.fields import read_fields
from newsletter.posts.slugs import slug_of

if TYPE_CHECKING:
    from newsletter.model import Post

_HEADING = re.compile(r"\A#\s+(?P<title>[^\n]+)\n*")


def read_markdown(text: str, *, where: str) -> Post:
    """Return the post of a Markdown file; without a ``title`` its first heading is the title.

    Pictures that lie beside the file are named by ``file``, those on the web by ``url``.

    Raises:
        ContentError: with one `Problem`, naming file and line, for every mistake.
    """
    front = front_matter.split(text, where)
    heading = _HEADING.match(front.body.strip())
    if heading and not front.values.get("title"):
        title = block_of(f"# {heading['title']}").text
        body = front.body.strip()[heading.end() :]
        front = replace(front, values={**front.values, "title": title}, body=body)
    post, problems = read_fields(front, "")
    if problems:
        raise ContentError("", where=where, problems=problems)
    if not post.body:
        raise ContentError("there is no text under the front matter", where=where)
    return with_pictures(replace(post, slug=slug_of(post.title)))
