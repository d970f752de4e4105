"""Letters whose outcome nobody knows, and the proof that one of them was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from newsletter.model import DeliveryState
from newsletter.outbox import hold
from newsletter.storage.tables import delivery, edition

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from newsletter.model import Receipt


@dataclass(frozen=True)
class Doubt:
    """One letter that may have been sent."""

    id: int
    """Its delivery."""
    edition_id: str
    """Its edition."""
    recipient: str
    """Address."""
    domain: str
    """Domain of its Message-ID."""


def letters(connection: Connection, channel: str, edition_id: str | None = None) -> list[Doubt]:
    """Return the letters in doubt that a channel carried, oldest first."""
    query = (
        select(delivery.c.id, delivery.c.edition_id, delivery.c.recipient, edition.c.sender_domain)
        .join(edition, edition.c.id == delivery.c.edition_id)
        .where(delivery.c.state == DeliveryState.UNKNOWN.value)
        .where(delivery.c.channel == channel, delivery.c.kind == "mail")
        .order_by(delivery.c.id)
    )
    if edition_id is not None:
        query = query.where(delivery.c.edition_id == edition_id)
    return [Doubt(*row) for row in connection.execute(query)]


def prove(connection: Connection, doubt: Doubt, receipt: Receipt, now: datetime) -> None:
    """Note that a letter in doubt was sent, with the service's own number of it."""
    hold.lock_slices(connection, doubt.edition_id)
    mine = (delivery.c.id == doubt.id) & (delivery.c.state == DeliveryState.UNKNOWN.value)
    found = {
        "state": DeliveryState.SENT.value,
        "code": "",
        "reply": f"the service knows it: {receipt.reply}".rstrip(": "),
        "remote_id": receipt.remote_id,
        "at": now,
    }
    connection.execute(update(delivery).where(mine).values(found))
