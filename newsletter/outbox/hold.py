"""Stop an edition, let it go on, cancel the rest of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, false, select, true, update

from newsletter.errors import NewsletterError
from newsletter.model import DeliveryState
from newsletter.outbox.ledger import OPEN
from newsletter.storage.tables import delivery, edition, slice_

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from newsletter.outbox.ledger import Entry

WAITING = (DeliveryState.PENDING, DeliveryState.DEFERRED)
"""Not sent, and not on the wire."""


def pause(connection: Connection, edition_id: str, why: str) -> bool:
    """Stop an edition that is being sent; what is on the wire still gets its answer. False: it was not."""
    being_sent = (edition.c.id == edition_id) & (edition.c.state == "sending")
    statement = update(edition).where(being_sent).values(state="paused", why=why)
    return connection.execute(statement).rowcount > 0


def resume(connection: Connection, entry: Entry) -> None:
    """Let a paused edition go on.

    Raises:
        NewsletterError: it is not paused.
    """
    paused = (edition.c.id == entry.id) & (edition.c.state == "paused")
    if not connection.execute(update(edition).where(paused).values(state="sending", why="")).rowcount:
        raise NewsletterError(f"edition {entry.id} is not paused, it is {entry.state}")


def cancel(connection: Connection, entry: Entry, now: datetime) -> int:
    """Cancel what has not left yet, for good; return how many deliveries that were.

    Raises:
        NewsletterError: it is finished or cancelled already.
    """
    stoppable = (edition.c.id == entry.id) & edition.c.state.in_(("sending", "paused"))
    statement = update(edition).where(stoppable).values(state="cancelled", why="")
    if not connection.execute(statement).rowcount:
        raise NewsletterError(f"nothing is left to cancel: edition {entry.id} is {entry.state}")
    count = drop_waiting(connection, entry.id, now)
    mark_done(connection, entry.id)
    return count


def drop_waiting(connection: Connection, edition_id: str, now: datetime) -> int:
    """Cancel the waiting deliveries of an edition; return how many."""
    waiting = (delivery.c.edition_id == edition_id) & delivery.c.state.in_(WAITING)
    statement = (
        update(delivery)
        .where(waiting)
        .values(state=DeliveryState.CANCELLED.value, next_attempt_at=None, at=now)
    )
    return connection.execute(statement).rowcount


def reopen(connection: Connection, edition_id: str) -> None:
    """Have deliveries that became pending again sent; a paused edition stays paused, a cancelled one over."""
    over = (edition.c.id == edition_id) & (edition.c.state == "finished")
    connection.execute(update(edition).where(over).values(state="sending", finished_at=None))
    again = exists().where(delivery.c.slice_id == slice_.c.id, delivery.c.state.in_(OPEN))
    connection.execute(
        update(slice_)
        .where(slice_.c.edition_id == edition_id, slice_.c.done == true(), again)
        .values(done=False)
    )


def mark_done(connection: Connection, edition_id: str) -> None:
    """Mark the slices in which nothing is still to happen, so that no sender looks at them again."""
    left = exists().where(delivery.c.slice_id == slice_.c.id, delivery.c.state.in_(OPEN))
    connection.execute(
        update(slice_)
        .where(slice_.c.edition_id == edition_id, slice_.c.done == false(), ~left)
        .values(done=True)
    )


def state_of(connection: Connection, edition_id: str) -> str:
    """Return an edition's state; on PostgreSQL nobody changes it before this transaction ends."""
    query = select(edition.c.state).where(edition.c.id == edition_id).with_for_update(read=True)
    return str(connection.execute(query).scalar_one())
