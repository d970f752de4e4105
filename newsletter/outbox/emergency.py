"""Stop everything at once, and keep a copied ledger from sending what the original sends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from newsletter.audience import signing
from newsletter.outbox import health
from newsletter.storage.place import fingerprint
from newsletter.storage.tables import install

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

COPIED = (
    "this database was copied, moved or restored from a backup, and the original may be sending: "
    "if this is the one that is to send, release it with: newsletter resume --all"
)


@dataclass(frozen=True)
class Held:
    """Why and since when nothing leaves."""

    why: str
    """One sentence."""
    at: datetime
    """When it began."""


def held(connection: Connection) -> Held | None:
    """Return why nothing may leave, or None."""
    row = connection.execute(select(install.c.held_why, install.c.held_at)).first()
    return Held(row.held_why, row.held_at) if row and row.held_at else None


def hold_all(connection: Connection, why: str, now: datetime) -> Held:
    """Stop mail and social posts at once, for every program on this ledger, until it is released.

    Windows on the wire still get their answers. The first reason stands.
    """
    signing.signing_key(connection, now)
    free = install.c.held_at.is_(None)
    connection.execute(update(install).where(free).values(held_at=now, held_why=why))
    found = held(connection)
    assert found is not None
    return found


def release_all(connection: Connection, now: datetime) -> bool:
    """Let everything go on, from this place from now on; False when nothing was held."""
    signing.signing_key(connection, now)
    was_held = held(connection) is not None
    connection.execute(update(install).values(held_at=None, held_why="", place=fingerprint(connection)))
    health.forget(connection)
    return was_held


def guard(connection: Connection, now: datetime) -> Held | None:
    """Hold everything if the ledger is not where it sent from last; return why nothing may leave, or None.

    The first program to send makes its place the place of the ledger.
    """
    known = connection.execute(select(install.c.place)).scalar()
    here = fingerprint(connection)
    if not known:
        connection.execute(update(install).values(place=here))
    elif known != here:
        return hold_all(connection, COPIED, now)
    return held(connection)
