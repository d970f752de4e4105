"""Lines of plain text: how wide words are, and where a line may end."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH: Final = 72
"""Columns of a line: fits every mail program, even quoted once or twice."""

# East Asian marks that may not begin a line.
_CLINGING: Final = frozenset("、。，．：；？！）」』】〕〉》ー々")  # noqa: RUF001 - the marks themselves


def columns(text: str) -> int:
    """Return how many columns a mail program gives the text: East Asian letters and emoji take two.

    >>> columns("ábc"), columns("河の声"), columns("👩‍🌾")
    (3, 6, 2)
    """
    return sum(_grapheme_columns(grapheme) for grapheme in regex.findall(r"\X", text))


def wrap(text: str, width: int = WIDTH, indent: str = "") -> str:
    """Return the text in lines of at most ``width`` columns; addresses and merge tags stay whole.

    Line ends of the text are kept; ``indent`` goes before every line but the first.
    """
    lines = [part for line in text.split("\n") for part in _filled(line, width - columns(indent))]
    return f"\n{indent}".join(lines)


def underline(text: str, sign: str = "-", width: int = WIDTH) -> str:
    """Return a heading with a line of ``sign`` under it.

    >>> print(underline("The ford", "="))
    The ford
    ========
    """
    wrapped = wrap(text, width)
    return f"{wrapped}\n{sign * max(map(columns, wrapped.splitlines()), default=0)}"


def padded(text: str, width: int) -> str:
    """Return the text with blanks up to ``width`` columns."""
    return text + " " * (width - columns(text))


def _grapheme_columns(grapheme: str) -> int:
    if unicodedata.category(grapheme[0]) in {"Mn", "Me", "Cf", "Cc"}:
        return 0
    return 2 if "\ufe0f" in grapheme or any(map(_is_wide, grapheme)) else 1


def _is_wide(sign: str) -> bool:
    return unicodedata.east_asian_width(sign) in "WF"


def _filled(line: str, width: int) -> list[str]:
    lines, filled = [""], 0
    for gap, chunk in _chunks(line):
        needed = columns(gap + chunk)
        if filled and filled + needed > width:
            lines.append(chunk)
            filled = columns(chunk)
        else:
            lines[-1] += gap + chunk if filled else chunk
            filled += needed if filled else columns(chunk)
    return lines


def _chunks(line: str) -> Iterator[tuple[str, str]]:
    """Yield the unbreakable pieces of a line, each with the blank before it; wide letters break anywhere."""
    for word in re.findall(r"[^ \t\r]+", line):
        gap, chunk = " ", ""
        for grapheme in regex.findall(r"\X", word):
            # A break may stand on either side of a wide letter.
            breaks = _is_wide(grapheme[0]) or (chunk and _is_wide(chunk[-1]))
            if chunk and breaks and grapheme not in _CLINGING:
                yield gap, chunk
                gap, chunk = "", ""
            chunk += grapheme
        yield gap, chunk
