"""Schedules: which campaign leaves when, and how often. Rows only; see `newsletter.delivery.occurrences`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import String, cast, insert, or_, select, update

from newsletter import clock
from newsletter.delivery.repeat import Repeat, parse_repeat, wall_times
from newsletter.errors import NewsletterError
from newsletter.storage.tables import schedule

if TYPE_CHECKING:
    from datetime import tzinfo

    from sqlalchemy import Connection

    from newsletter.when import When


@dataclass(frozen=True)
class Schedule:
    """One plan to send a campaign."""

    id: int
    """Number of the row."""
    campaign: str
    """Name of the campaign."""
    first: datetime
    """Wall time of the first occurrence, naive."""
    zone: tzinfo
    """Where that wall is."""
    repeat: Repeat | None
    """None for once."""
    state: str
    """``active``, ``done`` or ``cancelled``."""

    def next_at(self, now: datetime) -> datetime | None:
        """Return the first moment after ``now`` at which it is due; None when there is none."""
        if self.state != "active":
            return None
        # A day back: the wall time of an occurrence inside a clock change may lie before that of `now`.
        after = clock.wall_time(now, self.zone) - timedelta(days=1)
        moments = (
            clock.moment_of(wall, self.zone) for wall in wall_times(self.first, self.repeat, after=after)
        )
        return next((moment for moment in moments if moment > now), None)


def add(connection: Connection, campaign: str, when: When, repeat: Repeat | None, *, now: datetime) -> int:
    """Plan a campaign and return the number of the schedule.

    Raises:
        NewsletterError: the very same plan is active already.
    """
    plan = {
        "campaign": campaign,
        "first_local": when.wall.isoformat(timespec="minutes"),
        "timezone": str(when.zone),
        "every": str(repeat or ""),
        "state": "active",
    }
    same = select(schedule.c.id).filter_by(**plan)
    if (known := connection.execute(same).scalar()) is not None:
        message = f"{campaign!r} is planned for that time already (schedule {known})"
        raise NewsletterError(message)
    added = connection.execute(insert(schedule).values(created_at=now, **plan).returning(schedule.c.id))
    return int(added.scalar_one())


def rows(connection: Connection, *states: str) -> list[Schedule]:
    """Return the schedules in any of ``states``, oldest first."""
    found = connection.execute(select(schedule).where(schedule.c.state.in_(states)).order_by(schedule.c.id))
    return [
        Schedule(
            id=row.id,
            campaign=row.campaign,
            first=datetime.fromisoformat(row.first_local),
            zone=clock.find_zone(row.timezone, where=f"schedule {row.id}"),
            repeat=parse_repeat(row.every, where=f"schedule {row.id}"),
            state=row.state,
        )
        for row in found
    ]


def cancel(connection: Connection, named: str) -> list[int]:
    """Cancel the schedule with the number ``named``, or every active one of the campaign ``named``.

    What has been begun goes on; the numbers of the cancelled schedules are returned.

    Raises:
        NewsletterError: there is no such active schedule.
    """
    fits = or_(schedule.c.campaign == named, cast(schedule.c.id, String) == named)
    active = update(schedule).where(schedule.c.state == "active", fits)
    cancelled = list(connection.execute(active.values(state="cancelled").returning(schedule.c.id)).scalars())
    if not cancelled:
        raise NewsletterError(f"nothing is planned as {named!r}; see: newsletter schedule list")
    return sorted(cancelled)
