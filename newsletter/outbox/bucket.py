"""One bucket: how many letters may leave at a moment, and when the next ones may. Pure arithmetic.

Letters per second are a token bucket that holds one second's worth, and one
letter at least; days and months are counted as UTC's calendar has them. Moments
are seconds since 1970, as in the table ``bucket``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

DAY_S: Final = 86_400
STRIDE_S: Final = 0.2
"""Whoever waits comes back for the letters of so long a time, not for each alone."""
START_PER_SECOND: Final = 5.0
"""Letters per second that a key without a limit is taken to stand, once it has said that we are too fast."""
LOWEST_PER_SECOND: Final = 1 / 60
"""No refusal makes letters leave more slowly than one a minute."""
RECOVERED_PER_S: Final = 0.1 / 60
"""Share of the full rate that a slowed bucket gets back: a tenth per minute."""
HALVED_EVERY_S: Final = 5.0
"""Refusals within so long a time are answers to the same haste."""
MENDED_CLOCK_S: Final = 600.0
"""A bucket that is further ahead than this was counted by a wrong clock; machines differ by less."""
_SLACK: Final = 1e-3
"""A token that lacks less is whole: moments are rounded to microseconds."""
_UNLIMITED: Final = 1 << 62
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Limit:
    """What one key may do; 0 and empty mean no limit."""

    per_second: float = 0
    """Letters per second."""
    per_day: int = 0
    """Letters per UTC day."""
    per_month: int = 0
    """Letters per calendar month, UTC."""
    warm_up: tuple[int, ...] = ()
    """Letters on the first day it is used, on the second, …; afterwards ``per_day``."""

    def __bool__(self) -> bool:
        """Tell whether it limits anything."""
        return bool(self.per_second or self.per_day or self.per_month or self.warm_up)

    def of_day(self, days_before: int) -> int:
        """Return the letters of a day after so many days of use; 0: no limit."""
        if days_before < len(self.warm_up):
            return min(self.warm_up[days_before], self.per_day or _UNLIMITED)
        return self.per_day


@dataclass
class Bucket:
    """The count of one key, as in its row; `count_to` brings it to a moment before anything is asked."""

    limit: Limit
    """What the key may do."""
    key: str
    """``channel:<name>``, ``from:<domain>`` or ``to:<domain>``."""
    at: float
    """The moment it is counted to."""
    tokens: float
    """Letters that may leave at once."""
    day: int = 0
    """Day of ``day_used``, days since 1970; 0: it has no limit."""
    day_used: int = 0
    """Letters of that day."""
    days_before: int = 0
    """Earlier days on which letters left."""
    month: int = 0
    """Month of ``month_used``: 12 times the year, plus the month from 0."""
    month_used: int = 0
    """Letters of that month."""
    pace: float = 0
    """Letters per second when it was slowed down; 0: it never was."""
    slowed_at: float = 0
    """When that was."""
    closed_until: float = 0
    """Nothing leaves before, as the service asked."""

    @property
    def rate(self) -> float:
        """Return the letters per second that hold; 0: no limit."""
        if self.pace:
            recovered = self.pace + self._full * RECOVERED_PER_S * max(0.0, self.at - self.slowed_at)
            if recovered < self._full:
                return recovered
        return self.limit.per_second

    @property
    def is_slowed(self) -> bool:
        """Tell whether less may leave than the limit says, because the service said so."""
        return self.is_closed or self.rate != self.limit.per_second

    @property
    def is_closed(self) -> bool:
        """Tell whether the service wants to be left alone."""
        return self.closed_until - self.at > 1e-6

    @property
    def today_left(self) -> int | None:
        """Return the letters left of the day; None: days have no limit."""
        of_day = self.limit.of_day(self.days_before)
        return max(0, of_day - self.day_used) if of_day else None

    @property
    def month_left(self) -> int | None:
        """Return the letters left of the month; None: months have no limit."""
        return max(0, self.limit.per_month - self.month_used) if self.limit.per_month else None

    @property
    def free(self) -> int:
        """Return how many letters may leave now."""
        if self.is_closed:
            return 0
        free = math.floor(self.tokens + _SLACK) if self.rate else _UNLIMITED
        for left in (self.today_left, self.month_left):
            free = free if left is None else min(free, left)
        return max(0, free)

    @property
    def opens_at(self) -> float:
        """Return the moment from which day, month and the service's own wish let letters go."""
        opens_at = self.closed_until if self.is_closed else self.at
        if self.today_left == 0:
            opens_at = max(opens_at, (self.day + 1) * DAY_S)
        if self.month_left == 0:
            opens_at = max(opens_at, _start_of(self.month + 1))
        return opens_at

    def ready_at(self, wanted: int) -> float:
        """Return when it is worth asking again for so many letters, one at least."""
        if not self.rate:
            return self.opens_at
        worthwhile = max(1, min(wanted, math.floor(self.rate * STRIDE_S)))
        return max(self.opens_at, self.at + max(0.0, worthwhile - self.tokens) / self.rate)

    def count_to(self, now: float) -> None:
        """Fill in what the time since the last count has earned; time never runs backwards here."""
        if (ahead := self.at - now) > MENDED_CLOCK_S:
            self.at -= ahead
            self.slowed_at -= ahead
            self.closed_until -= ahead
            self.day, self.month = _day_of(now), _month_of(now)
        now = max(self.at, now)
        # The rate at the start: a slowed bucket recovers on the way, and must not earn too much.
        earned = (now - self.at) * self.rate
        self.at = now
        self.tokens = min(self.tokens + earned, burst_of(self.rate))
        if self.limit and self.day != (today := _day_of(now)):
            self.days_before += self.day_used > 0
            self.day, self.day_used = today, 0
        if self.limit and self.month != (this_month := _month_of(now)):
            self.month, self.month_used = this_month, 0

    def take(self, count: int) -> None:
        """Count letters that leave; a negative number: letters that did not leave after all."""
        if self.rate:
            self.tokens = min(self.tokens - count, burst_of(self.rate))
        if self.limit:
            self.day_used = max(0, self.day_used + count)
            self.month_used = max(0, self.month_used + count)

    def slow_down(self, retry_after_s: float | None) -> None:
        """Halve the rate, and close for as long as the service asks."""
        if retry_after_s is not None:
            self.closed_until = max(self.closed_until, self.at + retry_after_s)
        if self.pace and self.at - self.slowed_at < HALVED_EVERY_S:
            return
        rate = self.rate or self._full
        self.pace = min(rate, max(rate / 2, LOWEST_PER_SECOND))
        self.slowed_at = self.at
        self.tokens = min(self.tokens, 0.0)

    @property
    def _full(self) -> float:
        return self.limit.per_second or START_PER_SECOND


def moment_of(at: float) -> datetime:
    """Return seconds since 1970 as an aware UTC moment."""
    return _EPOCH + timedelta(seconds=at)


def burst_of(rate: float) -> float:
    """Return how many letters may leave at once at a rate per second."""
    return max(1.0, rate)


def _day_of(at: float) -> int:
    return math.floor(at / DAY_S)


def _month_of(at: float) -> int:
    day = moment_of(at)
    return day.year * 12 + day.month - 1


def _start_of(month: int) -> float:
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()
