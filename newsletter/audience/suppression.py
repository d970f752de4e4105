"""Addresses that must not be written to, whatever list they are on.

They are kept under a keyed hash, so that the row outlives an erasure without
naming anybody.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import delete, select, update

from newsletter.audience import addresses
from newsletter.audience.mac import keyed
from newsletter.storage import native
from newsletter.storage.tables import suppression
from newsletter.storage.writing import insert_or_skip

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

_KNOWN = "SELECT key_hash, reason FROM suppression WHERE key_hash {among}"
_STILL = """
SELECT m.subscriber_id FROM membership m
WHERE m.subscriber_id {people} AND m.state = 'subscribed'
  AND m.list_id IN (SELECT id FROM list WHERE name {lists})"""
Reason = Literal["unsubscribed", "bounced", "complained", "manual", "erased"]
"""Why an address is on the list."""


@dataclass(frozen=True)
class Suppressed:
    """One address on the suppression list."""

    reason: Reason
    """Why."""
    source: str
    """Where it came from: a link, a person, a bounce."""
    at: datetime
    """Since when."""


def key_of(signing_key: bytes, address: str) -> str:
    """Return what an address is kept under: HMAC-SHA256 of its normalised form, hex."""
    return hash_of(signing_key, addresses.key_of(address))


def hash_of(signing_key: bytes, email_key: str) -> str:
    """Return the same as `key_of`, for a key that is normalised already."""
    return hmac.digest(signing_key, email_key.encode(), "sha256").hex()


def suppress(  # noqa: PLR0913, PLR0917 - the columns of the row
    connection: Connection, key: bytes, address: str, reason: Reason, source: str, now: datetime
) -> bool:
    """Put an address on the suppression list; return False when it was on it already.

    The first reason stands. Only an erasure replaces it, and forgets the address.
    """
    hashed = key_of(key, address)
    row = {
        "key_hash": hashed,
        "email": None if reason == "erased" else addresses.key_of(address),
        "reason": reason,
        "source": source,
        "at": now,
    }
    statement = insert_or_skip(connection, suppression).values(row).returning(suppression.c.key_hash)
    is_new = connection.execute(statement).first() is not None
    if reason == "erased" and not is_new:
        connection.execute(update(suppression).where(suppression.c.key_hash == hashed).values(row))
    return is_new


def release(connection: Connection, key: bytes, address: str) -> bool:
    """Take an address off the list; return False when it was not on it."""
    mine = suppression.c.key_hash == key_of(key, address)
    return connection.execute(delete(suppression).where(mine)).rowcount > 0


def lookup(connection: Connection, key: bytes, address: str) -> Suppressed | None:
    """Return why an address is suppressed, or None."""
    mine = suppression.c.key_hash == key_of(key, address)
    row = connection.execute(select(suppression).where(mine)).first()
    return Suppressed(row.reason, row.source, row.at) if row else None


def blocked(
    connection: Connection,
    signing_key: bytes,
    lists: Collection[str],
    people: Sequence[tuple[int | None, str]],
) -> dict[str, str]:
    """Return who of a window must not be written to now: address → reason.

    Args:
        connection: any; nothing is changed.
        signing_key: the installation's.
        lists: the lists of the edition; who has left all of them since it was frozen is blocked.
        people: subscriber's id and address of each delivery. Without an id the person was erased.
    """
    # Addresses of the ledger are normalised already; in lower case they are keys.
    mac = keyed(signing_key)
    hashes = {mac(address.lower().encode()).hex(): address for _, address in people}
    known = {"keys": native.listed(connection, list(hashes))}
    rows = native.run(connection, _KNOWN.format(among=native.among(connection, "keys")), known)
    found: dict[str, str] = {hashes[row[0]]: row[1] for row in rows}
    members = {
        "people": native.listed(connection, [number for number, _ in people if number is not None]),
        "lists": native.listed(connection, list(lists)),
    }
    query = _STILL.format(people=native.among(connection, "people"), lists=native.among(connection, "lists"))
    still = {row[0] for row in native.run(connection, query, members)}
    for number, address in people:
        if number is None:
            found.setdefault(address, "erased")
        elif number not in still:
            found.setdefault(address, "unsubscribed")
    return found
