"""Dates as people and machines write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_FORMS: Final = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"{_MONTH}\s+{_DAY}\s*,?\s+{_YEAR}",
        rf"{_DAY}(?:\s+of)?[\s-]+{_MONTH},?[\s-]+{_YEAR}",
        rf"{_YEAR}[/.](?P<month>\d{{1,2}})[/.](?P<day>\d{{1,2}})",
    )
)
# The date and time of mail and RSS (RFC 5322): "Thu, 26 Sep 2013 10:00:00 +0200".
_RFC = re.compile(r"(?:[a-z]{3},? +)?\d{1,2} +[a-z]{3} +\d{2,4} +\d{1,2}:\d{2}", re.IGNORECASE)
_NUMERIC = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
# What surrounds a date on a page and says nothing about the day.
_BEFORE = re.compile(
    r"^(?:(?:first\s+)?(?:published|posted|updated|last\s+updated|written|date)\b\s*(?:on\b)?\s*:?\s*)?"
    r"(?:on\s+)?(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?\s*,?\s+)?",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?:\s*[,|@–-]?\s*(?:at\s+)?\d{1,2}(?:[:.]\d{2}){0,2}\s*(?:[ap]\.?m\.?)?\s*(?:[A-Z]{2,4})?)?\s*[.|]?$",  # noqa: RUF001 - the dash that pages print
    re.IGNORECASE,
)


def parse_date(text: str) -> date | datetime | None:
    """Return the day or moment a text states, or None when it states none, or not clearly.

    A moment with a zone (ISO 8601, RFC 5322) becomes an aware UTC datetime; everything else a
    plain date. ``26/09/2013`` is clear, ``05/06/2013`` is not.

    >>> parse_date("Posted on Sept. 26th, 2013")
    datetime.date(2013, 9, 26)
    >>> parse_date("05/06/2013") is None
    True
    """
    text = " ".join(text.split())
    if not text or len(text) > 100:
        return None
    return _machine_form(text) or _english_form(text)


def _machine_form(text: str) -> date | datetime | None:
    try:
        moment = parsedate_to_datetime(text) if _RFC.match(text) else datetime.fromisoformat(text)
    except (ValueError, TypeError, IndexError):
        return None
    if moment.tzinfo is None:
        return moment.date()
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None


def _english_form(text: str) -> date | None:
    text = _BEFORE.sub("", text, count=1)
    for form in _FORMS:
        if (found := form.match(text)) and _AFTER.fullmatch(text, found.end()):
            month = found["month"].lower()
            number = int(month) if month.isdigit() else _MONTHS.index(month[:3]) + 1
            return _day(int(found["year"]), number, int(found["day"]))
    if (found := _NUMERIC.match(text)) and _AFTER.fullmatch(text, found.end()):
        first, second, year = (int(part) for part in found.groups())
        if first == second or second > 12:
            return _day(year, first, second)
        if first > 12:
            return _day(year, second, first)
    return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
