"""Dates as readers of each language expect them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from newsletter.editions.dates import words

DAY = date(2026, 3, 26)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "26 March 2026"),
        ("en-GB", "26 March 2026"),
        ("en-US", "March 26, 2026"),
        ("es-MX", "26 de marzo de 2026"),
        ("fr", "26 mars 2026"),
        ("de-AT", "26. März 2026"),
        ("pt-BR", "26 de março de 2026"),
        ("it", "26 marzo 2026"),
        ("nl", "26 maart 2026"),
        ("ar", "26 مارس 2026"),
        ("cy", "2026-03-26"),
    ],
)
def test_a_date_is_said_in_the_language_of_the_letter(language: str, expected: str) -> None:
    """A language without months of ours gets ISO 8601."""
    assert words(DAY, language, ZoneInfo("UTC")) == expected


@pytest.mark.parametrize(
    ("language", "expected"), [("fr", "1er mai 2026"), ("it", "1º maggio 2026"), ("en", "1 May 2026")]
)
def test_the_first_of_a_month_has_its_own_form(language: str, expected: str) -> None:
    """French and Italian say "first"."""
    assert words(date(2026, 5, 1), language, ZoneInfo("UTC")) == expected


def test_a_moment_is_the_day_it_is_at_the_office() -> None:
    """Late evening in UTC is the next day in Kathmandu, and still the day before in Lima."""
    moment = datetime(2026, 3, 26, 23, 0, tzinfo=UTC)

    assert words(moment, "en", ZoneInfo("Asia/Kathmandu")) == "27 March 2026"
    assert words(moment, "en", ZoneInfo("America/Lima")) == "26 March 2026"
