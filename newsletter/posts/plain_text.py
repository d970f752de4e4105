"""A story as somebody copied it from a blog page: no markup, but a form that can be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from newsletter.errors import ContentError
from newsletter.model import Image, Post
from newsletter.posts.body import first_words
from newsletter.posts.captions import split_credit
from newsletter.posts.closing import Block, ends_like_a_sentence, is_read_more, is_related_mark, read_closing
from newsletter.posts.decoding import one_line
from newsletter.posts.escaping import escape_words, guard_start
from newsletter.posts.excerpts import own_excerpt, repeats
from newsletter.posts.heading_lines import HeadingLine, read_heading_line
from newsletter.posts.slugs import slug_of

if TYPE_CHECKING:
    from collections.abc import Sequence

Lines = tuple[str, ...]
"""The lines of one paragraph."""

# Text that somebody wrapped by hand stays below this; a longer line is a whole paragraph.
_WRAPPED: Final = 120
_MAX_TITLE: Final = 160
_TITLE_WORDS: Final = 12
_MAX_ALT_WORDS: Final = 12
_MAX_CAPTION_WORDS: Final = 45
_HEADING_BLOCKS: Final = 5
_MAX_STANDFIRST_WORDS: Final = 90
_BULLET = re.compile(r"\s*(?:[-*•‣▪–]|o(?=\s{2}))\s+(?=\S)")  # noqa: RUF001 - the dash of lists
_NUMBER = re.compile(r"\s*(\d{1,2})[.)]\s+(?=\S)")
_ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")


class _Heading(NamedTuple):
    line: HeadingLine
    standfirst: str
    ends: int


def read_plain_text(text: str, where: str) -> Post:
    """Return the post that a copied text holds: title, byline, date, story, pictures, ask, related.

    Raises:
        ContentError: there is a headline at most, and no story.
    """
    blocks = _blocks(text)
    first = one_line(blocks[0][0])
    if len(first) <= _MAX_TITLE and not read_heading_line(first):
        title, blocks = first, [(line,) for line in blocks[0][1:]] + blocks[1:]
    else:
        title = ""
    heading = _heading(blocks)
    story = blocks[heading.ends :]
    closing = read_closing([_closing_block(block) for block in story])
    body, images = _body(story[: closing.kept])
    if not body:
        raise ContentError("there is a headline but no story under it", where=where)
    title = title or first_words(body, words=_TITLE_WORDS).rstrip(".")
    return Post(
        slug=slug_of(title),
        title=title,
        body=body,
        excerpt=heading.standfirst,
        author=heading.line.author,
        published_at=heading.line.published_at,
        images=images,
        call_to_action=closing.ask,
        related=closing.related,
    )


def _blocks(text: str) -> list[Lines]:
    """Return the paragraphs: between blank lines, and single lines where lines are whole paragraphs."""
    blocks: list[Lines] = []
    for part in re.split(r"\n\s*\n", text.replace("\u2028", "\n").replace("\u2029", "\n\n")):
        lines = tuple(line.strip() for line in part.splitlines() if line.strip())
        alone = any(len(line) > _WRAPPED or is_read_more(line) or is_related_mark(line) for line in lines)
        blocks += [(line,) for line in lines] if alone else [lines] * bool(lines)
    return blocks


def _heading(blocks: Sequence[Lines]) -> _Heading:
    """Return byline, date and standfirst, and how many blocks they take."""
    author, day, ends, above = "", None, 0, 0
    others: list[str] = []
    for place, block in enumerate(blocks[:_HEADING_BLOCKS]):
        read = [read_heading_line(line) for line in block]
        found = [line for line in read if line]
        if len(found) < len(block) or (author and day):
            others.append(_joined(block))
            continue
        for line in found:
            author, day = author or line.author, day or line.published_at
        ends, above = place + 1, len(others)
    standfirst = " ".join(others[:above])
    if len(standfirst.split()) > _MAX_STANDFIRST_WORDS:
        # So much text above a byline is no standfirst; the line is part of the story.
        return _Heading(HeadingLine(), "", 0)
    if not ends and len(blocks) > 1 and repeats(_joined(blocks[0]), _start(blocks[1:])):
        return _Heading(HeadingLine(), "", 1)
    return _Heading(HeadingLine(author, day), own_excerpt(standfirst, _start(blocks[ends:])), ends)


def _start(story: Sequence[Lines]) -> str:
    """Return the first paragraphs as one text: a standfirst may span several."""
    return " ".join(_joined(block) for block in story[:4])


def _joined(block: Lines) -> str:
    return one_line(" ".join(block))


def _closing_block(block: Lines) -> Block:
    found = _ADDRESS.findall(_joined(block))
    return Block(_joined(block), found[0] if len(found) == 1 else "", is_prose=not _BULLET.match(block[0]))


def _body(blocks: Sequence[Lines]) -> tuple[str, tuple[Image, ...]]:
    """Return the story as Markdown, and the pictures that stood in it as words only."""
    written: list[str] = []
    images: list[Image] = []
    place = 0
    while place < len(blocks):
        image, taken = _picture(blocks[place : place + 2])
        if image:
            images.append(image)
        else:
            written.append(_markdown(blocks[place]))
        place += taken
    return "\n\n".join(part for part in written if part), tuple(images)


def _picture(blocks: Sequence[Lines]) -> tuple[Image | None, int]:
    """Return the picture that two blocks, or two lines of one, describe: its alt text, "caption | credit"."""
    lines = [line for block in blocks for line in block][:2]
    taken = 1 if len(blocks[0]) == 2 else 2
    if len(lines) == 2 and len(blocks[0]) <= 2 and _is_alt(lines[0]) and _is_caption(lines[1]):
        whole = taken == 1 or len(blocks[1]) == 1
        if whole:
            caption, credit = split_credit(lines[1])
            return Image(alt=one_line(lines[0]), caption=caption, credit=credit), taken
    if len(blocks[0]) == 1 and _is_caption(lines[0]):
        caption, credit = split_credit(lines[0])
        return Image(alt=caption, caption=caption, credit=credit), 1
    return None, 1


def _is_alt(line: str) -> bool:
    return len(line.split()) <= _MAX_ALT_WORDS and not ends_like_a_sentence(line) and " | " not in line


def _is_caption(line: str) -> bool:
    return line.count(" | ") == 1 and len(line.split()) <= _MAX_CAPTION_WORDS


def _markdown(block: Lines) -> str:
    """Return a paragraph or a list."""
    if all(_BULLET.match(line) for line in block):
        return "\n".join(f"- {_words(_BULLET.sub('', line, count=1))}" for line in block)
    numbers = [int(found[1]) for line in block if (found := _NUMBER.match(line))]
    if len(block) > 1 and numbers == list(range(1, len(block) + 1)):
        entries = (_words(_NUMBER.sub("", line, count=1)) for line in block)
        return "\n".join(f"{number}. {entry}" for number, entry in enumerate(entries, start=1))
    return _words(_joined(block))


def _words(line: str) -> str:
    """Return a line as Markdown, its web addresses as links."""
    written, start = "", 0
    for found in _ADDRESS.finditer(line):
        written += f"{escape_words(line[start : found.start()])}<{found[0]}>"
        start = found.end()
    return guard_start(written + escape_words(line[start:]))
