"""Which channels answer: one that does not is left alone for longer and longer (a circuit breaker)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select, update

from newsletter.storage.tables import channel_health
from newsletter.storage.writing import insert_or_skip

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

OPENS_AFTER: Final = 3
"""Connections in a row that could not be opened, after which the channel is left alone."""
PAUSES_S: Final = (30, 60, 120, 300, 900)
"""How long, after that many and after each further one; the last one repeats."""
REFUSED_S: Final = 900
"""How long after a refused login or certificate; logins that fail again and again lock accounts."""


def note_failure(
    connection: Connection, channel: str, why: str, now: datetime, *, refused: bool = False
) -> None:
    """Remember that a channel could not be used; ``refused``: it will not do before a person mends it."""
    row = {"channel": channel, "failures": 0, "at": now}
    connection.execute(insert_or_skip(connection, channel_health).values(row))
    mine = channel_health.c.channel == channel
    failures = connection.execute(
        update(channel_health)
        .where(mine)
        .values(failures=channel_health.c.failures + 1, why=why, at=now)
        .returning(channel_health.c.failures)
    ).scalar_one()
    pause_s = REFUSED_S if refused else _pause_s(failures)
    if pause_s:
        until = now + timedelta(seconds=pause_s)
        connection.execute(update(channel_health).where(mine).values(closed_until=until))


def note_success(connection: Connection, channel: str) -> None:
    """Forget what was wrong with a channel."""
    connection.execute(delete(channel_health).where(channel_health.c.channel == channel))


def forget(connection: Connection) -> None:
    """Forget what was wrong with every channel, so that each is tried again at once."""
    connection.execute(delete(channel_health))


def closed(connection: Connection, now: datetime) -> Mapping[str, str]:
    """Return the channels that are left alone now: name → why and until when."""
    query = select(channel_health).where(channel_health.c.closed_until > now)
    return {
        row.channel: f"{row.why} (it is tried again at {row.closed_until:%H:%M:%S} UTC)"
        for row in connection.execute(query)
    }


def failing(connection: Connection) -> set[str]:
    """Return the channels whose last connection could not be opened."""
    return set(connection.execute(select(channel_health.c.channel)).scalars())


def _pause_s(failures: int) -> int:
    if failures < OPENS_AFTER:
        return 0
    return PAUSES_S[min(failures - OPENS_AFTER, len(PAUSES_S) - 1)]
