"""Stop an edition, let it go on, cancel the rest of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, false, select, update

from newsletter.errors import NewsletterError
from newsletter.model import DeliveryState
from newsletter.outbox import health, protection
from newsletter.outbox.ledger import IN_DOUBT, OPEN, of_edition
from newsletter.storage import native
from newsletter.storage.tables import delivery, edition, slice_

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from newsletter.outbox.ledger import Entry

WAITING = (DeliveryState.PENDING, DeliveryState.DEFERRED)
"""Not sent, and not on the wire."""
_STATE = """
SELECT e.state, EXISTS (SELECT 1 FROM install WHERE held_at IS NOT NULL) FROM edition e
WHERE e.id = :edition"""


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
    protection.forget(connection, entry.id)
    # A person who lets it go on has mended what kept the channels shut.
    health.forget(connection)


def cancel(connection: Connection, entry: Entry, now: datetime) -> int:
    """Cancel what has not left yet, for good; return how many deliveries that were.

    Raises:
        NewsletterError: it is finished or cancelled already.
    """
    lock_slices(connection, entry.id)
    stoppable = (edition.c.id == entry.id) & edition.c.state.in_(("sending", "paused"))
    statement = update(edition).where(stoppable).values(state="cancelled", why="")
    if not connection.execute(statement).rowcount:
        raise NewsletterError(f"nothing is left to cancel: edition {entry.id} is {entry.state}")
    count = drop_waiting(connection, entry.id, now)
    mark_done(connection, entry.id)
    return count


def drop_waiting(connection: Connection, edition_id: str, now: datetime) -> int:
    """Cancel the waiting deliveries of an edition; return how many. What may stand there stays in doubt."""
    waiting = of_edition(edition_id) & delivery.c.state.in_(WAITING)
    in_doubt = waiting & (delivery.c.code == IN_DOUBT)
    unknown = {"state": DeliveryState.UNKNOWN.value, "code": "", "next_attempt_at": None, "at": now}
    connection.execute(update(delivery).where(in_doubt).values(unknown))
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
        update(slice_).where(slice_.c.edition_id == edition_id, again).values(done=False, not_before=None)
    )


def look_again(connection: Connection, edition_id: str | None = None) -> None:
    """Have slices looked at now that a limit kept back: a person may have lifted it since."""
    waiting = exists().where(
        delivery.c.slice_id == slice_.c.id, delivery.c.state == DeliveryState.PENDING.value
    )
    statement = update(slice_).where(slice_.c.owner == "", slice_.c.not_before.is_not(None), waiting)
    if edition_id is not None:
        statement = statement.where(slice_.c.edition_id == edition_id)
    connection.execute(statement.values(not_before=None))


def mark_done(connection: Connection, edition_id: str) -> None:
    """Mark the slices in which nothing is still to happen, so that no sender looks at them again."""
    left = exists().where(delivery.c.slice_id == slice_.c.id, delivery.c.state.in_(OPEN))
    connection.execute(
        update(slice_)
        .where(slice_.c.edition_id == edition_id, slice_.c.done == false(), ~left)
        .values(done=True)
    )


def state_of(connection: Connection, edition_id: str) -> str:
    """Return an edition's state, ``held`` while everything is; on PostgreSQL it stays so to the end."""
    query = _STATE + native.locking(connection, "FOR SHARE OF e")
    ((state, held),) = native.run(connection, query, {"edition": edition_id})
    return "held" if held and state == "sending" else str(state)


def lock_slices(connection: Connection, edition_id: str) -> None:
    """Wait for the senders of an edition, before the edition or its deliveries are changed.

    Everybody locks in the order slice, edition, deliveries; otherwise two could wait for each other.
    """
    query = select(slice_.c.id).where(slice_.c.edition_id == edition_id).order_by(slice_.c.id)
    connection.execute(query.with_for_update())
