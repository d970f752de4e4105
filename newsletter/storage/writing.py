"""Write many rows, and rows that may stand already, on either database."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from sqlalchemy import literal, literal_column, text

from newsletter.storage.tables import Moment

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Insert, Table


def insert_or_skip(connection: Connection, table: Table) -> Insert:
    """Return an INSERT that leaves rows alone whose key is taken; safe against other writers.

    To learn whether a row was written, add ``returning``: drivers do not count such rows alike.
    """
    # The statement is the same, but SQLAlchemy has a class per database for it.
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table).on_conflict_do_nothing()


def one_at_a_time(connection: Connection, what: str) -> None:
    """Wait until no other transaction does ``what``, and keep others waiting till the end of this one.

    SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        number = zlib.crc32(f"newsletter {what}".encode())
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def stamp(connection: Connection, moment: datetime) -> ColumnElement[datetime]:
    """Return a moment as a constant of the statement.

    As a parameter it would be turned into text again for every row: a quarter of the time of an import.
    """
    words = literal(moment, Moment()).compile(
        dialect=connection.dialect, compile_kwargs={"literal_binds": True}
    )
    return literal_column(str(words), Moment())
