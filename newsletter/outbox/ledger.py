"""Read the ledger: which editions were frozen, and where their deliveries stand."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import case, false, func, or_, select

from newsletter.errors import NewsletterError
from newsletter.model import DeliveryState
from newsletter.outbox import emergency
from newsletter.storage.tables import Moment, delivery, edition, slice_

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

IN_DOUBT: Final = "in-doubt"
"""Code of a waiting delivery that may stand there already; it is looked up, or repeated with its key."""
OPEN: Final = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.DEFERRED)
"""Something is still to happen to these; every other state is final until a person changes it."""


@dataclass(frozen=True)
class Entry:
    """One frozen edition, as the ledger has it."""

    id: str
    """Its identity."""
    campaign: str
    """Name of the campaign."""
    subject: str
    """Subject line."""
    path: str
    """Folder of the frozen files, relative to the workspace."""
    lists: tuple[str, ...]
    """Lists it was frozen for."""
    state: str
    """``sending``, ``paused``, ``finished``, ``cancelled``."""
    why: str
    """Why it is paused."""
    total: int
    """Deliveries frozen."""
    frozen_at: datetime
    """When it was frozen."""
    finished_at: datetime | None
    """When the last delivery became final."""


def entries(connection: Connection, *, campaign: str | None = None, state: str | None = None) -> list[Entry]:
    """Return the frozen editions, newest first."""
    query = select(edition).order_by(edition.c.frozen_at.desc(), edition.c.id)
    if campaign is not None:
        query = query.where(edition.c.campaign == campaign)
    if state is not None:
        query = query.where(edition.c.state == state)
    return [_entry(row) for row in connection.execute(query)]


def get(connection: Connection, edition_id: str) -> Entry | None:
    """Return the edition with exactly this identity, or None."""
    row = connection.execute(select(edition).where(edition.c.id == edition_id)).first()
    return _entry(row) if row else None


def find(connection: Connection, name: str) -> Entry:
    """Return the edition that a person means: an identity, the start of one, or a campaign's newest.

    Raises:
        NewsletterError: nothing frozen is called that, or the start fits several.
    """
    if found := get(connection, name):
        return found
    if of_campaign := entries(connection, campaign=name):
        return of_campaign[0]
    starting = [entry for entry in entries(connection) if len(name) >= 4 and entry.id.startswith(name)]
    if len(starting) == 1:
        return starting[0]
    if starting:
        raise NewsletterError(f"{name!r} is the start of {len(starting)} editions; write more of it")
    raise NewsletterError(f"nothing called {name!r} was sent yet; see what was with: newsletter report")


def of_edition(edition_id: str) -> ColumnElement[bool]:
    """Return the condition that a delivery is of an edition; its slices lie side by side on the disk."""
    return delivery.c.slice_id.in_(select(slice_.c.id).where(slice_.c.edition_id == edition_id))


def states(connection: Connection, edition_id: str) -> Counter[str]:
    """Return how many deliveries of an edition are in each state."""
    rows = connection.execute(
        select(delivery.c.state, func.count()).where(of_edition(edition_id)).group_by(delivery.c.state)
    )
    return Counter({row[0]: row[1] for row in rows})


@dataclass(frozen=True)
class Waiting:
    """Slices of editions that are being sent, which wait for the same thing."""

    channel: str
    """Name of the transport or account they were meant for."""
    kind: str
    """``mail`` or ``social``."""
    sender_domain: str
    """Domain of their editions' From line."""
    slices: int
    """How many are free and due now."""
    due_at: datetime | None
    """When the first of the others is due; None: there are none."""


def waiting(connection: Connection, now: datetime, edition_id: str | None = None) -> list[Waiting]:
    """Return what waits for a sender; nothing does while everything is held."""
    if emergency.held(connection):
        return []
    due = or_(slice_.c.not_before.is_(None), slice_.c.not_before <= now)
    query = (
        select(
            slice_.c.channel,
            slice_.c.kind,
            edition.c.sender_domain,
            func.sum(case((due, 1), else_=0)),
            func.min(case((due, None), else_=slice_.c.not_before), type_=Moment()),
        )
        .join(edition, edition.c.id == slice_.c.edition_id)
        .where(edition.c.state == "sending", slice_.c.done == false(), slice_.c.owner == "")
        .group_by(slice_.c.channel, slice_.c.kind, edition.c.sender_domain)
        .order_by(slice_.c.kind.desc(), slice_.c.channel)
    )
    if edition_id is not None:
        query = query.where(edition.c.id == edition_id)
    return [Waiting(*row) for row in connection.execute(query)]


def _entry(row: Row[tuple[object, ...]]) -> Entry:
    return Entry(
        id=row.id,
        campaign=row.campaign,
        subject=row.subject,
        path=row.path,
        lists=tuple(row.lists),
        state=row.state,
        why=row.why,
        total=row.total,
        frozen_at=row.frozen_at,
        finished_at=row.finished_at,
    )
