"""Words become one time, or are refused."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import clock
from newsletter.errors import ConfigError
from newsletter.when import parse_when

LONDON = ZoneInfo("Europe/London")
MONDAY = datetime(2026, 11, 23, 18, tzinfo=UTC)
"""18:00 in London, too."""
ZONES = (
    "America/New_York",
    "Europe/London",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Africa/Casablanca",
)


def read(words: str, now: datetime = MONDAY, zone: ZoneInfo = LONDON) -> str:
    """Return what was understood as a plain wall time with its zone."""
    when = parse_when(words, zone, now)
    return f"{when.wall:%Y-%m-%d %H:%M} {when.zone}"


def refusal(words: str, now: datetime = MONDAY, zone: ZoneInfo = LONDON) -> str:
    """Return the line that refuses the words."""
    with pytest.raises(ConfigError) as caught:
        parse_when(words, zone, now)
    assert caught.value.exit_code == 2
    line = str(caught.value)
    assert line.startswith("--at: ")
    assert "\n" not in line
    return line


@pytest.mark.parametrize(
    ("words", "wall"),
    [
        ("Tue 09:00", "2026-11-24 09:00"),
        ("tuesday at 9am", "2026-11-24 09:00"),
        ("on Thursday, 9.30pm", "2026-11-26 21:30"),
        ("Monday 9", "2026-11-30 09:00"),
        ("mon 19:00", "2026-11-23 19:00"),
        ("this monday 7pm", "2026-11-23 19:00"),
        ("this fri noon", "2026-11-27 12:00"),
        ("next monday 9", "2026-11-30 09:00"),
        ("9", "2026-11-24 09:00"),
        ("9 a.m.", "2026-11-24 09:00"),
        ("at 20:15", "2026-11-23 20:15"),
        ("12am", "2026-11-24 00:00"),
        ("12pm", "2026-11-24 12:00"),
        ("noon", "2026-11-24 12:00"),
        ("midnight", "2026-11-24 00:00"),
        ("today midnight", "2026-11-24 00:00"),
        ("today 8pm", "2026-11-23 20:00"),
        ("tomorrow at 9", "2026-11-24 09:00"),
        ("9am tomorrow", "2026-11-24 09:00"),
        ("in 2 hours", "2026-11-23 20:00"),
        ("in 90 minutes", "2026-11-23 19:30"),
        ("in an hour", "2026-11-23 19:00"),
        ("in 3 days at 8am", "2026-11-26 08:00"),
        ("in a week", "2026-11-30 18:00"),
        ("2026-12-01 09:00", "2026-12-01 09:00"),
        ("2026-12-01T09:00:00", "2026-12-01 09:00"),
        ("2026-12-01 at 9am", "2026-12-01 09:00"),
        ("1 December 9am", "2026-12-01 09:00"),
        ("Dec 1 at 9:30", "2026-12-01 09:30"),
        ("dec. 1st 2027 noon", "2027-12-01 12:00"),
        ("9am on the 1st of December", "2026-12-01 09:00"),
        ("5 january 9", "2027-01-05 09:00"),
        ("13/04 9am", "2027-04-13 09:00"),
        ("04/04 9am", "2027-04-04 09:00"),
        ("  TOMORROW   9AM ", "2026-11-24 09:00"),
    ],
)
def test_words_are_understood_as_a_person_means_them(words: str, wall: str) -> None:
    """It is Monday 23 November 2026, 18:00, in London."""
    assert read(words) == f"{wall} Europe/London"


@pytest.mark.parametrize(
    ("words", "understood"),
    [
        ("dec 1 at 9:30am America/New_York", "2026-12-01 09:30 America/New_York"),
        ("tomorrow 9 australia/sydney", "2026-11-25 09:00 Australia/Sydney"),
        ("9am UTC+2", "2026-11-24 09:00 UTC+02:00"),
        ("9pm UTC", "2026-11-23 21:00 UTC"),
        ("2026-12-01T09:00Z", "2026-12-01 09:00 UTC"),
        ("2026-12-01T09:00+0530", "2026-12-01 09:00 UTC+05:30"),
        ("2026-12-01 09:00-03:30", "2026-12-01 09:00 UTC-03:30"),
        ("2026-12-01T09:00 Europe/Paris", "2026-12-01 09:00 Europe/Paris"),
    ],
)
def test_a_zone_in_the_words_wins(words: str, understood: str) -> None:
    """Today and tomorrow are those of that zone, too."""
    assert read(words) == understood


@pytest.mark.parametrize("zone", ZONES)
def test_what_is_echoed_is_understood_again(zone: str) -> None:
    """Staff copy the line they were shown."""
    moment = parse_when("2026-12-01 09:00", ZoneInfo(zone), MONDAY).at
    echo = clock.in_full(moment, ZoneInfo(zone), MONDAY).partition(" (")[0]

    assert parse_when(echo, LONDON, MONDAY).at == moment


@pytest.mark.parametrize(
    ("words", "readings"),
    [
        ("next tuesday 9am", ("Tuesday 24 November 2026, 09:00", "Tuesday 1 December 2026, 09:00")),
        ("next sun 9am", ("Sunday 29 November 2026, 09:00", "Sunday 6 December 2026, 09:00")),
        ("03/04 9am", ("Thursday 4 March 2027, 09:00", "Saturday 3 April 2027, 09:00")),
        ("03/12/2026 9am", ("Thursday 12 March 2026, 09:00", "Thursday 3 December 2026, 09:00")),
        ("tuesday midnight", ("Tuesday 24 November 2026, 00:00", "Wednesday 25 November 2026, 00:00")),
    ],
)
def test_words_with_two_readings_are_refused_with_both(words: str, readings: tuple[str, str]) -> None:
    """A guess would be wrong half of the time."""
    line = refusal(words)

    assert all(reading in line for reading in readings)


def test_next_weekday_is_understood_where_both_readings_agree() -> None:
    """On a Wednesday the nearest Tuesday is the one of next week; on a Sunday weeks may have begun or not."""
    wednesday, sunday = MONDAY + timedelta(days=2), MONDAY + timedelta(days=6)

    assert read("next tuesday 9am", wednesday) == "2026-12-01 09:00 Europe/London"
    assert "2026-12-01 09:00" in refusal("next tuesday 9am", sunday)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("2020-01-01 09:00", "Wednesday 1 January 2020, 09:00 Europe/London"),
        ("this monday 9", "has passed"),
        ("today at noon", "(6 h ago) has passed"),
        ("20 Nov 9am", "Friday 20 November 2026, 09:00 Europe/London (3 days 9 h ago) has passed"),
        ("2026-11-23 18:00", "has passed"),
        ("in 0 minutes", "has passed"),
    ],
)
def test_a_time_that_has_passed_is_refused_in_full(words: str, why: str) -> None:
    """What was understood is said, so that the slip can be seen."""
    line = refusal(words)

    assert why in line
    assert "still ahead" in line


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("tomorrow", "say at what time: 'tomorrow 09:00'"),
        ("Tuesday", "say at what time"),
        ("2026-12-01", "say at what time"),
        ("2026-02-30 9am", "there is no 2026-02-30"),
        ("31 April 9am", "there is no 2026-04-31"),
        ("25:00", "there is no '25:00' on a clock"),
        ("9:75", "there is no '9:75' on a clock"),
        ("13pm", "there is no '13pm' on a clock"),
        ("Monday 1 December 9am", "Tuesday 1 December 2026 is not a Monday"),
        ("in 2 hours at 9", "says two times"),
        ("in 9999 weeks", "far away"),
        ("2 December 2206 9am", "the year 2206 is far away"),
        ("0001-01-01 09:00", "the year 1 is far away"),
        ("9999-12-31 23:59", "the year 9999 is far away"),
        ("9am EST", "'EST' can mean several time zones"),
        ("9 Europe/Lodnon", "did you mean 'Europe/London'?"),
        ("2026-12-01T09:00Z Europe/Paris", "two time zones"),
    ],
)
def test_a_slip_is_named(words: str, why: str) -> None:
    """The line says what to write instead, or what does not exist."""
    assert why in refusal(words)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "soon",
        "2h",
        "9:5",
        "at",
        "on",
        "first monday of december 10am",
        "tomorrow 0900",
        "2026-12-01 09:00:30",
    ],
)
def test_words_that_mean_nothing_get_examples(words: str) -> None:
    """The whole grammar in five examples."""
    assert "'Tue 09:00'" in refusal(words)


def test_hours_are_time_that_passes_even_when_clocks_go_back() -> None:
    """01:50, and an hour later it is 01:50 again: the moment is kept exactly."""
    zone, first = ZoneInfo("America/New_York"), datetime(2026, 11, 1, 5, 50, tzinfo=UTC)

    assert parse_when("in 1 hour", zone, first).at == first + timedelta(hours=1)


def test_days_are_the_same_time_on_the_clock_even_when_clocks_change() -> None:
    """The day before clocks go forward, a day has 23 hours."""
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)

    assert parse_when("in 1 day", LONDON, before).at == before + timedelta(hours=23)


def test_a_time_that_is_repeated_today_and_was_shown_once_is_tomorrow() -> None:
    """01:15 for the second time: the first 01:30 is gone, and the second is never meant."""
    zone, second = ZoneInfo("America/New_York"), datetime(2026, 11, 1, 6, 15, tzinfo=UTC)

    assert read("01:30", second, zone).startswith("2026-11-02 01:30")


moments = st.integers(0, 9 * 366 * 86_400_000).map(
    lambda ms: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)
zones = st.sampled_from(ZONES).map(ZoneInfo)
clock_times = st.times().map(lambda found: found.replace(second=0, microsecond=0))


def assert_said(words: str, zone: ZoneInfo, now: datetime, at: time) -> datetime:
    """Check the promises that hold for any words; return the local time."""
    when = parse_when(words, zone, now)
    shown = clock.wall_time(when.at, zone)
    assert when.at.tzinfo is UTC
    assert when.at > now
    assert when.wall.time() == at
    if shown != when.wall:
        # Clocks skip it: the first instant after.
        assert clock.wall_time(when.at - timedelta(seconds=1), zone) < when.wall < shown
    return when.wall


@given(zone=zones, now=moments, at=clock_times)
def test_a_bare_time_is_the_next_one(zone: ZoneInfo, now: datetime, at: time) -> None:
    """Today if it is still ahead, else tomorrow."""
    wall = assert_said(f"{at:%H:%M}", zone, now, at)

    assert (wall.date() - clock.wall_time(now, zone).date()).days in {0, 1}


@given(zone=zones, now=moments, at=clock_times, index=st.integers(0, 6), short=st.booleans())
def test_a_weekday_is_within_a_week(zone: ZoneInfo, now: datetime, at: time, index: int, short: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    """The nearest one whose time is still ahead."""
    name = clock.WEEKDAYS[index]

    wall = assert_said(f"{name[:3] if short else name} {at:%H:%M}", zone, now, at)

    assert wall.weekday() == index
    assert (wall.date() - clock.wall_time(now, zone).date()).days <= 7


@given(zone=zones, now=moments, at=clock_times, ahead=st.integers(2, 1000))
def test_a_date_in_full_is_that_date(zone: ZoneInfo, now: datetime, at: time, ahead: int) -> None:
    """ISO and words say the same."""
    day: date = clock.wall_time(now, zone).date() + timedelta(days=ahead)

    for words in (
        f"{day.isoformat()} {at:%H:%M}",
        f"{clock.in_words(day)}, {at:%I.%M%p}",
        f"{day}T{at:%H:%M}",
    ):
        assert assert_said(words, zone, now, at).date() == day


@given(zone=zones, now=moments, count=st.integers(1, 9999))
def test_minutes_ahead_are_exact_to_the_next_minute(zone: ZoneInfo, now: datetime, count: int) -> None:
    """Whatever clocks do in between."""
    ahead = parse_when(f"in {count} minutes", zone, now).at - now

    assert timedelta(minutes=count) <= ahead < timedelta(minutes=count + 1)


@given(words=st.text(max_size=30) | st.from_regex(r"[a-z0-9:/ +-]{1,25}", fullmatch=True), now=moments)
def test_any_words_are_a_time_ahead_or_one_line(words: str, now: datetime) -> None:
    """No traceback, whatever is typed."""
    try:
        understood = parse_when(words, LONDON, now).at
    except ConfigError as error:
        line = str(error)
    else:
        line = clock.in_full(understood, LONDON, now)
        assert understood > now
    assert "\n" not in line
