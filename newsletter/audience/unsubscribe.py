"""What the links in sent mail do; each names a delivery, and through it a person and an edition's lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from newsletter.audience import consent, suppression
from newsletter.audience.consent import Evidence
from newsletter.audience.signing import signing_key
from newsletter.storage.tables import delivery, edition, subscriber

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True)
class Reader:
    """The person a link was made for."""

    subscriber_id: int | None
    """None after an erasure."""
    lists: tuple[str, ...]
    """Lists the edition went to."""
    path: str
    """Folder of the frozen edition, relative to the workspace."""


def reader(connection: Connection, delivery_id: int) -> Reader | None:
    """Return who a delivery went to; None when there is no such delivery."""
    query = (
        select(delivery.c.subscriber_id, edition.c.lists, edition.c.path)
        .join(edition, edition.c.id == delivery.c.edition_id)
        .where(delivery.c.id == delivery_id, delivery.c.kind == "mail")
    )
    row = connection.execute(query).first()
    return Reader(row.subscriber_id, tuple(row.lists), row.path) if row else None


def leave(connection: Connection, delivery_id: int, source: str, now: datetime) -> list[str]:
    """Unsubscribe the reader from the lists of the edition; return the ones that changed.

    Idempotent. ``source`` is kept as evidence: ``link`` or ``one-click``.
    """
    found = reader(connection, delivery_id)
    if found is None or found.subscriber_id is None:
        return []
    return consent.withdraw(connection, found.subscriber_id, found.lists, source, now)


def leave_everything(connection: Connection, delivery_id: int, source: str, now: datetime) -> None:
    """Unsubscribe the reader from every list, and suppress the address; idempotent."""
    found = reader(connection, delivery_id)
    if found is None or found.subscriber_id is None:
        return
    consent.withdraw(connection, found.subscriber_id, None, source, now)
    email = _email(connection, found.subscriber_id)
    suppression.suppress(connection, signing_key(connection, now), email, "unsubscribed", source, now)


def choices(connection: Connection, delivery_id: int) -> dict[str, bool]:
    """Return the lists the reader is or was on: name → whether subscribed now."""
    found = reader(connection, delivery_id)
    if found is None or found.subscriber_id is None:
        return {}
    return consent.lists_of(connection, found.subscriber_id)


def choose(connection: Connection, delivery_id: int, wanted: Collection[str], now: datetime) -> None:
    """Make the reader's subscriptions exactly ``wanted``, among the lists of `choices`.

    Asking for a list takes back an unsubscription from everything; no other suppression.
    """
    found = reader(connection, delivery_id)
    if found is None or found.subscriber_id is None:
        return
    standing = consent.lists_of(connection, found.subscriber_id)
    source = "preferences"
    consent.withdraw(connection, found.subscriber_id, standing.keys() - set(wanted), source, now)
    asked = Evidence("consent", source, now.date().isoformat())
    if consent.join(connection, found.subscriber_id, wanted, asked, now):
        key, email = signing_key(connection, now), _email(connection, found.subscriber_id)
        stopped = suppression.lookup(connection, key, email)
        if stopped and stopped.reason == "unsubscribed":
            suppression.release(connection, key, email)


def _email(connection: Connection, subscriber_id: int) -> str:
    query = select(subscriber.c.email).where(subscriber.c.id == subscriber_id)
    return str(connection.execute(query).scalar_one())
