"""Import subscribers from a CSV file: the good rows are kept, the bad ones listed with their lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from newsletter.audience import columns, csvfile
from newsletter.audience.enrolment import Enrolment
from newsletter.audience.person import Defaults, from_cells
from newsletter.audience.signing import signing_key
from newsletter.errors import ContentError
from newsletter.storage.writing import one_at_a_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection

    from newsletter.audience.csvfile import Record
    from newsletter.audience.person import Person

MAX_ERRORS_KEPT: Final = 1000
"""Bad rows listed by line; a file of nothing but bad rows must not fill the memory."""
_REPORT_EVERY: Final = 2000


@dataclass(frozen=True)
class RowError:
    """One row that was left out."""

    line: int
    """Line of the file it starts on, from 1."""
    reason: str
    """Why, in plain words."""


@dataclass(frozen=True)
class ImportOptions:
    """What the command says about the whole file."""

    defaults: Defaults
    """Lists, basis, source and date of rows that do not say their own."""
    resubscribe: bool = False
    """Whether consent later than an unsubscription undoes it."""
    mapped: Mapping[str, str] = field(default_factory=dict)
    """Column name → field, where the usual names do not say it."""


@dataclass(frozen=True)
class ImportResult:
    """What became of a file; ``rows = added + updated + skipped + bad``."""

    rows: int
    """Rows with anything in them, without the header."""
    added: int
    """People who were new."""
    updated: int
    """People who were known."""
    skipped: int
    """People left as they are because they have left or must not be written to."""
    skipped_because: Mapping[str, int]
    """The same by reason."""
    bad: int
    """Rows that could not be used."""
    errors: tuple[RowError, ...]
    """The first of them, at most `MAX_ERRORS_KEPT`."""


def import_csv(
    connection: Connection,
    path: Path,
    options: ImportOptions,
    now: datetime,
    progress: Callable[[int], None] = lambda _rows: None,
) -> ImportResult:
    """Put the people of a CSV file on lists, inside the transaction of ``connection``.

    Args:
        connection: one that writes; roll it back for a rehearsal.
        path: the file.
        options: what holds for every row.
        now: when it is recorded.
        progress: told the rows read so far, now and then.

    Raises:
        ContentError: the file is missing, empty, no text, or has no column of addresses; nothing is written.
    """
    mapped = options.mapped
    with csvfile.records(path, partial(columns.recognised, mapped=mapped)) as records:
        header = next(records, csvfile.Record(1, [], "the file has no rows"))
        if header.why:
            raise ContentError(header.why, where=f"{path}:{header.line}")
        # Two imports of the same people, in another order, would wait for each other for ever.
        one_at_a_time(connection, "import")
        found = columns.understand(header.cells, mapped, where=f"{path}:{header.line}")
        enrolment = Enrolment(connection, signing_key(connection, now), now, options.resubscribe)
        return _enrol(records, found, options.defaults, enrolment, progress)


def _enrol(
    records: Iterator[Record],
    found: columns.Columns,
    defaults: Defaults,
    enrolment: Enrolment,
    progress: Callable[[int], None],
) -> ImportResult:
    rows = bad = 0
    errors: list[RowError] = []
    for record in records:
        rows += 1
        if rows % _REPORT_EVERY == 0:
            progress(rows)
        try:
            person = _person(record, found, defaults)
        except ContentError as error:
            bad += 1
            if len(errors) < MAX_ERRORS_KEPT:
                errors.append(RowError(record.line, error.why))
        else:
            enrolment.add(person)
    enrolment.finish()
    skipped = dict(enrolment.skipped)
    return ImportResult(
        rows, enrolment.added, enrolment.updated, sum(skipped.values()), skipped, bad, tuple(errors)
    )


def _person(record: Record, found: columns.Columns, defaults: Defaults) -> Person:
    if record.why:
        raise ContentError(record.why)
    return from_cells(record.cells, found, defaults)
