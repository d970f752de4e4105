"""Plans are rows: added once, listed, cancelled."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from newsletter import clock
from newsletter.delivery import schedule
from newsletter.delivery.repeat import Repeat
from newsletter.errors import NewsletterError
from newsletter.storage.database import Database
from newsletter.when import When

NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)
TUESDAY = When(datetime.fromisoformat("2026-12-01T09:00"), ZoneInfo("Europe/London"))
WEEKLY = Repeat(1, "week")


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """A writing transaction on a fresh ledger."""
    with database.write() as connection:
        yield connection


@pytest.mark.parametrize("repeat", [None, WEEKLY, Repeat(2, "month")])
@pytest.mark.parametrize("zone", ["Europe/London", "UTC", "UTC+02:00"])
def test_a_plan_is_read_as_it_was_written(connection: Connection, repeat: Repeat | None, zone: str) -> None:
    """Wall time, zone and repeat are kept, not a moment."""
    when = When(TUESDAY.wall, clock.find_zone(zone))

    number = schedule.add(connection, "autumn", when, repeat, now=NOW)

    assert schedule.rows(connection, "active") == [
        schedule.Schedule(number, "autumn", when.wall, when.zone, repeat, "active")
    ]


def test_the_very_same_plan_is_refused(connection: Connection) -> None:
    """A command that is repeated by mistake plans nothing twice; another time or repeat is another plan."""
    number = schedule.add(connection, "autumn", TUESDAY, WEEKLY, now=NOW)

    with pytest.raises(NewsletterError, match=rf"'autumn' is planned .* already \(schedule {number}\)"):
        schedule.add(connection, "autumn", TUESDAY, WEEKLY, now=NOW)

    schedule.add(connection, "autumn", TUESDAY, None, now=NOW)
    assert len(schedule.rows(connection, "active")) == 2


def test_a_cancelled_plan_may_be_made_again(connection: Connection) -> None:
    """People change their minds twice."""
    number = schedule.add(connection, "autumn", TUESDAY, None, now=NOW)
    schedule.cancel(connection, str(number))

    schedule.add(connection, "autumn", TUESDAY, None, now=NOW)

    assert [plan.state for plan in schedule.rows(connection, "active", "cancelled")] == [
        "cancelled",
        "active",
    ]


def test_a_number_cancels_one_plan_and_a_name_all_of_a_campaign(connection: Connection) -> None:
    """Those of other campaigns stay."""
    one = schedule.add(connection, "autumn", TUESDAY, None, now=NOW)
    two = schedule.add(connection, "autumn", TUESDAY, WEEKLY, now=NOW)
    three = schedule.add(connection, "autumn", TUESDAY, Repeat(1, "month"), now=NOW)
    other = schedule.add(connection, "winter", TUESDAY, None, now=NOW)

    assert schedule.cancel(connection, str(two)) == [two]
    assert schedule.cancel(connection, "autumn") == [one, three]
    assert [plan.id for plan in schedule.rows(connection, "active")] == [other]


@pytest.mark.parametrize("named", ["7", "autum", "", "٣", "99999999999999999999"])
def test_cancelling_what_is_not_planned_says_where_to_look(connection: Connection, named: str) -> None:
    """A slip in the name cancels nothing."""
    schedule.add(connection, "autumn", TUESDAY, None, now=NOW)

    with pytest.raises(NewsletterError, match="newsletter schedule list"):
        schedule.cancel(connection, named)


@pytest.mark.parametrize(
    ("repeat", "now", "expected"),
    [
        (None, "2026-11-23T18:00", "2026-12-01T09:00"),
        (None, "2026-12-01T09:00", None),
        (WEEKLY, "2026-12-01T08:59", "2026-12-01T09:00"),
        (WEEKLY, "2026-12-01T09:00", "2026-12-08T09:00"),
        # Summer time begins on 28 March 2027: 09:00 in London is 08:00 UTC.
        (WEEKLY, "2027-03-24T12:00", "2027-03-30T08:00"),
        (Repeat(1, "month"), "2027-01-01T09:01", "2027-02-01T09:00"),
    ],
)
def test_the_next_time_follows_the_clock_on_the_wall(
    connection: Connection, repeat: Repeat | None, now: str, expected: str | None
) -> None:
    """09:00 stays 09:00 when summer time begins."""
    schedule.add(connection, "autumn", TUESDAY, repeat, now=NOW)
    (plan,) = schedule.rows(connection, "active")

    found = plan.next_at(datetime.fromisoformat(now).replace(tzinfo=UTC))

    assert found == (datetime.fromisoformat(expected).replace(tzinfo=UTC) if expected else None)


def test_what_is_cancelled_has_no_next_time(connection: Connection) -> None:
    """Lists must not promise it."""
    schedule.add(connection, "autumn", TUESDAY, WEEKLY, now=NOW)
    schedule.cancel(connection, "autumn")

    (plan,) = schedule.rows(connection, "cancelled")

    assert plan.next_at(NOW) is None
