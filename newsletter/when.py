"""Words that name a time, read in the office's zone: ``Tue 09:00``, ``tomorrow 8am``, ``1 December at noon``.

Nothing is guessed: words with two readings are refused with both readings
spelled out, and callers echo what was understood with `newsletter.clock.in_full`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from newsletter import clock
from newsletter.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

FURTHEST_YEARS: Final = 5
"""A time further away than this is a slip of the keyboard."""
JUST_PASSED: Final = timedelta(days=31)
"""A date without a year that passed within this is refused; one longer gone means next year's."""
EXAMPLES: Final = "'Tue 09:00', '2026-12-01 09:00', 'tomorrow 8am', '1 December at noon', 'in 2 hours'"

_TIME = r"noon|midnight|\d{1,2}(?:[:.]\d{2})?(?: ?[ap]\.?m\.?)?"
_DAY_THEN_TIME = re.compile(rf"(?:on )?(?:(?P<day>(?!at ).+?) )?(?:at )?(?P<time>{_TIME})")
_TIME_THEN_DAY = re.compile(rf"(?:at )?(?P<time>{_TIME}) (?:on )?(?P<day>.+)")
_RELATIVE = re.compile(rf"in (an?|\d{{1,4}}) (min(?:ute)?|h(?:our)?|day|week)s?(?: (?:at )?({_TIME}))?")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})(?:/(\d{4}))?")
_DAY_MONTH = re.compile(
    r"(?:the )?(?P<day>\d{1,2})(?:st|nd|rd|th)?(?: of)? (?P<month>[a-z]+\.?)(?: (?P<year>\d{4}))?"
)
_MONTH_DAY = re.compile(r"(?P<month>[a-z]+\.?) (?P<day>\d{1,2})(?:st|nd|rd|th)?(?: (?P<year>\d{4}))?")
_STAMP = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?::00)?(Z|[+-]\d{2}:?\d{2})?", re.IGNORECASE)
_ZONE = re.compile(r"(.+?) (UTC|GMT|Z|(?:UTC|GMT)[+-]\d[\d:]*|[a-z][a-z_]*(?:/[\w+-]+)+)", re.IGNORECASE)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

Reading = tuple[date, ...]
"""One meaning of the words for a day: the dates that fit, of which the first still ahead is taken."""


@dataclass(frozen=True)
class When:
    """A time as a person said it."""

    wall: datetime
    """What the clock on the wall shows, naive, whole minutes; clocks may skip it."""
    zone: tzinfo
    """Where that clock hangs."""

    @property
    def at(self) -> datetime:
        """Return the moment, aware, in UTC."""
        return clock.moment_of(self.wall, self.zone)


def parse_when(text: str, zone: tzinfo, now: datetime, *, where: str = "--at") -> When:
    """Return the time that ``text`` names, always after ``now``.

    ``zone`` is where times without a zone are meant; a zone in the words wins.
    ``where`` is the option or setting that the words come from.

    Raises:
        ConfigError: the words are not understood, have two readings, or name a time that has passed.
    """
    try:
        words, zone = _split_zone(" ".join(text.replace(",", " ").split()), zone, where)
        when = _read(words.casefold(), zone, now)
    except ValueError as error:
        raise ConfigError(str(error), where=where) from None
    if when is None:
        raise ConfigError(_not_understood(text), where=where)
    if when.at <= now:
        passed = clock.in_full(when.at, when.zone, now)
        raise ConfigError(f"{passed} has passed; give a time that is still ahead", where=where)
    return when


def _split_zone(text: str, zone: tzinfo, where: str) -> tuple[str, tzinfo]:
    """Take the zone off the end of the words: a name, or the offset of an ISO stamp."""
    named = _ZONE.fullmatch(text)
    words, name = (named[1], named[2]) if named else (text, "")
    if stamp := _STAMP.fullmatch(words):
        if name and stamp[3]:
            raise ValueError(f"{stamp[3]!r} and {name!r} are two time zones; give one of them")
        words, name = f"{stamp[1]} {stamp[2]}", name or stamp[3]
    return words, clock.find_zone(name, where=where) if name else zone


def _read(words: str, zone: tzinfo, now: datetime) -> When | None:
    """Return what the words mean, or None; a ValueError says what is wrong with them."""
    if relative := _RELATIVE.fullmatch(words):
        return _later(relative, zone, now)
    here = clock.wall_time(now, zone)
    if words and _days(words, here.date()):
        raise ValueError(f"say at what time: '{words} 09:00'")
    for form in (_DAY_THEN_TIME, _TIME_THEN_DAY):
        if (found := form.fullmatch(words)) and (readings := _days(found["day"] or "", here.date())):
            if found["time"] == "midnight" and found["day"] == "today":
                readings = [(here.date() + timedelta(days=1),)]
            elif found["time"] == "midnight" and found["day"]:
                # The one at the start of that day, or the one at its end?
                readings += [tuple(day + timedelta(days=1) for day in dates) for dates in readings]
            return When(_only(readings, _clock(found["time"]), zone, now, words), zone)
    return None


def _later(relative: re.Match[str], zone: tzinfo, now: datetime) -> When:
    """Read ``in 2 hours`` as time elapsed, ``in 3 days`` as the same clock time three days on."""
    ahead = _UNITS[relative[2][0]] * (1 if relative[1].startswith("a") else int(relative[1]))
    if ahead.days > FURTHEST_YEARS * 366:
        raise ValueError(f"'{relative[0]}' is far away; check the number")
    minute = now.replace(second=0, microsecond=0)
    start = minute if minute == now else minute + timedelta(minutes=1)
    if relative[2][0] in "dw":
        wall = clock.wall_time(start, zone) + ahead
        return When(datetime.combine(wall, _clock(relative[3])) if relative[3] else wall, zone)
    if relative[3]:
        raise ValueError(f"'{relative[0]}' says two times; give one of them")
    moment = start + ahead
    when = When(clock.wall_time(moment, zone), zone)
    # Clocks going back show some times twice; only UTC can name the second.
    return when if when.at == moment else When(moment.replace(tzinfo=None), UTC)


def _only(readings: Sequence[Reading], at: time, zone: tzinfo, now: datetime, words: str) -> datetime:
    """Return the one wall time that all readings agree on."""
    meant: set[datetime] = set()
    for dates in readings:
        walls = [datetime.combine(day, at) for day in dates]
        meant.add(next((wall for wall in walls if clock.moment_of(wall, zone) > now), walls[-1]))
    if len(meant) > 1:
        spelled = " or ".join(f"{clock.in_words(wall)}, {wall:%H:%M}" for wall in sorted(meant))
        raise ValueError(
            f"'{words}' can mean {spelled}; write the date in full: '{min(meant):%Y-%m-%d %H:%M}'"
        )
    return meant.pop()


def _clock(words: str) -> time:
    """Return the time of day: ``9``, ``9am``, ``9:30``, ``9.30pm``, ``noon``, ``midnight``."""
    if words in {"noon", "midnight"}:
        return time(12 if words == "noon" else 0)
    hour, minute, half = re.fullmatch(r"(\d+)(?:[:.](\d+))? ?([ap])?.*", words).groups()  # type: ignore[union-attr] # _TIME matched
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            raise ValueError(f"there is no {words!r} on a clock")
        hours = hours % 12 + (12 if half == "p" else 0)
    try:
        return time(hours, int(minute or 0))
    except ValueError:
        raise ValueError(f"there is no {words!r} on a clock") from None


def _days(words: str, today: date) -> list[Reading]:
    """Return the readings of words that name a day; none when they do not name one."""
    if words in {"", "today", "tomorrow"}:
        tomorrow = today + timedelta(days=1)
        return [{"": (today, tomorrow), "today": (today,), "tomorrow": (tomorrow,)}[words]]
    if iso := _ISO.fullmatch(words):
        return [(_in_year(iso[1], int(iso[2]), int(iso[3]), today),)]
    if slashed := _SLASHED.fullmatch(words):
        first, second = int(slashed[1]), int(slashed[2])
        pairs = {(month, day) for month, day in ((first, second), (second, first)) if month <= 12}
        return [(_in_year(slashed[3], month, day, today),) for month, day in pairs]
    return _weekday(words, today) or _month_day(words, today)


def _weekday(words: str, today: date) -> list[Reading]:
    """Read ``[this|next] <weekday>``."""
    which, _, name = words.rpartition(" ")
    index = _named(name, clock.WEEKDAYS)
    if index is None or which not in {"", "this", "next"}:
        return []
    nearest = today + timedelta(days=(index - today.weekday()) % 7)
    if which == "this":
        return [(nearest,)]
    if not which:
        return [(nearest, nearest + timedelta(days=7))]
    if nearest == today:
        return [(today + timedelta(days=7),)]
    # Days left of this week, whether weeks start on Monday or on Sunday: a day in it has two readings.
    left = max(6 - today.weekday(), (5 - today.weekday()) % 7)
    ambiguous = nearest <= today + timedelta(days=left)
    return [(nearest,), (nearest + timedelta(days=7),)] if ambiguous else [(nearest,)]


def _month_day(words: str, today: date) -> list[Reading]:
    """Read ``1 December``, ``Dec 1st 2026``, ``Tuesday 1 December``."""
    first, _, rest = words.partition(" ")
    weekday = _named(first, clock.WEEKDAYS)
    plain = words if weekday is None else rest
    found = _DAY_MONTH.fullmatch(plain) or _MONTH_DAY.fullmatch(plain)
    month = _named(found["month"], clock.MONTHS) if found else None
    if found is None or month is None:
        return []
    day = _in_year(found["year"], month + 1, int(found["day"]), today)
    if weekday is not None and day.weekday() != weekday:
        raise ValueError(f"{clock.in_words(day)} is not a {clock.WEEKDAYS[weekday]}")
    return [(day,)]


def _in_year(said: str | None, month: int, day: int, today: date) -> date:
    """Return the date in the year said, else in this year, or in the next when it is long gone."""
    year = int(said) if said else today.year
    if not 1970 <= year <= today.year + FURTHEST_YEARS:
        raise ValueError(f"the year {year} is far away; check it")
    found = _date(year, month, day)
    gone = not said and found < today - JUST_PASSED
    return _date(year + 1, month, day) if gone else found


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"there is no {year:04}-{month:02}-{day:02} in the calendar") from None


def _named(word: str, names: Sequence[str]) -> int | None:
    """Return the index of a name written in full or shortened to three letters or more."""
    short = word.removesuffix(".")
    fits = [index for index, name in enumerate(names) if name.casefold().startswith(short)]
    return fits[0] if len(short) >= 3 and fits else None


def _not_understood(text: str) -> str:
    short = re.search(r"(?<= )[A-Z]{3,4}$", text)
    if short and _named(short[0].casefold(), (*clock.WEEKDAYS, *clock.MONTHS)) is None:
        return f"{short[0]!r} can mean several time zones; write one like 'America/New_York' or 'UTC+2'"
    return f"{text!r} is not a time that can be read; write one like {EXAMPLES}"
