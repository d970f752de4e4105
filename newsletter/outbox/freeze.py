"""Freeze an edition's audience: one row per delivery, written once, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, insert, literal, select, update

from newsletter import failpoint
from newsletter.audience import recipients, signing
from newsletter.editions import headers
from newsletter.errors import ContentError
from newsletter.model import DeliveryState
from newsletter.outbox import emergency, ledger
from newsletter.storage.tables import Moment, delivery, install, slice_
from newsletter.storage.tables import edition as edition_table
from newsletter.storage.writing import insert_or_skip

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from newsletter.editions.edition import Edition
    from newsletter.model import Finding

SLICE: Final = 500
"""Recipients that one sender takes at a time, at most."""
SMALLEST_SLICE: Final = 50
SHARES: Final = 16
"""A small list is cut into so many slices, for as many connections."""
_COLUMNS = ("edition_id", "slice_id", "channel", "kind", "subscriber_id", "recipient", "state", "at")


@dataclass(frozen=True)
class Frozen:
    """What became of a freeze."""

    edition_id: str
    """The edition."""
    total: int
    """Its deliveries."""
    already: bool = False
    """Whether it had been frozen before; then nothing was changed."""
    cancelled: bool = False
    """Whether a person has cancelled it since."""


def freeze(  # noqa: PLR0913 - an edition, where it goes, and what was decided
    connection: Connection,
    edition: Edition,
    *,
    path: str,
    mail_channel: str,
    ignored: Sequence[Finding] = (),
    on_unknown: str = "hold",
    now: datetime,
) -> Frozen:
    """Write the edition, its slices and a pending delivery per recipient; a second time changes nothing.

    Args:
        connection: inside one transaction that writes.
        edition: what was built.
        path: its folder, relative to the workspace.
        mail_channel: name of the transport that takes the letters; empty leaves the lists out.
        ignored: the errors that a person overrode.
        on_unknown: what becomes of letters whose outcome nobody knows, ``hold`` or ``resend``.
        now: the present moment.

    Raises:
        ContentError: nobody would get it: no subscriber on its lists, and no social account.
    """
    _one_at_a_time(connection, now)
    more = {
        "path": path,
        "on_unknown": on_unknown,
        "ignored_findings": [{"id": found.id, "where": found.where, "why": found.why} for found in ignored],
        "frozen_at": now,
    }
    if not _write_edition(connection, edition, more):
        known = ledger.get(connection, edition.id)
        assert known is not None
        return Frozen(edition.id, known.total, already=True, cancelled=known.state == "cancelled")
    failpoint.reach("freeze-begun")
    total = _freeze_letters(connection, edition, mail_channel, now) if mail_channel else 0
    total += _freeze_snippets(connection, edition, now)
    if not total:
        names = ", ".join(edition.lists) or "no list"
        raise ContentError(
            f"nobody would get it: there is no subscriber on {names}, and no social account",
            where=f"campaign {edition.campaign}",
        )
    connection.execute(update(edition_table).where(edition_table.c.id == edition.id).values(total=total))
    failpoint.reach("freeze-written")
    return Frozen(edition.id, total)


def _one_at_a_time(connection: Connection, now: datetime) -> None:
    """Keep other freezes out until the transaction ends, and make this place the ledger's if it has none.

    A delivery finds its slice by arithmetic, so slices must be numbered without a gap:
    joining a million rows to their slices takes SQLite minutes.
    """
    signing.signing_key(connection, now)
    connection.execute(select(install.c.id).with_for_update())
    emergency.guard(connection, now)


def _write_edition(connection: Connection, edition: Edition, more: Mapping[str, Any]) -> bool:
    """Write the edition's row; False when it stands already."""
    row: dict[str, Any] = {
        **more,
        "id": edition.id,
        "campaign": edition.campaign,
        "subject": edition.subject,
        "lists": list(edition.lists),
        "state": "sending",
        "total": 0,
        "sender_domain": headers.domain_of(edition.sender),
    }
    statement = insert_or_skip(connection, edition_table).values(row).returning(edition_table.c.id)
    return connection.execute(statement).first() is not None


def _freeze_letters(connection: Connection, edition: Edition, channel: str, now: datetime) -> int:
    """Write slices and deliveries of the lists' subscribers; the rows never pass through Python."""
    people = recipients.count(connection, edition.lists)
    if not people:
        return 0
    size = min(SLICE, max(SMALLEST_SLICE, people // SHARES))
    first = _add_slices(connection, edition, channel, count=-(-people // size))
    failpoint.reach("freeze-sliced")
    # Whoever subscribes between the count and this statement has no slice and gets the next edition.
    chosen = recipients.selection(edition.lists).limit(people).subquery()
    number = func.row_number().over(order_by=chosen.c.subscriber_id) - 1
    rows = select(
        literal(edition.id),
        literal(first) + number // size,
        literal(channel),
        literal("mail"),
        chosen.c.subscriber_id,
        chosen.c.email,
        literal(DeliveryState.PENDING.value),
        literal(now, Moment),
    )
    connection.execute(insert(delivery).from_select(_COLUMNS, rows, include_defaults=False))
    return connection.execute(select(func.count()).where(ledger.of_edition(edition.id))).scalar_one()


def _add_slices(connection: Connection, edition: Edition, channel: str, *, count: int) -> int:
    """Write slices and return the number of the first; the others follow without a gap."""
    row = {"edition_id": edition.id, "channel": channel, "kind": "mail"}
    connection.execute(insert(slice_), [row] * count)
    mine = select(func.min(slice_.c.id)).where(slice_.c.edition_id == edition.id)
    return int(connection.execute(mine).scalar_one())


def _freeze_snippets(connection: Connection, edition: Edition, now: datetime) -> int:
    """Write a slice and a delivery per social account, so that no account waits for another."""
    for snippet in edition.snippets:
        row = {"edition_id": edition.id, "channel": snippet.account, "kind": "social"}
        key = connection.execute(insert(slice_).values(row)).inserted_primary_key
        assert key is not None
        connection.execute(
            insert(delivery).values(
                **row, slice_id=key[0], recipient=snippet.account, state=DeliveryState.PENDING.value, at=now
            )
        )
    return len(edition.snippets)
