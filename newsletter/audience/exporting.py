"""Write subscribers to CSV, so that a spreadsheet can open it safely and an import can read it back."""

from __future__ import annotations

import csv
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from newsletter.audience import csvfile, lists
from newsletter.errors import NewsletterError
from newsletter.storage.tables import consent_event, mailing_list, membership, subscriber

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

    from sqlalchemy import Connection, Row

COLUMNS: Final = (
    *("email", "first_name", "last_name", "language", "timezone", "lists"),
    *("lawful_basis", "consent_source", "consent_date"),
)
"""Columns of every export; further merge values follow by name."""

_SLICE: Final = 2000


def export(connection: Connection, output: TextIO, name: str | None = None, *, raw: bool = False) -> int:
    """Write everybody who is subscribed to the list, to any when None; return how many.

    People who have left are not written, so that an export never brings them back.
    Cells that a spreadsheet would run get an apostrophe, unless ``raw``.

    Raises:
        NewsletterError: there is no such list.
    """
    if name is not None and not lists.exists(connection, name):
        raise NewsletterError(f"there is no list called {name!r}")
    keep = str if raw else csvfile.guard
    further = sorted(
        {key for people in _slices(connection, name) for row in people for key in row.attributes}
    )
    writer = csv.writer(output)
    writer.writerow([*COLUMNS, *map(keep, further)])
    written = 0
    for people in _slices(connection, name):
        for row in _rows(connection, people, further):
            writer.writerow([keep(cell) for cell in row])
        written += len(people)
    return written


def _slices(connection: Connection, name: str | None) -> Iterator[Sequence[Row[Any]]]:
    """Yield everybody, by id, so many at a time that a million do not fill the memory."""
    chosen = select(membership.c.subscriber_id).where(membership.c.state == "subscribed")
    if name is not None:
        chosen = chosen.join(mailing_list, mailing_list.c.id == membership.c.list_id).where(
            mailing_list.c.name == name
        )
    query = select(subscriber).where(subscriber.c.id.in_(chosen)).order_by(subscriber.c.id).limit(_SLICE)
    people = connection.execute(query).all()
    while people:
        yield people
        people = connection.execute(query.where(subscriber.c.id > people[-1].id)).all()


def _rows(connection: Connection, people: Sequence[Row[Any]], further: list[str]) -> Iterator[list[str]]:
    ids = [row.id for row in people]
    on = _lists(connection, ids)
    evidence = _evidence(connection, ids)
    for row in people:
        own = [row.email, row.first_name, row.last_name, row.language, row.timezone, "; ".join(on[row.id])]
        more = [str(row.attributes.get(key, "")) for key in further]
        yield [*own, *evidence.get(row.id, ("", "", "")), *more]


def _lists(connection: Connection, ids: list[int]) -> dict[int, list[str]]:
    query = (
        select(membership.c.subscriber_id, mailing_list.c.name)
        .join(mailing_list, mailing_list.c.id == membership.c.list_id)
        .where(membership.c.subscriber_id.in_(ids), membership.c.state == "subscribed")
        .order_by(mailing_list.c.name)
    )
    found: defaultdict[int, list[str]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.subscriber_id].append(row.name)
    return found


def _evidence(connection: Connection, ids: list[int]) -> dict[int, tuple[str, str, str]]:
    """Return the latest consent of each: basis, source, date."""
    event = consent_event.c
    query = (
        select(event.subscriber_id, event.lawful_basis, event.source, event.given_on)
        .where(event.subscriber_id.in_(ids), event.kind == "given")
        .order_by(event.id)
    )
    return {row[0]: (row[1], row[2], row[3]) for row in connection.execute(query)}
