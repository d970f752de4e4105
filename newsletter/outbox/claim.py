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
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, exists, false, select, update

from newsletter.errors import NewsletterError
from newsletter.outbox import hold
from newsletter.outbox.ledger import OPEN
from newsletter.outbox.settle import Outcome, settle
from newsletter.outbox.window import Claim, Delivery, due, mark
from newsletter.storage.tables import delivery, edition, slice_

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from newsletter.config import Sending
    from newsletter.errors import RefusedSenderError

LEASE_S: Final = 120.0
"""A sender that has not been heard of for so long may be replaced."""


class LostSliceError(NewsletterError):
    """Another sender has taken over the slice; nothing was written."""


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
        # Sent again, a letter has the same Message-ID; a social post would stand there twice.
        rules = self.rules if claim.kind == "mail" else replace(self.rules, on_unknown="hold")
        settled = settle(connection, rows, rules, now)
        counts = Counter(settled.counts)
        if settled.refusal is not None:
            hold.pause(connection, claim.edition_id, str(settled.refusal))
        state = hold.state_of(connection, claim.edition_id)
        if state == "cancelled":
            hold.drop_waiting(connection, claim.edition_id, now)
        window: tuple[Delivery, ...] = ()
        if state == "sending" and size:
            window, left_out = mark(
                connection,
                claim,
                size=size,
                now=now,
                signing_key=self.signing_key,
                key_honoured_s=self.honours_key_for_s.get(claim.channel, 0),
            )
            counts += left_out
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


def _lease(now: datetime) -> datetime:
    return now + timedelta(seconds=LEASE_S)


def _first_free(channel: str, now: datetime, edition_id: str | None) -> Any:
    """Return the query of the first slice to take; on PostgreSQL two senders get two."""
    free = and_(slice_.c.channel == channel, slice_.c.owner == "", slice_.c.done == false())
    query = (
        select(slice_.c.id, slice_.c.edition_id, slice_.c.kind, edition.c.path, edition.c.lists)
        .join(edition, edition.c.id == slice_.c.edition_id)
        .where(free, edition.c.state == "sending")
        .where(exists().where(delivery.c.slice_id == slice_.c.id, due(now)))
        .order_by(slice_.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=slice_)
    )
    return query if edition_id is None else query.where(slice_.c.edition_id == edition_id)


def _give_back(connection: Connection, claim: Claim) -> None:
    left = exists().where(delivery.c.slice_id == claim.slice_id, delivery.c.state.in_(OPEN))
    connection.execute(
        update(slice_).where(slice_.c.id == claim.slice_id).values(owner="", lease_until=None, done=~left)
    )
