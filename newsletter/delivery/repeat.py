"""How a schedule repeats.

Wall times are counted from the first one, so that neither clock changes nor
short months can shift the later ones.
"""

from __future__ import annotations

import calendar
import itertools
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from newsletter.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 366
"""Longest distance of two occurrences, in whatever unit."""


@dataclass(frozen=True)
class Repeat:
    """``week``, ``2 weeks``, ``month``.

    >>> str(Repeat(1, "week")), str(Repeat(2, "week"))
    ('week', '2 weeks')
    """

    count: int
    """How many units lie between two occurrences."""
    unit: str
    """``day``, ``week`` or ``month``."""

    def __str__(self) -> str:
        """Return the words that `parse_repeat` reads."""
        return self.unit if self.count == 1 else f"{self.count} {self.unit}s"


def parse_repeat(words: str, *, where: str = "--every") -> Repeat | None:
    """Read ``day``, ``week``, ``month`` or a number of them; empty words mean once, None.

    Raises:
        ConfigError: anything else; ``where`` is the option or setting that the words come from.
    """
    if not words.strip():
        return None
    found = re.fullmatch(r"(?:(\d{1,3}) )?(day|week|month)s?", " ".join(words.casefold().split()))
    count = int(found[1] or 1) if found else 0
    if found is None or not 1 <= count <= MOST:
        raise ConfigError(
            f"{words!r} is no repeat; write day, week, month, or a number: '2 weeks'", where=where
        )
    return Repeat(count, found[2])


def wall_times(
    first: datetime, repeat: Repeat | None, *, after: datetime | None = None
) -> Iterator[datetime]:
    """Yield the wall times of a schedule in order, later than ``after``; without end when it repeats.

    A month without the first one's day uses its last day:

    >>> times = wall_times(datetime(2027, 1, 31, 9), Repeat(1, "month"))
    >>> [f"{next(times):%d %b}" for _ in range(3)]
    ['31 Jan', '28 Feb', '31 Mar']
    """
    if repeat is None:
        yield from [first] if after is None or first > after else []
        return
    start = 0 if after is None else _steps_until(first, repeat, after)
    for step in itertools.count(start):
        wall = _step(first, repeat, step)
        if after is None or wall > after:
            yield wall


def _step(first: datetime, repeat: Repeat, step: int) -> datetime:
    units = repeat.count * step
    if repeat.unit != "month":
        return first + timedelta(days=units * (7 if repeat.unit == "week" else 1))
    year, month = divmod(first.year * 12 + first.month - 1 + units, 12)
    last_day = calendar.monthrange(year, month + 1)[1]
    return first.replace(year=year, month=month + 1, day=min(first.day, last_day))


def _steps_until(first: datetime, repeat: Repeat, after: datetime) -> int:
    """Return a step at or shortly before ``after``; years of a daily schedule are not counted through."""
    if repeat.unit == "month":
        units = (after.year - first.year) * 12 + after.month - first.month - 1
    else:
        units = (after - first).days // (7 if repeat.unit == "week" else 1)
    return max(0, units // repeat.count)
