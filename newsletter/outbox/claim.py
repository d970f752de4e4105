"""Take a slice, and send it window by window: settle the last one and mark the next in one transaction.

A slice belongs to one sender at a time. Every claim raises its fence, and every
write of a sender first proves that owner and fence are still its own, so a
sender that was believed dead and wakes up writes nothing.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, case, exists, false, literal, or_, select, update

from newsletter.audience import recipients, suppression
from newsletter.errors import NewsletterError
from newsletter.model import DeliveryState
from newsletter.outbox import hold
from newsletter.outbox.ledger import OPEN
from newsletter.outbox.settle import Outcome, settle
from newsletter.storage.tables import Moment, delivery, edition, slice_

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

    from newsletter.config import Sending
    from newsletter.errors import RefusedSenderError

LEASE_S: Final = 120.0
"""A sender that has not been heard of for so long may be replaced."""
IN_DOUBT: Final = "in-doubt"
"""Code of a delivery that may have been published and is repeated with its key."""
EXPIRED: Final = "it may have been published, and it is too late to repeat it without publishing it twice"


class LostSliceError(NewsletterError):
    """Another sender has taken over the slice; nothing was written."""


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


@dataclass(frozen=True)
class Step:
    """What one turn of a sender came to."""

    window: tuple[Delivery, ...]
    """To be sent now; empty: the slice was given back."""
    counts: Counter[str]
    """State → deliveries that entered it, ``sending`` left out."""
    refusal: RefusedSenderError | None = None
    """Why the edition was paused."""


@dataclass(frozen=True)
class Sender:
    """One sending program: what it calls itself, and the rules it keeps."""

    signing_key: bytes = field(repr=False)
    """The installation's."""
    rules: Sending
    """``[sending]`` of config.toml."""
    honours_key_for_s: Mapping[str, int] = field(default_factory=dict)
    """Account → seconds in which its network drops a repeat with the same key."""
    owner: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}")
    """``host:pid:random``, in the slices it holds."""

    def claim(
        self, connection: Connection, channel: str, now: datetime, *, edition_id: str | None = None
    ) -> Claim | None:
        """Take the first free slice of a channel with something due; None when there is none."""
        found = connection.execute(_first_free(channel, now, edition_id)).first()
        if found is None:
            return None
        mine = (
            update(slice_)
            .where(slice_.c.id == found.id, slice_.c.owner == "")
            .values(owner=self.owner, fence=slice_.c.fence + 1, lease_until=_lease(now))
            .returning(slice_.c.fence)
        )
        fence = connection.execute(mine).scalar()
        if fence is None:
            return None
        return Claim(found.id, found.edition_id, found.path, tuple(found.lists), channel, found.kind, fence)

    def advance(
        self,
        connection: Connection,
        claim: Claim,
        outcomes: Sequence[tuple[Delivery, Outcome]],
        *,
        size: int,
        now: datetime,
    ) -> Step:
        """Settle the window that has come back and mark the next one as on the wire.

        A size of 0, an edition that is not being sent, or nothing due: the slice is given back.

        Raises:
            LostSliceError: somebody else holds the slice.
        """
        self._prove(connection, claim, now)
        rows = [(sent.id, sent.attempts, outcome) for sent, outcome in outcomes]
        settled = settle(connection, rows, self.rules, now)
        counts = Counter(settled.counts)
        if settled.refusal is not None:
            hold.pause(connection, claim.edition_id, str(settled.refusal))
        state = hold.state_of(connection, claim.edition_id)
        if state == "cancelled":
            hold.drop_waiting(connection, claim.edition_id, now)
        window = self._mark(connection, claim, size, now, counts) if state == "sending" and size else ()
        if not window:
            _give_back(connection, claim)
        return Step(window, counts, settled.refusal)

    def renew(self, connection: Connection, now: datetime) -> None:
        """Say that this sender is alive."""
        mine = slice_.c.owner == self.owner
        connection.execute(update(slice_).where(mine).values(lease_until=_lease(now)))

    def _prove(self, connection: Connection, claim: Claim, now: datetime) -> None:
        """Renew the lease; this also keeps everybody else out until the transaction ends."""
        mine = and_(
            slice_.c.id == claim.slice_id, slice_.c.owner == self.owner, slice_.c.fence == claim.fence
        )
        if not connection.execute(update(slice_).where(mine).values(lease_until=_lease(now))).rowcount:
            raise LostSliceError(
                f"another sender has taken over slice {claim.slice_id} of {claim.edition_id}"
            )

    def _mark(
        self, connection: Connection, claim: Claim, size: int, now: datetime, counts: Counter[str]
    ) -> tuple[Delivery, ...]:
        """Mark up to ``size`` due deliveries; those that must not be sent are settled on the way."""
        while rows := _due_rows(connection, claim, size, now):
            stopped = self._stopped(connection, claim, rows, now)
            for key, (state, why) in stopped.items():
                values = {"state": state.value, "reply": why, "next_attempt_at": None, "at": now}
                connection.execute(update(delivery).where(delivery.c.id == key).values(values))
                counts[state.value] += 1
            going = [row for row in rows if row.id not in stopped]
            if going:
                return _sending(connection, claim, going, now)
        return ()

    def _stopped(
        self, connection: Connection, claim: Claim, rows: Sequence[Row[Any]], now: datetime
    ) -> dict[int, tuple[DeliveryState, str]]:
        """Return which deliveries must not be sent: number → the state they enter and why."""
        if claim.kind == "mail":
            people = [(row.subscriber_id, row.recipient) for row in rows]
            reasons = suppression.blocked(connection, self.signing_key, claim.lists, people)
            return {
                row.id: (DeliveryState.SUPPRESSED, reasons[row.recipient])
                for row in rows
                if row.recipient in reasons
            }
        oldest = now - timedelta(seconds=self.honours_key_for_s.get(claim.channel, 0))
        return {
            row.id: (DeliveryState.UNKNOWN, EXPIRED)
            for row in rows
            if row.code == IN_DOUBT and row.at <= oldest
        }


def _lease(now: datetime) -> datetime:
    return now + timedelta(seconds=LEASE_S)


def _due(now: datetime) -> ColumnElement[bool]:
    waited = and_(delivery.c.state == DeliveryState.DEFERRED.value, delivery.c.next_attempt_at <= now)
    return or_(delivery.c.state == DeliveryState.PENDING.value, waited)


def _first_free(channel: str, now: datetime, edition_id: str | None) -> Any:
    """Return the query of the first slice to take; on PostgreSQL two senders get two."""
    free = and_(slice_.c.channel == channel, slice_.c.owner == "", slice_.c.done == false())
    query = (
        select(slice_.c.id, slice_.c.edition_id, slice_.c.kind, edition.c.path, edition.c.lists)
        .join(edition, edition.c.id == slice_.c.edition_id)
        .where(free, edition.c.state == "sending")
        .where(exists().where(delivery.c.slice_id == slice_.c.id, _due(now)))
        .order_by(slice_.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=slice_)
    )
    return query if edition_id is None else query.where(slice_.c.edition_id == edition_id)


def _due_rows(connection: Connection, claim: Claim, size: int, now: datetime) -> Sequence[Row[Any]]:
    query = (
        select(delivery)
        .where(delivery.c.slice_id == claim.slice_id, _due(now))
        .order_by(delivery.c.id)
        .limit(size)
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


def _give_back(connection: Connection, claim: Claim) -> None:
    left = exists().where(delivery.c.slice_id == claim.slice_id, delivery.c.state.in_(OPEN))
    connection.execute(
        update(slice_).where(slice_.c.id == claim.slice_id).values(owner="", lease_until=None, done=~left)
    )
