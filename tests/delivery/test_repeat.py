"""Repeats are counted on the clock on the wall, from the first time."""

from datetime import datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.repeat import Repeat, parse_repeat, wall_times
from newsletter.errors import ConfigError


def wall(text: str) -> datetime:
    """Read a wall time."""
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("words", "repeat"),
    [
        ("", None),
        ("day", Repeat(1, "day")),
        ("Week", Repeat(1, "week")),
        ("1 week", Repeat(1, "week")),
        ("2 weeks", Repeat(2, "week")),
        (" 10  days ", Repeat(10, "day")),
        ("month", Repeat(1, "month")),
        ("3 months", Repeat(3, "month")),
    ],
)
def test_words_are_a_repeat(words: str, repeat: Repeat | None) -> None:
    """Also as they are stored: the words of a repeat are read as the same repeat."""
    assert parse_repeat(words) == repeat
    assert parse_repeat(str(repeat or "")) == repeat


@pytest.mark.parametrize("words", ["fortnight", "0 days", "-1 week", "367 days", "every week", "weekly", "2"])
def test_other_words_are_refused_with_the_grammar(words: str) -> None:
    """The setting is named."""
    with pytest.raises(ConfigError, match=r"campaign\.toml:9 \(schedule\.every\).*'2 weeks'"):
        parse_repeat(words, where="campaign.toml:9 (schedule.every)")


def test_a_month_without_that_day_uses_its_last_one() -> None:
    """And the day comes back in the months that have it."""
    times = wall_times(wall("2027-01-31T09:00"), Repeat(1, "month"))

    assert [f"{time:%m-%d %H:%M}" for time in islice(times, 5)] == [
        "01-31 09:00",
        "02-28 09:00",
        "03-31 09:00",
        "04-30 09:00",
        "05-31 09:00",
    ]


def test_a_leap_day_waits_for_no_leap_year() -> None:
    """Every twelve months from 29 February."""
    times = wall_times(wall("2028-02-29T09:00"), Repeat(12, "month"))

    assert [time.date().isoformat() for time in islice(times, 5)] == [
        "2028-02-29",
        "2029-02-28",
        "2030-02-28",
        "2031-02-28",
        "2032-02-29",
    ]


def test_once_is_once() -> None:
    """Nothing follows."""
    first = wall("2026-12-01T09:00")

    assert list(wall_times(first, None)) == [first]
    assert list(wall_times(first, None, after=first)) == []


@given(
    first=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - wall times have no zone
    repeat=st.builds(Repeat, st.integers(1, 40), st.sampled_from(["day", "week", "month"])),
    ahead_days=st.integers(-100, 4000),
)
def test_going_on_from_a_time_skips_and_repeats_nothing(
    first: datetime, repeat: Repeat, ahead_days: int
) -> None:
    """Starting in the middle gives the same times as counting through all of them."""
    after = first + timedelta(days=ahead_days)

    resumed = list(islice(wall_times(first, repeat, after=after), 3))

    counted = (time for time in wall_times(first, repeat) if time > after)
    assert resumed == list(islice(counted, 3))
    assert all(time.time() == first.time() for time in resumed)
