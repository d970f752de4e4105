"""Mark the next deliveries of a slice as on the wire, leaving out whoever must not be written to now."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, case, literal, or_, select, update

from newsletter.audience import recipients, suppression
from newsletter.model import DeliveryState
from newsletter.storage.tables import Moment, delivery

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

IN_DOUBT: Final = "in-doubt"
"""Code of a delivery that may have been published and is repeated with its key."""
EXPIRED: Final = "it may have been published, and it is too late to repeat it without publishing it twice"


@dataclass(frozen=True)
class Claim:
    """The right to send one slice."""

    slice_id: int
    """The slice."""
    edition_id: str
    """Its edition."""
    path: str
    """Folder of the edition's files, relative to the workspace."""
    lists: tuple[str, ...]
    """The lists of the edition."""
    channel: str
    """Name of the transport or account."""
    kind: str
    """``mail`` or ``social``."""
    fence: int
    """What the claim raised the fence to."""


@dataclass(frozen=True)
class Delivery:
    """One delivery of a window, marked as on the wire."""

    id: int
    """Its number."""
    edition_id: str
    """Its edition."""
    subscriber_id: int | None
    """Whom it is for; None for a social account."""
    recipient: str
    """Address, or name of the account."""
    attempts: int
    """Tries, this one included."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Merge values of the person."""

    @property
    def key(self) -> str:
        """Return the delivery's identity, the same on every attempt."""
        return f"{self.edition_id}-{self.id}"


def mark(  # noqa: PLR0913 - a claim, a moment, and what decides who is left out
    connection: Connection,
    claim: Claim,
    *,
    size: int,
    now: datetime,
    signing_key: bytes,
    key_honoured_s: int,
) -> tuple[tuple[Delivery, ...], Counter[str]]:
    """Mark up to ``size`` due deliveries as on the wire; those that must not be sent are settled on the way.

    Returns the window, empty when nothing is due, and state → how many were settled.
    """
    counts: Counter[str] = Counter()
    while rows := _due_rows(connection, claim, size, now):
        if claim.kind == "mail":
            stopped = _suppressed(connection, claim, rows, signing_key)
        else:
            stopped = _too_late(rows, now - timedelta(seconds=key_honoured_s))
        for key, (state, why) in stopped.items():
            values = {"state": state.value, "reply": why, "next_attempt_at": None, "at": now}
            connection.execute(update(delivery).where(delivery.c.id == key).values(values))
            counts[state.value] += 1
        going = [row for row in rows if row.id not in stopped]
        if going:
            return _sending(connection, claim, going, now), counts
    return (), counts


def due(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a delivery is to be sent now."""
    waited = and_(delivery.c.state == DeliveryState.DEFERRED.value, delivery.c.next_attempt_at <= now)
    return or_(delivery.c.state == DeliveryState.PENDING.value, waited)


def _suppressed(
    connection: Connection, claim: Claim, rows: Sequence[Row[Any]], signing_key: bytes
) -> dict[int, tuple[DeliveryState, str]]:
    """Return who must not be written to: number → the state it enters and why."""
    people = [(row.subscriber_id, row.recipient) for row in rows]
    reasons = suppression.blocked(connection, signing_key, claim.lists, people)
    return {
        row.id: (DeliveryState.SUPPRESSED, reasons[row.recipient]) for row in rows if row.recipient in reasons
    }


def _too_late(rows: Sequence[Row[Any]], oldest: datetime) -> dict[int, tuple[DeliveryState, str]]:
    """Return the doubtful repeats whose key the network has forgotten, in the same shape."""
    late = [row for row in rows if row.code == IN_DOUBT and row.at <= oldest]
    return {row.id: (DeliveryState.UNKNOWN, EXPIRED) for row in late}


def _due_rows(connection: Connection, claim: Claim, size: int, now: datetime) -> Sequence[Row[Any]]:
    query = (
        select(delivery)
        .where(delivery.c.slice_id == claim.slice_id, due(now))
        .order_by(delivery.c.id)
        .limit(size)
        # PostgreSQL: what a person settles at this moment waits, or is seen here. SQLite has one writer.
        .with_for_update()
    )
    return connection.execute(query).all()


def _sending(
    connection: Connection, claim: Claim, rows: Sequence[Row[Any]], now: datetime
) -> tuple[Delivery, ...]:
    """Mark the rows as on the wire and return them with their merge values."""
    connection.execute(
        update(delivery)
        .where(delivery.c.id.in_([row.id for row in rows]))
        .values(state=DeliveryState.SENDING.value, attempts=delivery.c.attempts + 1, at=_since(now))
    )
    values = {}
    if claim.kind == "mail":
        values = recipients.merge_values(connection, [row.subscriber_id for row in rows])
    return tuple(
        Delivery(
            row.id,
            row.edition_id,
            row.subscriber_id,
            row.recipient,
            row.attempts + 1,
            values.get(row.subscriber_id, {}),
        )
        for row in rows
    )


def _since(now: datetime) -> ColumnElement[datetime]:
    """Return when the try began; one that repeats a doubtful try began with that, for the network's clock."""
    return case((delivery.c.code == IN_DOUBT, delivery.c.at), else_=literal(now, Moment))
