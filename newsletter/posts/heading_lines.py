"""The small lines between a headline and its story: who wrote it, and when."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from newsletter.posts.dates import parse_date

if TYPE_CHECKING:
    from datetime import date, datetime

_PARTS = re.compile(r"\s*[|•·]\s*")
_BYLINE = re.compile(r"(?:(?:posted|written|words|published)\s+)?by\b:?\s+(?P<name>.+)", re.IGNORECASE)
_DATE_BY = re.compile(r"(?P<date>.+?)[,\s]+by\s+(?P<name>.+)", re.IGNORECASE)
_NAME_DATE = re.compile(r"(?P<name>.+?)(?:\s+on\s+|\s*[,–—-]\s+)(?P<date>.*\d.*)", re.IGNORECASE)  # noqa: RUF001 - dashes that pages print
_MAX_CHARACTERS: Final = 200
_MAX_WORDS: Final = 14
_MAX_NAME_WORDS: Final = 8


class HeadingLine(NamedTuple):
    """What one line says."""

    author: str = ""
    """Name without "By"."""
    published_at: date | datetime | None = None
    """Day or moment."""


def read_heading_line(line: str) -> HeadingLine | None:
    """Return the author, the date or both that a line states, or None when it is something else.

    >>> read_heading_line("By Ana Ruiz | March 5, 2026 | 3 min read")
    HeadingLine(author='Ana Ruiz', published_at=datetime.date(2026, 3, 5))
    """
    if len(line) > _MAX_CHARACTERS or len(line.split()) > _MAX_WORDS:
        return None
    author, day = "", None
    for part in _PARTS.split(line.strip()):
        read = _read_part(part)
        author, day = author or read.author, day or read.published_at
    return HeadingLine(author, day) if author or day else None


def _read_part(part: str) -> HeadingLine:
    if day := parse_date(part):
        return HeadingLine("", day)
    if byline := _BYLINE.fullmatch(part):
        both = _NAME_DATE.fullmatch(byline["name"])
        if both and (day := parse_date(both["date"])) and (author := _name(both["name"])):
            return HeadingLine(author, day)
        return HeadingLine(_name(byline["name"]))
    both = _DATE_BY.fullmatch(part)
    if both and (day := parse_date(both["date"])) and (author := _name(both["name"])):
        return HeadingLine(author, day)
    return HeadingLine()


def _name(text: str) -> str:
    """Return the text when it can be a name: few words, a capital first, no sentence."""
    text = text.strip(" ,")
    words = text.split()
    if not words or len(words) > _MAX_NAME_WORDS or not (text[0].isupper() or words == ["staff"]):
        return ""
    if text.endswith(".") and len(words[-1]) > 4:
        return ""
    return "" if re.search("[?!;:]", text) else text
