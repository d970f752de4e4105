"""The rows of the buckets: read, written and locked as one, the same for every program."""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from newsletter.outbox.bucket import Bucket, Limit, burst_of
from newsletter.storage import native
from newsletter.storage.tables import bucket as table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, TextualSelect

_NO_LIMIT: Final = Limit()
_KEPT_S: Final = 3600.0
_READ = """
SELECT key, at, tokens, day, day_used, days_before, month, month_used, pace, slowed_at, closed_until
FROM bucket WHERE key """
_WRITE = """
INSERT INTO bucket
  (key, at, tokens, day, day_used, days_before, month, month_used, pace, slowed_at, closed_until)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
  at = excluded.at, tokens = excluded.tokens, day = excluded.day, day_used = excluded.day_used,
  days_before = excluded.days_before, month = excluded.month, month_used = excluded.month_used,
  pace = excluded.pace, slowed_at = excluded.slowed_at, closed_until = excluded.closed_until"""
_values = attrgetter(*(column.name for column in table.c))
_FORGET = "DELETE FROM bucket WHERE day = 0 AND slowed_at < :then AND closed_until < :then"
_LOCK = "SELECT pg_advisory_xact_lock(7053116429)"


def lock(connection: Connection) -> None:
    """Keep everybody else away from all buckets until the transaction ends; SQLite has one writer anyhow.

    One lock for all: every window would lock its rows in another order, and two would wait for each other.
    """
    if not native.is_sqlite(connection):
        native.run(connection, _LOCK, {})


def read(
    connection: Connection, limits: Mapping[str, Limit], keys: Sequence[str], at: float
) -> dict[str, Bucket]:
    """Return the buckets of the keys that have a limit or a row, counted to a moment (seconds since 1970)."""
    among = native.among(connection, "keys")
    rows = connection.execute(_reading(among), {"keys": native.listed(connection, keys)}).all()
    found = {row[0]: Bucket(limits.get(row[0], _NO_LIMIT), *row) for row in rows}
    for key in keys:
        if key not in found and (limit := limits.get(key)):
            found[key] = Bucket(limit, key, at, tokens=burst_of(limit.per_second))
    for bucket in found.values():
        bucket.count_to(at)
    return found


def unlimited(key: str, at: float) -> Bucket:
    """Return the bucket of a key that has neither a limit nor a row."""
    return Bucket(_NO_LIMIT, key, at, tokens=0.0)


def write(connection: Connection, buckets: Sequence[Bucket]) -> None:
    """Keep the buckets as they are now."""
    # The driver's own form costs half of a statement with named places.
    sql = _WRITE if native.is_sqlite(connection) else _WRITE.replace("?", "%s")
    for bucket in buckets:
        connection.exec_driver_sql(sql, _values(bucket))


def forget_recovered(connection: Connection, at: float) -> None:
    """Remove the rows of keys without a limit that were slowed down long ago."""
    native.run(connection, _FORGET, {"then": at - _KEPT_S})


@lru_cache(maxsize=2)
def _reading(among: str) -> TextualSelect:
    # With its columns named the statement costs half: SQLAlchemy need not look at the answer first.
    return text(_READ + among).columns(*table.c)
