"""A link acts for the person and the lists of the letter it stood in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert

from newsletter.audience import signing, subscribers, suppression, unsubscribe
from newsletter.audience.person import Defaults
from newsletter.storage import tables

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from newsletter.storage.database import Database


def fill(connection: Connection, now: datetime) -> None:
    """Put Ana on three lists, and write a letter to two of them and a social post."""
    given = Defaults(("news", "events", "board"), "consent", "fair", "2026-01-01")
    subscribers.add(connection, "ana@example.org", {}, given, now)
    edition = {"id": "e1", "campaign": "spring", "subject": "s", "path": "out/spring/e1", "total": 2}
    lists = {"lists": ["news", "events", "never joined"], "state": "finished", "frozen_at": now}
    connection.execute(insert(tables.edition), {**edition, **lists})
    connection.execute(insert(tables.slice_), {"edition_id": "e1", "channel": "main", "kind": "mail"})
    row = {"edition_id": "e1", "slice_id": 1, "state": "sent", "at": now}
    letter = {"channel": "main", "kind": "mail", "subscriber_id": 1, "recipient": "ana@example.org"}
    post = {"channel": "toot", "kind": "social", "subscriber_id": None, "recipient": "toot"}
    connection.execute(insert(tables.delivery), [{**row, **letter}, {**row, **post}])


def test_leaving_touches_the_lists_of_the_edition_only(database: Database, now: datetime) -> None:
    """And says which changed; the second time, none."""
    with database.write() as connection:
        fill(connection, now)
        left = [unsubscribe.leave(connection, 1, "one-click", now) for _ in range(2)]
        on = unsubscribe.choices(connection, 1)

    assert left == [["events", "news"], []]
    assert on == {"board": True, "events": False, "news": False}


def test_leaving_everything_is_recorded_once(database: Database, now: datetime) -> None:
    """Every list, and the suppression list."""
    with database.write() as connection:
        fill(connection, now)
        for _ in range(2):
            unsubscribe.leave_everything(connection, 1, "link", now)
        key = signing.signing_key(connection, now)
        found = subscribers.show(connection, key, "ana@example.org")

    assert set(found.lists.values()) == {False}
    assert [event.kind for event in found.consent] == ["given"] * 3 + ["withdrawn"] * 3
    assert found.suppressed == suppression.Suppressed("unsubscribed", "link", now)


def test_choosing_cannot_join_what_one_never_was_on(database: Database, now: datetime) -> None:
    """The page's boxes are not the only thing a browser can send."""
    with database.write() as connection:
        fill(connection, now)
        subscribers.add(connection, "ben@example.org", {}, Defaults(("staff",), "member"), now)
        unsubscribe.choose(connection, 1, ["board", "staff"], now)
        on = unsubscribe.choices(connection, 1)

    assert on == {"board": True, "events": False, "news": False}


def test_a_delivery_that_is_no_letter_belongs_to_nobody(database: Database, now: datetime) -> None:
    """Neither a social post nor a number that was never used."""
    with database.write() as connection:
        fill(connection, now)
        for delivery_id in (2, 99):
            assert unsubscribe.reader(connection, delivery_id) is None
            assert unsubscribe.leave(connection, delivery_id, "link", now) == []
            assert unsubscribe.choices(connection, delivery_id) == {}
            unsubscribe.leave_everything(connection, delivery_id, "link", now)
            unsubscribe.choose(connection, delivery_id, [], now)
        on = unsubscribe.choices(connection, 1)

    assert on == {"board": True, "events": True, "news": True}
