"""Occurrences: the due times of schedules. Each is one row, so that two schedulers begin it once."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from newsletter import clock
from newsletter.delivery import schedule
from newsletter.delivery.repeat import wall_times
from newsletter.storage import tables
from newsletter.storage.tables import occurrence
from newsletter.storage.writing import insert_or_skip

if TYPE_CHECKING:
    from datetime import tzinfo

    from sqlalchemy import Connection

    from newsletter.delivery.schedule import Schedule

RETRY_AFTER = timedelta(minutes=1)
"""An occurrence begun this long ago that has no edition was left behind by a crash and is begun again."""


@dataclass(frozen=True)
class Occurrence:
    """One due time of a schedule."""

    id: int
    """Number of the row."""
    campaign: str
    """Name of the campaign."""
    due_at: datetime
    """When it was due, aware UTC."""
    zone: tzinfo
    """Where that is said."""
    state: str
    """``started``, ``done``, ``missed`` or ``failed``."""
    edition_id: str
    """What was sent; empty while nothing is."""
    why: str
    """Why it was missed or failed."""
    at: datetime
    """Last change of state, aware UTC."""


def begin_due(connection: Connection, now: datetime, *, catch_up_within_s: float) -> list[Occurrence]:
    """Record what has become due and return it: ``started`` is to be carried out, ``missed`` to be told.

    Of several due times of one schedule only the newest is started, and only
    when it is not later than ``catch_up_within_s``. What another scheduler
    recorded first is not returned. Needs a writing transaction.
    """
    found: list[Occurrence] = []
    for plan in schedule.rows(connection, "active"):
        due = _due_walls(connection, plan, now)
        for wall in due:
            why = _why_missed(plan, wall, due[-1], now, catch_up_within_s)
            found.extend(_record(connection, plan, wall, why, now))
        if due and plan.repeat is None:
            ended = update(tables.schedule).where(tables.schedule.c.id == plan.id)
            connection.execute(ended.values(state="done"))
    return found


def _due_walls(connection: Connection, plan: Schedule, now: datetime) -> list[datetime]:
    """Return the due wall times that no row stands for yet, oldest first."""
    mine = occurrence.c.schedule_id == plan.id
    newest = connection.execute(select(func.max(occurrence.c.local_wall_time)).where(mine)).scalar()
    after = datetime.fromisoformat(newest) if newest else None
    times = wall_times(plan.first, plan.repeat, after=after)
    return list(itertools.takewhile(lambda wall: clock.moment_of(wall, plan.zone) <= now, times))


def _why_missed(plan: Schedule, wall: datetime, newest: datetime, now: datetime, within_s: float) -> str:
    """Return why a due time must not be carried out any more; empty when it must."""
    if wall != newest:
        return "nothing was running then; only the newest due time is sent, never several at once"
    if (now - clock.moment_of(wall, plan.zone)).total_seconds() <= within_s:
        return ""
    return f"nothing was running then; send it now with: newsletter send {plan.campaign}"


def _record(
    connection: Connection, plan: Schedule, wall: datetime, why: str, now: datetime
) -> list[Occurrence]:
    """Write the row unless it stands already; return it when it is ours."""
    written = connection.execute(
        insert_or_skip(connection, occurrence)
        .values(
            schedule_id=plan.id,
            local_wall_time=wall.isoformat(timespec="minutes"),
            due_at=clock.moment_of(wall, plan.zone),
            state="missed" if why else "started",
            why=why,
            at=now,
        )
        .returning(occurrence.c.id)
    ).scalar()
    return [] if written is None else [by_id(connection, written)]


def left_behind(connection: Connection, now: datetime, *, catch_up_within_s: float) -> list[Occurrence]:
    """Take over what was begun and got no edition: a crash came between.

    Returned are those to carry out again (``started``) and those that are too
    late for it (``failed``). Needs a writing transaction.
    """
    stale = select(occurrence).where(
        occurrence.c.state == "started",
        occurrence.c.edition_id.is_(None),
        occurrence.c.at < now - RETRY_AFTER,
    )
    taken: list[Occurrence] = []
    for row in connection.execute(stale).all():
        late = (now - row.due_at).total_seconds() > catch_up_within_s
        why = f"given up after several tries: {row.why or 'the program was stopped'}" if late else row.why
        # Two takers: the row changes for the first one only.
        mine = update(occurrence).where(occurrence.c.id == row.id, occurrence.c.at == row.at)
        state = "failed" if late else "started"
        if connection.execute(mine.values(state=state, why=why, at=now)).rowcount:
            taken.append(by_id(connection, row.id))
    return taken


def is_held(connection: Connection, taken: Occurrence) -> bool:
    """Tell whether an occurrence is still as it was taken; nobody else takes it in this transaction."""
    same = (occurrence.c.id == taken.id) & (occurrence.c.at == taken.at) & occurrence.c.edition_id.is_(None)
    return connection.execute(select(occurrence.c.id).where(same).with_for_update()).first() is not None


def settle(connection: Connection, changed: Occurrence) -> None:
    """Write what became of an occurrence: its state, why, edition and time of change."""
    values = {"state": changed.state, "why": changed.why, "at": changed.at}
    mine = update(occurrence).where(occurrence.c.id == changed.id)
    connection.execute(mine.values(edition_id=changed.edition_id or None, **values))


def finish(connection: Connection, now: datetime) -> None:
    """Mark the occurrences whose editions have left, or were cancelled, as done."""
    ended = select(tables.edition.c.id).where(tables.edition.c.state.in_(["finished", "cancelled"]))
    waiting = update(occurrence).where(occurrence.c.state == "started", occurrence.c.edition_id.in_(ended))
    connection.execute(waiting.values(state="done", at=now))


def latest(connection: Connection) -> dict[int, Occurrence]:
    """Return the newest occurrence of every schedule that had one: number of the schedule → occurrence."""
    newest = select(func.max(occurrence.c.id).label("id")).group_by(occurrence.c.schedule_id)
    found = connection.execute(_joined().where(occurrence.c.id.in_(newest)))
    return {row.schedule_id: _occurrence(row) for row in found}


def by_id(connection: Connection, number: int) -> Occurrence:
    """Return one occurrence as it stands."""
    return _occurrence(connection.execute(_joined().where(occurrence.c.id == number)).one())


def _joined() -> Any:
    plan = tables.schedule
    return select(occurrence, plan.c.campaign, plan.c.timezone).join(
        plan, plan.c.id == occurrence.c.schedule_id
    )


def _occurrence(row: Any) -> Occurrence:
    return Occurrence(
        id=row.id,
        campaign=row.campaign,
        due_at=row.due_at,
        zone=clock.find_zone(row.timezone, where=f"schedule {row.schedule_id}"),
        state=row.state,
        edition_id=row.edition_id or "",
        why=row.why,
        at=row.at,
    )
