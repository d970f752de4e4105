"""The HTML of a story becomes clean Markdown, its pictures, its closing question and related posts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.posts.clean_html import clean_tree
from newsletter.posts.closing import block_of, is_related_mark, read_closing
from newsletter.posts.heading_lines import read_heading_line
from newsletter.posts.html_blocks import blocks_of, reference

if TYPE_CHECKING:
    from newsletter.model import CallToAction, Image, RelatedPost

_FEED_FOOTER = re.compile(r"The post .+ (?:appeared first|first appeared) on .+", re.IGNORECASE)
_REFERENCE = re.compile(r"\]\([^()\s]*\)")
_HEADING_PIECES = 3


@dataclass(frozen=True)
class HtmlBody:
    """A story taken out of HTML."""

    markdown: str
    """The story; its pictures stand in it by ``url``, or by ``file`` when the page is a local one."""
    images: tuple[Image, ...]
    """Its pictures, each once, in order."""
    call_to_action: CallToAction | None
    """The closing question, when there was one."""
    related: tuple[RelatedPost, ...]
    """What stood under "Related Posts"."""
    text: str
    """The words of the story without links, to judge whether there is a story."""


def read_html(
    html: str,
    *,
    base: str,
    pictures: str | None = None,
    above: tuple[str, ...] = (),
    where: str = "",
) -> HtmlBody:
    """Return the story that HTML holds; links and pictures are made absolute against ``base``.

    ``pictures`` is another base for pictures: empty for a page on disk with its pictures beside it.

    What ``above`` says already (title, author), a byline and a date above the story, and feed footers
    are left out.

    Raises:
        ContentError: the HTML is nested deeper than any article.
    """
    pieces, images = blocks_of(clean_tree(html, where), base, base if pictures is None else pictures)
    blocks = [block_of(piece) for piece in pieces]
    start = 0
    while start < min(_HEADING_PIECES, len(blocks)) and _stands_above(blocks[start].text, above):
        start += 1
    end = len(blocks)
    while end > start and _FEED_FOOTER.fullmatch(blocks[end - 1].text):
        end -= 1
    mark = next((place for place in range(start + 1, end) if is_related_mark(blocks[place].text)), end)
    # Other stories are often a list: every line of it is one.
    others = [block_of(line) for piece in pieces[mark:end] for line in piece.splitlines() if line.strip()]
    closing = read_closing([*blocks[start:mark], *others])
    story = pieces[start : start + closing.kept]
    markdown = "\n\n".join(story)
    references = set(_REFERENCE.findall(markdown))
    shown = tuple(image for image in images if reference(image) in references)
    text = " ".join(block.text for block in blocks[start : start + closing.kept] if not block.is_link)
    return HtmlBody(markdown, shown, closing.ask, closing.related, text)


def _stands_above(text: str, known: tuple[str, ...]) -> bool:
    said = text.casefold()
    return any(said == fact.casefold() for fact in known if fact) or read_heading_line(text) is not None
