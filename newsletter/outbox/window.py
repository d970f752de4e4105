"""Mark the next deliveries of a slice as on the wire, leaving out whoever must not be written to now."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from newsletter.audience import recipients, suppression
from newsletter.model import DeliveryState
from newsletter.outbox import limits
from newsletter.outbox.ledger import IN_DOUBT
from newsletter.storage import native

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from newsletter.outbox.terms import Terms

EXPIRED: Final = "it may have been published, and it is too late to repeat it without publishing it twice"
LOOK_AHEAD: Final = 500
"""Deliveries looked through for some that no limit of their recipient's domain keeps back."""

_DUE = """
SELECT id, edition_id, subscriber_id, recipient, attempts, code, at FROM delivery
WHERE slice_id = :slice AND (state = 'pending' OR (state = 'deferred' AND next_attempt_at <= :now))
ORDER BY id LIMIT :size"""
_LEAVE_OUT = """
UPDATE delivery SET state = :state, reply = :reply, next_attempt_at = NULL, at = :now WHERE id = :id"""
# A try that repeats a doubtful one began with that, for the network's clock: `at` stays.
_MARK = """
UPDATE delivery SET state = 'sending', attempts = attempts + 1, channel = :channel,
  at = CASE WHEN code = 'in-doubt' THEN at ELSE :now END
WHERE id {among}"""


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
    sender_domain: str = ""
    """Domain of the edition's From line."""
    on_unknown: str = "hold"
    """What becomes of its letters whose outcome nobody knows: ``hold`` or ``resend``."""


@dataclass
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
    in_doubt_since: datetime | None = None
    """When a try began whose outcome nobody knows; its network must be asked before it is repeated."""

    @property
    def key(self) -> str:
        """Return the delivery's identity, the same on every attempt."""
        return f"{self.edition_id}-{self.id}"


class _Due(NamedTuple):
    """A row of `_DUE`."""

    id: int
    edition_id: str
    subscriber_id: int | None
    recipient: str
    attempts: int
    code: str
    at: Any


@dataclass(frozen=True)
class Marked:
    """What `mark` came to."""

    window: tuple[Delivery, ...]
    """On the wire now; empty when nothing may go."""
    counts: Counter[str]
    """State → how many were settled on the way, because they must not be sent."""
    again_at: datetime | None = None
    """When a limit lets go what it keeps back; None: no limit stands in the way."""
    why: str = ""
    """What keeps it back, for people."""


def mark(connection: Connection, terms: Terms, claim: Claim, *, size: int, now: datetime) -> Marked:
    """Mark up to ``size`` due deliveries as on the wire; settle those on the way that must not be sent."""
    counts: Counter[str] = Counter()
    grant = limits.Grant(())
    for ahead in (size, LOOK_AHEAD):
        rows = _may_go(connection, terms, claim, ahead, now, counts)
        grant = _grant(connection, terms, claim, rows, size, now)
        if grant.granted or not rows:
            window = _sending(connection, claim, [rows[place] for place in grant.granted], now)
            return Marked(window, counts)
    return Marked((), counts, grant.again_at, grant.why)


def _may_go(  # noqa: PLR0913, PLR0917 - a claim, a moment, and what decides who is left out
    connection: Connection, terms: Terms, claim: Claim, size: int, now: datetime, counts: Counter[str]
) -> list[_Due]:
    """Return due rows after settling those that must not be sent; ``counts`` learns how many."""
    while rows := _due_rows(connection, claim, size, now):
        if claim.kind == "mail":
            stopped = _suppressed(connection, claim, rows, terms)
        elif claim.channel in terms.reads:
            stopped = {}
        else:
            honoured_s = terms.honours_key_for_s.get(claim.channel, 0)
            stopped = _too_late(connection, rows, now - timedelta(seconds=honoured_s))
        for key, (state, why) in stopped.items():
            values = {"id": key, "state": state.value, "reply": why, "now": native.moment(connection, now)}
            native.run(connection, _LEAVE_OUT, values)
            counts[state.value] += 1
        if going := [row for row in rows if row.id not in stopped]:
            return going
    return []


def _grant(  # noqa: PLR0913, PLR0917 - what a grant is asked with
    connection: Connection,
    terms: Terms,
    claim: Claim,
    rows: Sequence[_Due],
    size: int,
    now: datetime,
) -> limits.Grant:
    """Return which of the rows every limit lets go now."""
    if claim.kind != "mail" or not rows:
        return limits.Grant(tuple(range(min(size, len(rows)))))
    return limits.grant(
        connection,
        terms.limits,
        channel=claim.channel,
        sender_domain=claim.sender_domain,
        recipient_domains=[domain_of(row.recipient) for row in rows],
        most=size,
        now=now,
    )


def domain_of(address: str) -> str:
    """Return the domain of an address, as limits count it."""
    return address.rpartition("@")[2].lower()


def _suppressed(
    connection: Connection, claim: Claim, rows: Sequence[_Due], terms: Terms
) -> dict[int, tuple[DeliveryState, str]]:
    """Return who must not be written to: number → the state it enters and why."""
    people = [(row.subscriber_id, row.recipient) for row in rows]
    reasons = suppression.blocked(connection, terms.signing_key, claim.lists, people)
    if not reasons:
        return {}
    return {
        row.id: (DeliveryState.SUPPRESSED, reasons[row.recipient]) for row in rows if row.recipient in reasons
    }


def _too_late(
    connection: Connection, rows: Sequence[_Due], oldest: datetime
) -> dict[int, tuple[DeliveryState, str]]:
    """Return the doubtful repeats whose key the network has forgotten, in the same shape."""
    limit = native.moment(connection, oldest)
    late = [row for row in rows if row.code == IN_DOUBT and row.at <= limit]
    return {row.id: (DeliveryState.UNKNOWN, EXPIRED) for row in late}


def _due_rows(connection: Connection, claim: Claim, size: int, now: datetime) -> Sequence[_Due]:
    # PostgreSQL: what a person settles at this moment waits, or is seen here.
    query = _DUE + native.locking(connection, "FOR UPDATE")
    values = {"slice": claim.slice_id, "now": native.moment(connection, now), "size": size}
    return [_Due(*row) for row in native.run(connection, query, values)]


def _sending(
    connection: Connection, claim: Claim, rows: Sequence[_Due], now: datetime
) -> tuple[Delivery, ...]:
    """Mark the rows as on the wire and return them with their merge values."""
    if not rows:
        return ()
    marked = {
        "ids": native.listed(connection, [row.id for row in rows]),
        "channel": claim.channel,
        "now": native.moment(connection, now),
    }
    native.run(connection, _MARK.format(among=native.among(connection, "ids")), marked)
    values: Mapping[int, Mapping[str, str]] = {}
    if claim.kind == "mail":
        people = [row.subscriber_id for row in rows if row.subscriber_id is not None]
        values = recipients.merge_values(connection, people)
    return tuple(
        Delivery(
            row.id,
            row.edition_id,
            row.subscriber_id,
            row.recipient,
            row.attempts + 1,
            values.get(row.subscriber_id or 0, {}),
            native.read_moment(row.at) if row.code == IN_DOUBT else None,
        )
        for row in rows
    )
