"""The time: now, zones, wall times that clocks skip or repeat, and moments said in full."""

from __future__ import annotations

import difflib
import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from newsletter.errors import ConfigError

# Names of our own: `calendar` and `strftime` speak the machine's language.
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

MAX_OFFSET = timedelta(hours=14)
"""No place on Earth is further from UTC."""

_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def find_zone(name: str, *, where: str = "--timezone") -> tzinfo:
    """Return the zone called ``name``: an IANA name, ``UTC``, or an offset like ``UTC+2`` or ``+05:30``.

    >>> str(find_zone("europe/london")), str(find_zone("UTC-3:30"))
    ('Europe/London', 'UTC-03:30')

    Raises:
        ConfigError: there is no such zone; ``where`` is the setting or option that named it.
    """
    if name.upper() in {"UTC", "GMT", "Z"}:
        return UTC
    if offset := _OFFSET.fullmatch(name):
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        if ahead > MAX_OFFSET:
            raise ConfigError(f"no time zone is as far from UTC as {name!r}", where=where)
        return timezone(-ahead if offset[1] == "-" else ahead)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(_nearest_name(name, where))


def moment_of(wall: datetime, zone: tzinfo) -> datetime:
    """Return the UTC moment at which clocks in ``zone`` show ``wall``, a naive time of whole seconds.

    A time shown twice (clocks go back) is the first of the two; a time that is
    skipped (clocks go forward) is the first instant after the gap. See PEP 495.

    >>> moment_of(datetime(2026, 3, 29, 1, 30), ZoneInfo("Europe/London")).isoformat()
    '2026-03-29T01:00:00+00:00'
    """
    after = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if wall_time(after, zone) == wall:
        return after
    # In a gap fold=0 lands after the change and fold=1 before it; the change is searched between the two.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    changed = after.astimezone(zone).utcoffset()
    while (width_s := int((after - before).total_seconds())) > 1:
        middle = before + timedelta(seconds=width_s // 2)
        if middle.astimezone(zone).utcoffset() == changed:
            after = middle
        else:
            before = middle
    return after


def wall_time(moment: datetime, zone: tzinfo) -> datetime:
    """Return what clocks in ``zone`` show at ``moment``, naive."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def in_full(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """Say a moment so that nobody can misread it.

    >>> tuesday, monday = datetime(2026, 12, 1, 9, tzinfo=UTC), datetime(2026, 11, 23, 18, tzinfo=UTC)
    >>> in_full(tuesday, ZoneInfo("Europe/London"), monday)
    'Tuesday 1 December 2026, 09:00 Europe/London (in 7 days 15 h)'
    """
    local = moment.astimezone(zone)
    name = str(zone)
    if local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset():
        name += f" UTC{local.isoformat()[-6:]}"  # clocks show this time twice; the offset tells which
    return f"{in_words(local)}, {local:%H:%M} {name} ({_distance(moment - now)})"


def in_words(day: date) -> str:
    """Return ``Tuesday 1 December 2026``."""
    return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"


def _nearest_name(name: str, where: str) -> str:
    """Return the zone's name in its own capitals, or say which one was probably meant."""
    names = {known.casefold(): known for known in available_timezones()}
    if known := names.get(name.casefold()):
        return known
    close = difflib.get_close_matches(name.casefold(), names, n=1)
    hint = f"did you mean {names[close[0]]!r}?" if close else "write one like 'Europe/London' or 'UTC+2'"
    raise ConfigError(f"{name!r} is not a time zone; {hint}", where=where)


def _distance(ahead: timedelta) -> str:
    minutes = int(abs(ahead).total_seconds()) // 60
    days, hours = divmod(minutes // 60, 24)
    if days:
        spelled = f"{days} day{'s' if days > 1 else ''}" + (f" {hours} h" if hours and days < 30 else "")
    elif hours:
        spelled = f"{hours} h" + (f" {minutes % 60} min" if minutes % 60 else "")
    else:
        spelled = f"{minutes} min" if minutes else "less than a minute"
    return f"{spelled} ago" if ahead < timedelta() else f"in {spelled}"
