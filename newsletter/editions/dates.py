"""Dates in words, in the languages letters are written in."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_MONTHS: Final = {
    "en": "January February March April May June July August September October November December",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "ar": "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
}
_ORDER: Final = {
    "en-us": "{month} {day}, {year}",
    "es": "{day} de {month} de {year}",
    "pt": "{day} de {month} de {year}",
    "de": "{day}. {month} {year}",
}
_FIRST_DAY: Final = {"fr": "1er", "it": "1º"}


def words(moment: date | datetime, language: str, zone: ZoneInfo) -> str:
    """Return a date in words; of an aware datetime the day that it is in ``zone``.

    Languages without a table of months get ISO 8601.

    >>> from zoneinfo import ZoneInfo
    >>> words(date(2026, 5, 1), "fr-CA", ZoneInfo("UTC"))
    '1er mai 2026'
    """
    day = day_of(moment, zone)
    tag = language.lower()
    base = tag.partition("-")[0]
    if base not in _MONTHS:
        return day.isoformat()
    order = _ORDER.get(tag) or _ORDER.get(base, "{day} {month} {year}")
    number = _FIRST_DAY.get(base, "1") if day.day == 1 else str(day.day)
    return order.format(day=number, month=_MONTHS[base].split()[day.month - 1], year=day.year)


def day_of(moment: date | datetime, zone: ZoneInfo) -> date:
    """Return the day of a date, or the day that it is in ``zone`` at an aware datetime."""
    return moment.astimezone(zone).date() if isinstance(moment, datetime) else moment
