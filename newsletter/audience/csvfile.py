"""Read the CSV files that people really have: any delimiter, the usual encodings, quoted line ends."""

from __future__ import annotations

import codecs
import csv
import io
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import TextIO

DELIMITERS = ",;\t|"
"""Tried in this order."""
MAX_FIELD = 10_000_000
"""Characters of one field; more means that a quotation mark is never closed."""
_SAMPLE = 65_536

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True)
class Record:
    """One row of the file."""

    line: int
    """Line of the file it starts on, from 1."""
    cells: list[str]
    """Its fields; empty when it cannot be read."""
    why: str = ""
    """Why it cannot be read."""


@contextmanager
def records(path: Path, recognised: Callable[[list[str]], int]) -> Iterator[Iterator[Record]]:
    """Open a CSV file and yield its records, the header first; blank lines are passed over.

    Args:
        path: the file.
        recognised: how many of these column names mean something; decides the delimiter.

    Raises:
        ContentError: missing, empty, not text, or in an encoding that cannot be told.
    """
    encoding = _encoding_of(path)
    limit = csv.field_size_limit(MAX_FIELD)
    try:
        with path.open(encoding=encoding, newline="") as file:
            first = file.readline()
            # Excel's own way to name the delimiter, on a line before the header.
            named = re.fullmatch(r"sep=(.)\s*", first)
            sample = file.read(_SAMPLE) if named else first + file.read(_SAMPLE)
            delimiter = named[1] if named else _delimiter_of(sample, recognised)
            file.seek(0)
            if named:
                file.readline()
            yield _read(file, delimiter, before=1 if named else 0)
    finally:
        csv.field_size_limit(limit)


def guard(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula: an apostrophe before ``= + - @``, tab and CR.

    See OWASP, "CSV Injection". `unguard` gives back exactly what was there.
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguard(cell: str) -> str:
    """Return what stood in a cell before `guard`."""
    return cell[1:] if cell[:1] == "'" and _GUARDED.match(cell) else cell


def _encoding_of(path: Path) -> str:
    """Return the encoding: by the byte order mark, else UTF-8 when all of it is, else Windows-1252."""
    try:
        with path.open("rb") as file:
            start = file.read(_SAMPLE)
    except FileNotFoundError:
        raise ContentError("there is no such file", where=str(path)) from None
    except OSError as error:
        raise ContentError(f"the file cannot be read: {error.strerror}", where=str(path)) from None
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if not start.removeprefix(codecs.BOM_UTF8).strip():
        raise ContentError("the file is empty", where=str(path))
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise ContentError("this is a workbook, not text; save it as CSV UTF-8", where=str(path))
    if b"\0" in start and not wide:
        raise ContentError("this is not a text file; save it as CSV UTF-8", where=str(path))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "cp1252"):
        if _reads_as(path, encoding):
            return encoding
    raise ContentError("the text is damaged; save it as CSV UTF-8", where=str(path))


def _reads_as(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding, newline="") as file:
            while file.read(_SAMPLE):
                pass
    except UnicodeError:
        return False
    return True


def _delimiter_of(sample: str, recognised: Callable[[list[str]], int]) -> str:
    """Return the delimiter under which the header means most."""
    headers = {mark: _header(sample, mark) for mark in DELIMITERS}
    return max(DELIMITERS, key=lambda mark: (recognised(headers[mark]), len(headers[mark])))


def _header(sample: str, delimiter: str) -> list[str]:
    try:
        return next(
            (cells for cells in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if cells), []
        )
    except csv.Error:
        return []


def _read(lines: TextIO, delimiter: str, *, before: int) -> Iterator[Record]:
    reader = csv.reader((line.replace("\0", "") for line in lines), delimiter=delimiter, strict=True)
    while True:
        line = before + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            why, is_fatal = _explain(str(error))
            yield Record(line, [], why)
            if is_fatal:
                return
            continue
        if any(cell.strip() for cell in cells):
            yield Record(line, cells)


def _explain(words: str) -> tuple[str, bool]:
    """Return a reason in plain words, and whether reading cannot go on behind it."""
    if "unexpected end" in words or "field limit" in words:
        return "the quotation mark that opens in this row is never closed; nothing after it was read", True
    return f"the quotation marks of this row do not match ({words})", False
