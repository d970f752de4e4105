"""The posts that a network has confirmed: what stands there, where, since when, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from newsletter.model import Receipt
from newsletter.storage.tables import delivery, part
from newsletter.storage.writing import insert_or_skip

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True)
class Part:
    """One post that a network has confirmed."""

    delivery_id: int
    """Its delivery."""
    account: str
    """Name of the account in config.toml."""
    channel: str
    """Name of the account that carried it; the same, unless config.toml was changed."""
    number: int
    """Place in the thread, from 0."""
    receipt: Receipt
    """Identity and address on the network."""
    content_hash: str
    """SHA-256 of what was published, hex."""
    price_musd: int
    """What it cost, in thousandths of a US dollar."""
    at: datetime
    """When the network confirmed it."""
    retracted_at: datetime | None
    """When it was deleted there; None: it stands."""


def note(  # noqa: PLR0913 - a row
    connection: Connection,
    delivery_id: int,
    number: int,
    receipt: Receipt,
    *,
    content_hash: str,
    price_musd: int,
    now: datetime,
) -> None:
    """Write down that a post stands; what was written down before stays."""
    row = {
        "delivery_id": delivery_id,
        "number": number,
        "remote_id": receipt.remote_id,
        "url": receipt.url,
        "content_hash": content_hash,
        "price_musd": price_musd,
        "at": now,
    }
    connection.execute(insert_or_skip(connection, part), row)


def of_delivery(connection: Connection, delivery_id: int) -> tuple[Receipt, ...]:
    """Return the receipts of the first posts of a thread, in order, up to the first one that is missing."""
    query = select(part).where(part.c.delivery_id == delivery_id).order_by(part.c.number)
    rows = connection.execute(query).all()
    return tuple(Receipt(row.remote_id, row.url) for place, row in enumerate(rows) if row.number == place)


def of_edition(connection: Connection, edition_id: str) -> list[Part]:
    """Return every post of an edition that was confirmed, by account and place."""
    query = (
        select(part, delivery.c.recipient, delivery.c.channel)
        .join(delivery, delivery.c.id == part.c.delivery_id)
        .where(delivery.c.edition_id == edition_id)
        .order_by(delivery.c.recipient, part.c.number)
    )
    return [
        Part(
            delivery_id=row.delivery_id,
            account=row.recipient,
            channel=row.channel,
            number=row.number,
            receipt=Receipt(row.remote_id, row.url),
            content_hash=row.content_hash,
            price_musd=row.price_musd,
            at=row.at,
            retracted_at=row.retracted_at,
        )
        for row in connection.execute(query)
    ]


def retracted(connection: Connection, found: Part, now: datetime) -> None:
    """Write down that a post was deleted."""
    mine = (part.c.delivery_id == found.delivery_id) & (part.c.number == found.number)
    connection.execute(update(part).where(mine).values(retracted_at=now))


def spent_musd(connection: Connection, channel: str, since: datetime) -> int:
    """Return what an account has cost since a moment, in thousandths of a US dollar."""
    query = (
        select(func.coalesce(func.sum(part.c.price_musd), 0))
        .join(delivery, delivery.c.id == part.c.delivery_id)
        .where(delivery.c.channel == channel, part.c.at >= since)
    )
    return int(connection.execute(query).scalar_one())
