"""Zones, wall times that clocks skip or repeat, and moments said in full."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from newsletter import clock
from newsletter.errors import ConfigError

ZONES = (
    "America/New_York",
    "Europe/London",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Africa/Casablanca",
)
MONDAY = datetime(2026, 11, 23, 18, tzinfo=UTC)


@time_machine.travel(MONDAY, tick=False)
def test_now_is_aware_and_in_utc() -> None:
    """Nothing else asks the system for the time."""
    assert clock.now() == MONDAY
    assert clock.now().tzinfo is UTC


@pytest.mark.parametrize(
    ("name", "offset_h"),
    [
        ("UTC", 0),
        ("Z", 0),
        ("utc+2", 2),
        ("UTC-03:30", -3.5),
        ("+0530", 5.5),
        ("GMT-11", -11),
        ("UTC+14", 14),
    ],
)
def test_an_offset_is_a_zone(name: str, offset_h: float) -> None:
    """People who know their offset may write it."""
    assert clock.find_zone(name).utcoffset(None) == timedelta(hours=offset_h)


@pytest.mark.parametrize("name", ["UTC", "UTC+02:00", "UTC-03:30", "Europe/London"])
def test_a_zone_is_found_again_by_its_own_name(name: str) -> None:
    """Schedules are stored with that name."""
    assert str(clock.find_zone(name)) == name


def test_capitals_do_not_matter() -> None:
    """Staff write zones as they like."""
    assert clock.find_zone("america/new_york") == ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Europe/Lodnon", "did you mean 'Europe/London'?"),
        ("../../etc/passwd", "not a time zone"),
        ("America", "not a time zone"),
        ("", "not a time zone"),
        ("UTC+15", "as far from UTC"),
    ],
)
def test_a_wrong_zone_is_named_with_its_setting(name: str, why: str) -> None:
    """One line, exit code 2."""
    with pytest.raises(ConfigError, match=r"config\.toml:5 \(organisation\.timezone\)") as caught:
        clock.find_zone(name, where="config.toml:5 (organisation.timezone)")
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("zone", "skipped", "first_after"),
    [
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T03:00"),
        ("Europe/London", "2026-03-29T01:00", "2026-03-29T02:00"),
        ("Australia/Sydney", "2026-10-04T02:59", "2026-10-04T03:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:10", "2026-10-04T02:30"),
        ("Africa/Cairo", "2026-04-24T00:00", "2026-04-24T01:00"),
        ("Africa/Casablanca", "2026-03-22T02:15", "2026-03-22T03:00"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-31T00:00"),
    ],
)
def test_a_skipped_time_is_the_first_instant_after_the_gap(zone: str, skipped: str, first_after: str) -> None:
    """Clocks go forward, by an hour, by half of one, or by a whole day."""
    moment = clock.moment_of(datetime.fromisoformat(skipped), ZoneInfo(zone))

    assert clock.wall_time(moment, ZoneInfo(zone)) == datetime.fromisoformat(first_after)
    assert moment.second == moment.microsecond == 0


@pytest.mark.parametrize(
    ("zone", "twice", "first"),
    [
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30"),
        ("Europe/London", "2026-10-25T01:00", "2026-10-25T00:00"),
        ("Australia/Sydney", "2026-04-05T02:30", "2026-04-04T15:30"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45"),
        ("Africa/Cairo", "2026-10-29T23:30", "2026-10-29T20:30"),
        ("Africa/Casablanca", "2026-02-15T02:30", "2026-02-15T01:30"),
    ],
)
def test_a_repeated_time_is_the_first_of_the_two(zone: str, twice: str, first: str) -> None:
    """Clocks go back."""
    moment = clock.moment_of(datetime.fromisoformat(twice), ZoneInfo(zone))

    assert moment == datetime.fromisoformat(first).replace(tzinfo=UTC)


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    minutes=st.integers(0, 60 * 24 * 366 * 5),
)
def test_a_wall_time_comes_back_unless_clocks_skip_it(zone: ZoneInfo, minutes: int) -> None:
    """And when they do, it comes back later, at the end of the gap."""
    wall = datetime(2024, 1, 1) + timedelta(minutes=minutes)  # noqa: DTZ001 - a wall time has no zone

    moment = clock.moment_of(wall, zone)
    shown = clock.wall_time(moment, zone)

    assert moment.tzinfo is UTC
    assert shown >= wall
    if shown > wall:
        just_before = clock.wall_time(moment - timedelta(seconds=1), zone)
        assert just_before < wall


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (timedelta(days=7, hours=15), "in 7 days 15 h"),
        (timedelta(days=1), "in 1 day"),
        (timedelta(days=30, hours=15), "in 30 days"),
        (timedelta(hours=2, minutes=5), "in 2 h 5 min"),
        (timedelta(hours=3), "in 3 h"),
        (timedelta(minutes=1, seconds=59), "in 1 min"),
        (timedelta(seconds=5), "in less than a minute"),
        (-timedelta(minutes=90), "1 h 30 min ago"),
    ],
)
def test_the_distance_is_said_in_two_units(ahead: timedelta, said: str) -> None:
    """As exact as people need it."""
    assert clock.in_full(MONDAY + ahead, UTC, MONDAY).endswith(f"UTC ({said})")


def test_a_moment_is_said_in_its_zone_with_weekday_and_year() -> None:
    """Nobody can take it for another day."""
    moment = datetime(2026, 12, 1, 14, tzinfo=UTC)

    said = clock.in_full(moment, ZoneInfo("America/New_York"), MONDAY)

    assert said == "Tuesday 1 December 2026, 09:00 America/New_York (in 7 days 20 h)"


def test_a_time_that_clocks_show_twice_is_said_with_its_offset() -> None:
    """01:30 alone would not tell which."""
    first, second = datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    zone = ZoneInfo("America/New_York")

    assert "01:30 America/New_York UTC-04:00 (" in clock.in_full(first, zone, MONDAY)
    assert "01:30 America/New_York UTC-05:00 (" in clock.in_full(second, zone, MONDAY)
