"""Thousands of rows at once: COPY and arrays on PostgreSQL, executemany and lists on SQLite."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, any_, insert, literal, text
from sqlalchemy.dialects.postgresql import ARRAY

from newsletter.storage.writing import stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Column, ColumnElement, Connection, Table


def is_one_of(connection: Connection, column: Column[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Return the condition that a column has one of many values, as each database takes it fastest."""
    if connection.dialect.name == "sqlite":
        return column.in_(list(values))
    # One parameter, however many values: a statement of its own for every number of them takes longer.
    return column == any_(literal(list(values), ARRAY(column.type)))


def add_rows(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    at: datetime,
    stamped: Sequence[str],
) -> None:
    """Add rows that have the same columns, with the moment ``at`` in the columns ``stamped``.

    On PostgreSQL, where others write at the same time, a row whose key somebody
    has taken meanwhile is left out; SQLite has one writer.
    """
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        moment = stamp(connection, at)
        connection.execute(insert(table).values(dict.fromkeys(stamped, moment)), rows)
        return
    names = list(rows[0])
    staging = _stage(connection, table, names, rows)
    columns, moments = ", ".join([*names, *stamped]), ", ".join([*names, *[":at"] * len(stamped)])
    taken = f"INSERT INTO {table.name} ({columns}) SELECT {moments} FROM {staging} ON CONFLICT DO NOTHING"  # noqa: S608 - names of our own tables and columns
    connection.execute(text(taken), {"at": at})
    connection.execute(text(f"TRUNCATE {staging}"))


def _stage(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> str:
    """Copy rows into a temporary table of this transaction and return its name."""
    staging, columns = f"incoming_{table.name}", ", ".join(names)
    connection.execute(
        text(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {staging} ON COMMIT DROP "
            f"AS SELECT {columns} FROM {table.name} WITH NO DATA"  # noqa: S608 - names of our own
        )
    )
    writers = [(name, _writer(table.c[name])) for name in names]
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {staging} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([write(row[name]) for name, write in writers])
    return staging


def _writer(column: Column[Any]) -> Callable[[Any], Any]:
    return json.dumps if isinstance(column.type, JSON) else _as_it_is


def _as_it_is(value: Any) -> Any:
    return value
