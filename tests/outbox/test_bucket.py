"""One bucket never lets more go than its limit, and wastes little of it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.outbox.bucket import DAY_S, START_PER_SECOND, Bucket, Limit, burst_of, moment_of
from newsletter.outbox.waiting import why

START = datetime(2026, 5, 4, 9, 30, tzinfo=UTC).timestamp()
STEPS = st.lists(st.tuples(st.floats(0, 3), st.integers(1, 60), st.booleans()), max_size=60)


def bucket(limit: Limit, key: str = "channel:main") -> Bucket:
    """Return a full bucket at the start."""
    made = Bucket(limit, key, START, tokens=burst_of(limit.per_second))
    made.count_to(START)
    return made


def take(asked: Bucket, at: float, wanted: int) -> int:
    """Take as many as may go at a moment; return how many."""
    asked.count_to(at)
    count = min(wanted, asked.free)
    asked.take(count)
    return count


@given(st.floats(0.1, 500), STEPS)
def test_no_second_sees_more_than_the_rate_and_the_burst(
    rate: float, steps: list[tuple[float, int, bool]]
) -> None:
    """For any askers at any times, also when it is slowed down in between."""
    asked, at = bucket(Limit(per_second=rate)), START
    gone: list[tuple[float, int]] = []
    for wait_s, wanted, throttled in steps:
        at += wait_s
        gone.append((at, take(asked, at, wanted)))
        if throttled:
            asked.slow_down(None)

    for begin, _ in gone:
        within = sum(count for moment, count in gone if begin <= moment <= begin + 1)
        assert within <= rate + burst_of(rate) + 0.01


@given(
    st.integers(1, 50),
    st.integers(1, 200),
    st.lists(st.integers(1, 30), max_size=4),
    st.lists(st.tuples(st.floats(0, 2 * DAY_S), st.integers(1, 60)), max_size=60),
)
def test_no_day_and_no_month_sees_more_than_its_cap(
    per_day: int, per_month: int, warm_up: list[int], steps: list[tuple[float, int]]
) -> None:
    """Of the UTC calendar; the days of a warm-up each have their own."""
    asked, at = bucket(Limit(per_day=per_day, per_month=per_month, warm_up=tuple(warm_up))), START
    days: Counter[str] = Counter()
    months: Counter[str] = Counter()
    for wait_s, wanted in steps:
        at += wait_s
        count = take(asked, at, wanted)
        days[f"{moment_of(at):%Y-%m-%d}"] += count
        months[f"{moment_of(at):%Y-%m}"] += count

    caps = [min(cap, per_day) for cap in warm_up]
    used = [count for _, count in sorted(days.items()) if count]
    assert all(count <= cap for count, cap in zip(used, [*caps, *[per_day] * len(used)], strict=False))
    assert all(count <= per_month for count in months.values())


@pytest.mark.parametrize("rate", [0.2, 1, 7.5, 200, 5000])
def test_who_comes_back_when_told_gets_the_whole_rate(rate: float) -> None:
    """Within the limit, and at least 95 % of it."""
    asked, at, gone, asks = bucket(Limit(per_second=rate)), START, 0, 0
    gone -= take(asked, at, int(burst_of(rate)))  # the burst is not the rate
    end = START + max(20, 20 / rate)
    while at < end:
        gone += take(asked, at, 50)
        at, asks = asked.ready_at(50), asks + 1

    allowed = rate * (end - START)
    assert 0.95 * allowed <= gone + burst_of(rate) <= allowed + 1
    assert asks <= max(allowed, 5 * (end - START), allowed / 50) + 2


def test_a_slow_rate_is_one_letter_every_so_often() -> None:
    """0.2 a second is one every five seconds, not none at all."""
    asked = bucket(Limit(per_second=0.2))

    assert take(asked, START, 10) == 1
    assert asked.ready_at(10) == START + 5
    assert take(asked, START + 4.9, 10) == 0
    assert take(asked, START + 5, 10) == 1


def test_a_clock_that_goes_back_earns_nothing() -> None:
    """The seconds that it shows twice are counted once."""
    asked = bucket(Limit(per_second=10, per_day=100))
    assert take(asked, START, 50) == 10

    assert take(asked, START - 300, 50) == 0
    assert take(asked, START, 50) == 0
    assert take(asked, START + 0.5, 50) == 5


def test_a_clock_that_was_wrong_by_a_year_does_not_stop_letters_for_a_year() -> None:
    """Once it is mended the bucket goes by it; what was sent stays counted."""
    asked = bucket(Limit(per_second=10, per_day=100))
    year = 365 * DAY_S
    assert take(asked, START + year, 10) == 10
    asked.slow_down(retry_after_s=6)

    assert take(asked, START, 50) == 0
    assert take(asked, START + 7, 50) == 5
    assert asked.today_left == 85


def test_a_warm_up_counts_the_days_on_which_letters_left() -> None:
    """A week without a letter does not make a name; the month starts where it was."""
    asked = bucket(Limit(warm_up=(50, 100), per_day=5000))

    assert take(asked, START, 9999) == 50
    assert take(asked, START + 7 * DAY_S, 9999) == 100
    assert take(asked, START + 8 * DAY_S, 9999) == 5000


def test_without_a_daily_cap_nothing_holds_after_the_warm_up() -> None:
    """The list ends, the limit with it."""
    asked = bucket(Limit(warm_up=(50,)))

    assert take(asked, START, 9999) == 50
    assert take(asked, START + DAY_S, 9999) == 9999


def test_refusals_halve_the_rate_and_time_gives_it_back() -> None:
    """At most once in a few seconds; a tenth of the full rate comes back per minute."""
    asked = bucket(Limit(per_second=8), "to:example.org")
    for _ in range(10):
        asked.slow_down(None)
    assert asked.rate == 4

    asked.count_to(START + 60)
    assert asked.rate == pytest.approx(4.8)
    asked.count_to(START + 400)
    assert asked.rate == 8


def test_no_refusal_makes_it_slower_than_one_a_minute() -> None:
    """However often it is refused; a limit that is slower by itself stays what it is."""
    asked, slower = bucket(Limit(per_second=1)), bucket(Limit(per_second=0.01))
    for number in range(20):
        for one in (asked, slower):
            one.count_to(START + 5 * number)
            one.slow_down(None)

    assert asked.rate == 1 / 60
    assert slower.rate == 0.01


def test_a_domain_without_a_limit_has_one_until_it_has_recovered() -> None:
    """It starts from a rate of its own."""
    asked = bucket(Limit(), "to:example.org")
    assert take(asked, START, 9999) == 9999

    asked.slow_down(None)

    assert asked.rate == START_PER_SECOND / 2
    assert take(asked, START, 10) == 0
    assert take(asked, START + 3600, 9999) == 9999
    assert not asked.is_slowed


def test_it_is_closed_exactly_as_long_as_the_service_asked() -> None:
    """Not a moment less, and a shorter wish does not shorten a longer one."""
    asked = bucket(Limit(per_second=10))
    asked.slow_down(retry_after_s=90)
    asked.slow_down(retry_after_s=10)

    assert asked.ready_at(5) == START + 90
    assert take(asked, START + 89.99, 5) == 0
    assert take(asked, START + 90, 5) == 5


@pytest.mark.parametrize(
    ("limit", "key", "words"),
    [
        (
            Limit(per_day=500),
            "channel:main",
            "main: 500 of 500 letters of today are used; goes on at 00:00 UTC",
        ),
        (
            Limit(warm_up=(50, 100)),
            "from:river.example",
            (
                "letters from river.example: 50 of 50 letters of today are used (day 1 of its warm-up); "
                "goes on at 00:00 UTC"
            ),
        ),
        (
            Limit(per_month=700, per_day=700),
            "channel:main",
            "main: 700 of 700 letters of this month are used; goes on Monday 1 June 2026, 00:00 UTC",
        ),
        (Limit(per_second=14), "to:example.org", "letters to example.org: 14 letters a second at most"),
        (Limit(per_second=0.2), "channel:main", "main: 12 letters a minute at most"),
    ],
)
def test_one_line_says_what_keeps_letters_back(limit: Limit, key: str, words: str) -> None:
    """And until when, where that can be said."""
    asked = bucket(limit, key)
    take(asked, START, 9999)

    assert why(asked) == words


def test_a_slowed_domain_says_so() -> None:
    """First that it is closed, then how slow it is."""
    asked = bucket(Limit(), "to:example.org")
    asked.slow_down(retry_after_s=15)

    assert why(asked) == "letters to example.org: the service asked us to wait; goes on at 09:30:15 UTC"
    asked.count_to(START + 15)
    assert why(asked) == (
        "letters to example.org: the service said that we are too fast; 2.62 letters a second at most for now"
    )
