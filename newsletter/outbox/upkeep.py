"""Look at single deliveries, try them again, and settle by hand what nobody can know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from sqlalchemy import select, update

from newsletter.errors import NewsletterError
from newsletter.model import DeliveryState
from newsletter.outbox import hold
from newsletter.outbox.ledger import of_edition
from newsletter.storage.tables import delivery

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from newsletter.outbox.ledger import Entry

Answer = Literal["sent", "resend", "failed"]
"""What a person found out about a delivery."""
SETTLED: Final = "person"
"""Code of a delivery that a person has settled; only that person's word has it sent again."""
_SHOWN = ("channel", "recipient", "state", "attempts", "code", "reply", "url", "next_attempt_at", "at")


def rows(
    connection: Connection,
    *,
    edition_id: str | None = None,
    states: Collection[str] = (),
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """Return deliveries as `newsletter outbox list` shows them, oldest first.

    Keys: ``edition, channel, recipient, state, attempts, code, reply, url, next_attempt_at, at``.
    """
    query = select(delivery.c.edition_id.label("edition"), *(delivery.c[name] for name in _SHOWN))
    if edition_id is not None:
        query = query.where(of_edition(edition_id))
    if states:
        query = query.where(delivery.c.state.in_(list(states)))
    found = connection.execute(query.order_by(delivery.c.id).limit(limit))
    return [dict(row) for row in found.mappings()]


def retry(
    connection: Connection,
    entry: Entry,
    now: datetime,
    *,
    states: Collection[str] = (DeliveryState.FAILED, DeliveryState.DEFERRED),
    recipients: Collection[str] = (),
) -> int:
    """Try failed and deferred deliveries again, as if for the first time; return how many.

    What a person has settled as failed is left alone, unless ``recipients`` names it.

    Raises:
        NewsletterError: the edition was cancelled.
    """
    concerned = _among(entry, states, recipients)
    if not recipients:
        concerned &= delivery.c.code != SETTLED
    return _send_again(connection, entry, concerned, now)


def resolve(
    connection: Connection,
    entry: Entry,
    answer: Answer,
    now: datetime,
    *,
    recipients: Collection[str] = (),
) -> int:
    """Settle deliveries whose outcome nobody knows; return how many.

    With ``recipients`` given, also those that still wait: a mailbox whose server
    refuses us for policy would hold up the edition for ever.

    Raises:
        NewsletterError: it is to be sent again, and the edition was cancelled.
    """
    states = {DeliveryState.UNKNOWN, *(hold.WAITING if recipients else ())}
    concerned = _among(entry, states, recipients)
    if answer == "resend":
        return _send_again(connection, entry, concerned, now)
    hold.lock_slices(connection, entry.id)
    said = {
        "state": answer,
        "next_attempt_at": None,
        "at": now,
        "code": SETTLED,
        "reply": delivery.c.reply + f" (a person says: {answer})",
    }
    count = connection.execute(update(delivery).where(concerned).values(said)).rowcount
    hold.mark_done(connection, entry.id)
    return count


def _among(entry: Entry, states: Collection[str], recipients: Collection[str]) -> ColumnElement[bool]:
    found = of_edition(entry.id) & delivery.c.state.in_(list(states))
    return found & delivery.c.recipient.in_(list(recipients)) if recipients else found


def _send_again(connection: Connection, entry: Entry, concerned: ColumnElement[bool], now: datetime) -> int:
    if entry.state == "cancelled":
        raise NewsletterError(f"edition {entry.id} was cancelled; nothing of it is sent again")
    # The key of a network is as good as none after a person had to look; nothing is in doubt any more.
    fresh = {
        "state": DeliveryState.PENDING.value,
        "attempts": 0,
        "next_attempt_at": None,
        "code": "",
        "at": now,
    }
    hold.lock_slices(connection, entry.id)
    count = connection.execute(update(delivery).where(concerned).values(fresh)).rowcount
    if count:
        hold.reopen(connection, entry.id)
    return count
