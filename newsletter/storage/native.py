"""Values and fragments for statements written as text, for the few that run once per window.

SQLAlchemy's way to the driver costs more than the database does when it is gone
for every window; text with ready values does not. The statements are the same
on SQLite and PostgreSQL but for what stands here.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

_AMONG_SQLITE = "IN (SELECT value FROM json_each(:{}))"
_AMONG_POSTGRESQL = "= ANY(:{})"


def is_sqlite(connection: Connection) -> bool:
    """Tell which of the two databases it is."""
    return connection.dialect.name == "sqlite"


def moment(connection: Connection, at: datetime | None) -> Any:
    """Return an aware moment as the driver takes it, equal to what `tables.Moment` stores."""
    if at is None or not is_sqlite(connection):
        return at
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def read_moment(value: Any) -> datetime | None:
    """Return the aware moment that a text statement has read."""
    if value is None:
        return None
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    found: datetime = value.astimezone(UTC)
    return found


def among(connection: Connection, name: str) -> str:
    """Return the right side of a comparison with a list that is bound as ``name`` (see `listed`)."""
    return (_AMONG_SQLITE if is_sqlite(connection) else _AMONG_POSTGRESQL).format(name)


def listed(connection: Connection, values: Sequence[Any]) -> Any:
    """Return a list as `among` takes it."""
    return json.dumps(list(values)) if is_sqlite(connection) else list(values)


def locking(connection: Connection, how: str) -> str:
    """Return ``how`` (FOR UPDATE …) where rows are locked one by one; SQLite has one writer."""
    return "" if is_sqlite(connection) else f" {how}"


def run(connection: Connection, sql: str, values: Any) -> list[tuple[Any, ...]]:
    """Run a statement with ``:name`` places in the connection's transaction and return the rows it gives.

    A list of values runs it once for each and returns nothing. It goes straight
    to the driver: moments and lists must be what `moment` and `listed` return.
    """
    cursor = connection.connection.cursor()
    try:
        ready = sql if is_sqlite(connection) else _for_psycopg(sql)
        if isinstance(values, list):
            cursor.executemany(ready, values)
            return []
        cursor.execute(ready, values)
        return list(cursor.fetchall()) if cursor.description else []
    finally:
        cursor.close()


@lru_cache(maxsize=256)
def _for_psycopg(sql: str) -> str:
    return re.sub(r":(\w+)", r"%(\1)s", sql)
