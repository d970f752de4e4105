"""Every due time is begun exactly once, whoever looks, whatever clocks do; late ones are missed."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, update

from newsletter import clock
from newsletter.delivery import occurrences, schedule
from newsletter.delivery.occurrences import Occurrence
from newsletter.delivery.repeat import Repeat
from newsletter.storage import tables
from newsletter.storage.database import Database, open_database
from newsletter.when import When

SIX_HOURS_S = 6 * 3600.0
DAILY = Repeat(1, "day")
NINE = datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest.fixture
def ledger(database: Database) -> Database:
    """A fresh ledger."""
    return database


def plan(
    ledger: Database,
    wall: str = "2026-12-01T09:00",
    zone: str = "UTC",
    repeat: Repeat | None = None,
    campaign: str = "autumn",
) -> int:
    """Plan a campaign."""
    when = When(datetime.fromisoformat(wall), clock.find_zone(zone))
    with ledger.write() as connection:
        return schedule.add(connection, campaign, when, repeat, now=NINE - timedelta(days=9))


def begin(ledger: Database, now: datetime) -> list[Occurrence]:
    """Look what is due."""
    with ledger.write() as connection:
        return occurrences.begin_due(connection, now, catch_up_within_s=SIX_HOURS_S)


def left_behind(ledger: Database, now: datetime) -> list[Occurrence]:
    """Look what a crash left."""
    with ledger.write() as connection:
        return occurrences.left_behind(connection, now, catch_up_within_s=SIX_HOURS_S)


def settle(ledger: Database, changed: Occurrence) -> None:
    """Write what became of it."""
    with ledger.write() as connection:
        occurrences.settle(connection, changed)


def test_nothing_begins_before_its_time(ledger: Database) -> None:
    """Not a second earlier."""
    plan(ledger)

    assert begin(ledger, NINE - timedelta(seconds=1)) == []
    assert [one.state for one in begin(ledger, NINE)] == ["started"]


def test_one_due_time_is_begun_once(ledger: Database) -> None:
    """Every later look finds nothing, and the plan is done."""
    number = plan(ledger)
    (one,) = begin(ledger, NINE + timedelta(seconds=3))

    assert (one.campaign, one.due_at, one.state, one.edition_id) == ("autumn", NINE, "started", "")
    assert begin(ledger, NINE + timedelta(seconds=8)) == []
    with ledger.read() as connection:
        assert [found.id for found in schedule.rows(connection, "done")] == [number]


def test_a_repeated_plan_goes_on(ledger: Database) -> None:
    """Day after day, each once."""
    plan(ledger, repeat=DAILY)

    begun = [begin(ledger, NINE + timedelta(hours=hours)) for hours in range(0, 96, 12)]

    assert [one.due_at for found in begun for one in found] == [
        NINE + timedelta(days=day) for day in range(4)
    ]


@pytest.mark.parametrize("round_", range(5))
def test_two_schedulers_at_once_begin_it_once(
    ledger: Database, database_url: str, tmp_path: Path, round_: int
) -> None:
    """The row decides, not the clock and not luck."""
    plan(ledger, repeat=DAILY)
    barrier, found = threading.Barrier(2), []

    def look() -> None:
        database = open_database(database_url, tmp_path)
        barrier.wait()
        found.extend(begin(database, NINE + timedelta(seconds=round_)))
        database.close()

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    for looker in lookers:
        looker.join()

    assert [one.due_at for one in found] == [NINE]


@pytest.mark.parametrize(
    ("zone", "around"),
    [
        ("America/New_York", "2026-03-08"),
        ("America/New_York", "2026-11-01"),
        ("Europe/London", "2026-03-29"),
        ("Europe/London", "2026-10-25"),
        ("Australia/Sydney", "2026-10-04"),
        ("Australia/Sydney", "2026-04-05"),
        ("Australia/Lord_Howe", "2026-10-04"),
        ("Australia/Lord_Howe", "2026-04-05"),
        ("Africa/Cairo", "2026-04-24"),
        ("Africa/Cairo", "2026-10-29"),
        ("Africa/Casablanca", "2026-03-22"),
        ("Africa/Casablanca", "2026-02-15"),
    ],
)
def test_a_day_on_which_clocks_change_has_one_occurrence(ledger: Database, zone: str, around: str) -> None:
    """In gaps and folds alike: looked at every twenty minutes, each plan begins once on each day."""
    there = ZoneInfo(zone)
    days = [datetime.fromisoformat(around) + timedelta(days=day) for day in (-1, 0, 1)]
    times = ("00:00", "00:30", "01:30", "02:00", "02:15", "02:30", "23:30")
    for at in times:
        plan(ledger, f"{days[0]:%Y-%m-%d}T{at}", zone, DAILY, campaign=at)
    look, end = (clock.moment_of(day, there) for day in (days[0], days[2] + timedelta(hours=23, minutes=40)))

    found: list[Occurrence] = []
    while look <= end:
        found += begin(ledger, look)
        look += timedelta(minutes=10)

    for at in times:
        shown = [clock.wall_time(one.due_at, there) for one in found if one.campaign == at]
        assert [time.date() for time in shown] == [day.date() for day in days]
        assert all(f"{time:%H:%M}" >= at for time in shown)


def test_what_is_later_than_allowed_is_missed_and_says_what_to_do(ledger: Database) -> None:
    """The laptop slept all day; nobody wants the morning's letter at night."""
    plan(ledger)

    (one,) = begin(ledger, NINE + timedelta(hours=6, seconds=1))

    assert one.state == "missed"
    assert one.why.endswith("send it now with: newsletter send autumn")


def test_a_little_late_is_sent(ledger: Database) -> None:
    """The machine was restarted in between."""
    plan(ledger)

    assert [one.state for one in begin(ledger, NINE + timedelta(hours=6))] == ["started"]


def test_of_several_missed_times_only_the_newest_leaves(ledger: Database) -> None:
    """Never a burst after a holiday."""
    plan(ledger, repeat=DAILY)

    found = begin(ledger, NINE + timedelta(days=4, hours=1))

    assert [one.state for one in found] == ["missed"] * 4 + ["started"]
    assert "never several at once" in found[0].why
    assert begin(ledger, NINE + timedelta(days=4, hours=2)) == []


def test_when_even_the_newest_is_too_late_all_are_missed(ledger: Database) -> None:
    """The next one comes in its time."""
    plan(ledger, repeat=DAILY)

    found = begin(ledger, NINE + timedelta(days=2, hours=12))

    assert [one.state for one in found] == ["missed"] * 3
    assert [one.state for one in begin(ledger, NINE + timedelta(days=3))] == ["started"]


def test_a_cancelled_plan_begins_nothing(ledger: Database) -> None:
    """Not even what was due already."""
    plan(ledger)
    with ledger.write() as connection:
        schedule.cancel(connection, "autumn")

    assert begin(ledger, NINE + timedelta(minutes=1)) == []


def test_what_a_crash_left_without_an_edition_is_begun_again(ledger: Database) -> None:
    """After a minute, because somebody may still be building it; and by one taker only."""
    plan(ledger)
    (one,) = begin(ledger, NINE)

    assert left_behind(ledger, NINE + timedelta(seconds=59)) == []
    (again,) = left_behind(ledger, NINE + timedelta(seconds=61))
    assert (again.id, again.state) == (one.id, "started")
    assert left_behind(ledger, NINE + timedelta(seconds=62)) == []


def test_what_a_crash_left_too_long_ago_has_failed(ledger: Database) -> None:
    """It says why it could not be done."""
    plan(ledger)
    (one,) = begin(ledger, NINE)
    settle(ledger, replace(one, why="OSError: No space left on device"))

    (late,) = left_behind(ledger, NINE + timedelta(hours=7))

    assert late.state == "failed"
    assert "No space left on device" in late.why
    assert left_behind(ledger, NINE + timedelta(hours=8)) == []


def test_what_has_an_edition_is_left_to_the_dispatcher(ledger: Database) -> None:
    """Its deliveries are in the ledger."""
    plan(ledger)
    (one,) = begin(ledger, NINE)
    settle(ledger, replace(one, edition_id="0123456789abcdef"))

    assert left_behind(ledger, NINE + timedelta(hours=1)) == []


@pytest.mark.parametrize(
    ("state", "becomes"),
    [("sending", "started"), ("paused", "started"), ("finished", "done"), ("cancelled", "done")],
)
def test_an_occurrence_is_done_when_its_edition_is(ledger: Database, state: str, becomes: str) -> None:
    """And not before."""
    number = plan(ledger)
    (one,) = begin(ledger, NINE)
    settle(ledger, replace(one, edition_id="0123456789abcdef"))
    row = {"campaign": "autumn", "subject": "s", "path": "p", "lists": [], "total": 0, "frozen_at": NINE}
    with ledger.write() as connection:
        connection.execute(insert(tables.edition).values(id="0123456789abcdef", state=state, **row))
        occurrences.finish(connection, NINE)

        assert occurrences.latest(connection)[number].state == becomes


def test_the_latest_occurrence_of_every_plan_is_known(ledger: Database) -> None:
    """What `schedule list` shows; a plan that never was due has none."""
    daily = plan(ledger, repeat=DAILY)
    once = plan(ledger)
    plan(ledger, "2027-01-01T09:00")
    begin(ledger, NINE)
    begin(ledger, NINE + timedelta(days=1))

    with ledger.read() as connection:
        latest = occurrences.latest(connection)

    assert {number: one.due_at for number, one in latest.items()} == {
        daily: NINE + timedelta(days=1),
        once: NINE,
    }


def test_years_of_a_daily_plan_are_not_counted_through(ledger: Database) -> None:
    """Every look reads one row per plan and computes a few times."""
    plan(ledger, "2000-01-01T09:00", repeat=DAILY)
    begin(ledger, datetime(2000, 1, 1, 9, tzinfo=UTC))
    with ledger.write() as connection:
        connection.execute(update(tables.occurrence).values(local_wall_time="2026-11-30T09:00"))

    assert [one.due_at for one in begin(ledger, NINE)] == [NINE]
