"""Dates as pages write them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.posts.dates import parse_date

DAY = date(2013, 9, 26)


@pytest.mark.parametrize(
    "text",
    [
        "September 26, 2013",
        "26 September 2013",
        "Sept. 26, 2013",
        "Sep 26 2013",
        "26th of September, 2013",
        "September 26th, 2013",
        "Thursday, September 26, 2013",
        "Thu 26 Sep 2013",
        "26-Sep-2013",
        "26/09/2013",
        "09/26/2013",
        "26.09.2013",
        "2013/09/26",
        "2013-09-26",
        "Published: September 26, 2013",
        "Posted on September 26, 2013 at 3:15 pm",
        "Last updated on 26 September 2013 | 09:30",
        "  SEPTEMBER\u00a026,   2013 ",
    ],
)
def test_the_usual_forms_are_understood(text: str) -> None:
    """One day, many ways."""
    assert parse_date(text) == DAY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "05/06/2013",
        "30 February 2013",
        "September 2013",
        "2013",
        "In September 26, 2013 seemed far away",
        "26 September 2013 was a fine day for a count",
        "May the river rise",
        "99/99/9999",
        "x" * 1000,
    ],
)
def test_what_is_no_clear_date_is_none(text: str) -> None:
    """A guess would be printed as a fact."""
    assert parse_date(text) is None


@pytest.mark.parametrize(
    "text", ["2013-09-26T12:30:00+02:00", "2013-09-26T10:30:00Z", "Thu, 26 Sep 2013 12:30:00 +0200"]
)
def test_a_moment_with_a_zone_is_utc(text: str) -> None:
    """ISO 8601 and RFC 5322."""
    assert parse_date(text) == datetime(2013, 9, 26, 10, 30, tzinfo=UTC)


def test_a_moment_without_a_zone_is_a_day() -> None:
    """Nobody knows whose half past ten it is."""
    assert parse_date("2013-09-26T10:30:00") == DAY


@given(st.dates(min_value=date(1000, 1, 1)))
def test_every_day_is_read_back_from_words_and_iso(day: date) -> None:
    """No month and no day is special."""
    assert parse_date(day.isoformat()) == day
    assert parse_date(f"{day:%B} {day.day}, {day.year}") == day
    assert parse_date(f"{day.day} {day:%b} {day.year}") == day


@given(st.text(max_size=120))
def test_no_text_makes_it_fail(text: str) -> None:
    """Any line of a page may be asked."""
    parse_date(text)
