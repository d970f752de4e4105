"""Thousands of rows at once: COPY and arrays on PostgreSQL, executemany and lists on SQLite."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, any_, bindparam, insert, literal, text, update
from sqlalchemy.dialects.postgresql import ARRAY

from newsletter.storage.writing import stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Column, ColumnElement, Connection, Table

    Rows = Sequence[Mapping[str, Any]]


def is_one_of(connection: Connection, column: Column[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Return the condition that a column has one of many values, as each database takes it fastest."""
    if connection.dialect.name == "sqlite":
        return column.in_(list(values))
    # One parameter, however many values: a statement of its own for every number of them takes longer.
    return column == any_(literal(list(values), ARRAY(column.type)))


def add_rows(connection: Connection, table: Table, rows: Rows, moments: Mapping[str, datetime]) -> None:
    """Add rows that have the same columns; ``moments`` are columns in which all have the same time.

    On PostgreSQL, where others write at the same time, a row whose key somebody
    has taken meanwhile is left out; SQLite has one writer.
    """
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.execute(insert(table).values(_stamps(connection, moments)), rows)
        return
    names = list(rows[0])
    columns, values = [*names, *moments], [*names, *(f":{name}" for name in moments)]
    with _staged(connection, table, rows) as staging:
        connection.execute(
            text(
                f"INSERT INTO {table.name} ({', '.join(columns)}) "  # noqa: S608 - names of our own tables
                f"SELECT {', '.join(values)} FROM {staging} ON CONFLICT DO NOTHING"
            ),
            moments,
        )


def change_rows(
    connection: Connection, table: Table, rows: Rows, key: Sequence[str], moments: Mapping[str, datetime]
) -> None:
    """Give the rows with these keys these values; ``moments`` as for `add_rows`.

    Rows have the same columns, those of ``key`` among them.
    """
    if not rows:
        return
    changed = [name for name in rows[0] if name not in key]
    if connection.dialect.name == "sqlite":
        # A parameter that is called like a column stands for its new value only.
        mine = [table.c[name] == bindparam(f"of_{name}") for name in key]
        renamed = [{f"of_{name}" if name in key else name: row[name] for name in row} for row in rows]
        connection.execute(update(table).where(*mine).values(_stamps(connection, moments)), renamed)
        return
    with _staged(connection, table, rows) as staging:
        values = [f"{name} = {staging}.{name}" for name in changed] + [
            f"{name} = :{name}" for name in moments
        ]
        mine_there = " AND ".join(f"{table.name}.{name} = {staging}.{name}" for name in key)
        connection.execute(
            text(f"UPDATE {table.name} SET {', '.join(values)} FROM {staging} WHERE {mine_there}"),  # noqa: S608 - the same
            moments,
        )


@contextmanager
def _staged(connection: Connection, table: Table, rows: Rows) -> Iterator[str]:
    """Copy rows into a temporary table and yield its name; it is empty again afterwards."""
    names = list(rows[0])
    staging, columns = f"incoming_{table.name}", ", ".join(names)
    connection.execute(
        text(
            f"CREATE TEMPORARY TABLE {staging} ON COMMIT DROP "  # noqa: S608 - the same
            f"AS SELECT {columns} FROM {table.name} WITH NO DATA"
        )
    )
    writers = [(name, _writer(table.c[name])) for name in names]
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {staging} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([write(row[name]) for name, write in writers])
    yield staging
    connection.execute(text(f"DROP TABLE {staging}"))


def _stamps(connection: Connection, moments: Mapping[str, datetime]) -> dict[str, Any]:
    return {name: stamp(connection, moment) for name, moment in moments.items()}


def _writer(column: Column[Any]) -> Callable[[Any], Any]:
    return json.dumps if isinstance(column.type, JSON) else _as_it_is


def _as_it_is(value: Any) -> Any:
    return value
