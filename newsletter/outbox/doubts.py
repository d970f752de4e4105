"""Deliveries whose outcome nobody knows, and the proof that one of them was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

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
    """One letter or snippet that may have been sent."""

    id: int
    """Its delivery."""
    edition_id: str
    """Its edition."""
    recipient: str
    """Address, or name of the account."""
    domain: str
    """Domain of a letter's Message-ID."""
    path: str
    """Folder of the edition's files, relative to the workspace."""
    frozen_at: datetime
    """When the edition was frozen."""


def left(
    connection: Connection, kind: Literal["mail", "social"], channel: str, edition_id: str | None = None
) -> list[Doubt]:
    """Return the deliveries in doubt that a channel carried, oldest first."""
    of_edition = (edition.c.sender_domain, edition.c.path, edition.c.frozen_at)
    query = (
        select(delivery.c.id, delivery.c.edition_id, delivery.c.recipient, *of_edition)
        .join(edition, edition.c.id == delivery.c.edition_id)
        .where(delivery.c.state == DeliveryState.UNKNOWN.value)
        .where(delivery.c.channel == channel, delivery.c.kind == kind)
        .order_by(delivery.c.id)
    )
    if edition_id is not None:
        query = query.where(delivery.c.edition_id == edition_id)
    return [Doubt(*row) for row in connection.execute(query)]


def prove(connection: Connection, doubt: Doubt, receipt: Receipt, now: datetime) -> None:
    """Note that a delivery in doubt was sent, with the service's own number of it."""
    hold.lock_slices(connection, doubt.edition_id)
    mine = (delivery.c.id == doubt.id) & (delivery.c.state == DeliveryState.UNKNOWN.value)
    found = {
        "state": DeliveryState.SENT.value,
        "code": "",
        "reply": f"the service knows it: {receipt.reply}".rstrip(": "),
        "remote_id": receipt.remote_id,
        "url": receipt.url,
        "at": now,
    }
    connection.execute(update(delivery).where(mine).values(found))
