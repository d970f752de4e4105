"""One person is added, shown, removed, and forgotten for good."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select

from newsletter.audience import signing, subscribers, suppression
from newsletter.audience.person import Defaults
from newsletter.errors import ContentError, NewsletterError
from newsletter.storage import tables

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection

    from newsletter.storage.database import Database

BY_PHONE = Defaults(("news",), "consent", "phone", "2026-05-04")


def add_ana(connection: Connection, now: datetime, given: Defaults = BY_PHONE) -> bool:
    """Add one person with a name."""
    return subscribers.add(connection, "Ana@example.org", {"first_name": "Ana"}, given, now)


def everything_in(database: Database, folder: Path) -> bytes:
    """Return all that a database holds, in lower case: SQLite's file itself, every row of PostgreSQL's."""
    database.close()
    if database.engine.dialect.name == "sqlite":
        return b"".join(path.read_bytes() for path in folder.glob("newsletter.db*")).lower()
    with database.read() as connection:
        rows = [row for table in tables.metadata.sorted_tables for row in connection.execute(select(table))]
    return repr(rows).lower().encode()


def send_to(connection: Connection, subscriber_id: int, email: str, edition: str, now: datetime) -> None:
    """Write the delivery of an edition to one person."""
    row = {"id": edition, "campaign": "spring", "subject": "s", "path": f"out/{edition}", "lists": ["news"]}
    connection.execute(insert(tables.edition), {**row, "state": "finished", "total": 1, "frozen_at": now})
    slice_id = connection.execute(
        insert(tables.slice_).returning(tables.slice_.c.id),
        {"edition_id": edition, "channel": "main", "kind": "mail"},
    ).scalar_one()
    delivery = {"edition_id": edition, "slice_id": slice_id, "channel": "main", "kind": "mail", "at": now}
    words = {"recipient": email, "state": "sent", "reply": f"250 ok {email}"}
    connection.execute(insert(tables.delivery), {**delivery, **words, "subscriber_id": subscriber_id})


def test_somebody_is_added_and_shown(database: Database, now: datetime) -> None:
    """Everything that is known comes in one answer."""
    with database.write() as connection:
        assert add_ana(connection, now)
        assert not add_ana(connection, now)
        found = subscribers.show(connection, signing.signing_key(connection, now), "ANA@example.org")

    assert (found.email, found.names["first_name"], found.lists) == ("Ana@example.org", "Ana", {"news": True})
    assert [(event.kind, event.source, event.given_on) for event in found.consent] == [
        ("given", "phone", "2026-05-04")
    ]
    assert found.suppressed is None


def test_somebody_unknown_is_said_to_be(database: Database, now: datetime) -> None:
    """For every command about one person."""
    with database.write() as connection:
        for ask in (
            lambda: subscribers.show(connection, None, "eve@example.org"),
            lambda: subscribers.remove(connection, "eve@example.org", None, "test", now),
            lambda: subscribers.erase(connection, "eve@example.org", "test", now),
        ):
            with pytest.raises(NewsletterError, match=r"eve@example\.org: nobody"):
                ask()
        with pytest.raises(NewsletterError, match="no list called 'nwes'"):
            subscribers.remove(connection, "eve@example.org", "nwes", "test", now)


def test_a_wrong_address_is_refused(database: Database, now: datetime) -> None:
    """With the reason."""
    with pytest.raises(ContentError, match="not an address"), database.write() as connection:
        subscribers.add(connection, "ana@", {}, BY_PHONE, now)


def test_adding_by_hand_brings_back_only_with_later_consent(database: Database, now: datetime) -> None:
    """Else the person is told to have left."""
    with database.write() as connection:
        add_ana(connection, now)
        assert subscribers.remove(connection, "ana@example.org", None, "link", now) == ["news"]
        with pytest.raises(NewsletterError, match="has left this list"):
            add_ana(connection, now + timedelta(days=1))
        add_ana(connection, now + timedelta(days=1), Defaults(("news",), "consent", "phone", "2026-05-05"))
        found = subscribers.show(connection, None, "ana@example.org")

    assert found.lists == {"news": True}


@pytest.mark.parametrize("reason", ["manual", "unsubscribed"])
def test_the_suppressed_are_not_added(database: Database, now: datetime, reason: suppression.Reason) -> None:
    """The message names the command that releases."""
    with database.write() as connection:
        key = signing.signing_key(connection, now)
        suppression.suppress(connection, key, "ana@example.org", reason, "phone", now)
        with pytest.raises(NewsletterError, match=rf"suppressed \({reason}\).*audience release"):
            add_ana(connection, now)
        shown = subscribers.show(connection, key, "ana@example.org")

    assert shown.suppressed == suppression.Suppressed(reason, "phone", now)


def test_an_erased_person_is_nowhere_in_the_database(
    database: Database, tmp_path: Path, now: datetime
) -> None:
    """Not in a table, not in the file's free pages, not in its log; deliveries still add up."""
    with database.write() as connection:
        subscribers.add(
            connection,
            "zebedee.quux@example.org",
            {"first_name": "Zebedee", "last_name": "Quuxington"},
            Defaults(("news",), "consent", "Zebedee wrote a letter"),
            now,
        )
        add_ana(connection, now)
        send_to(connection, 1, "zebedee.quux@example.org", "e1", now)
        send_to(connection, 1, "zebedee.quux@example.org", "e2", now)
        send_to(connection, 2, "ana@example.org", "e3", now)
        key = signing.signing_key(connection, now)
        suppression.suppress(connection, key, "zebedee.quux@example.org", "manual", "phone", now)
    with database.write() as connection:
        subscribers.erase(connection, "Zebedee.Quux@example.org", "asked by letter", now)
    with database.read() as connection:
        deliveries = connection.execute(select(tables.delivery).order_by(tables.delivery.c.id)).all()
        stopped = suppression.lookup(connection, key, "zebedee.quux@example.org")
    left = everything_in(database, tmp_path)

    assert [(row.subscriber_id, row.recipient, row.state, row.reply) for row in deliveries] == [
        (None, "erased 1", "sent", ""),
        (None, "erased 2", "sent", ""),
        (2, "ana@example.org", "sent", "250 ok ana@example.org"),
    ]
    assert stopped == suppression.Suppressed("erased", "asked by letter", now)
    assert b"ana@example.org" in left
    assert b"zebedee" not in left
    assert b"quux" not in left


def test_an_address_that_is_only_suppressed_can_be_erased(database: Database, now: datetime) -> None:
    """The suppression list names people too."""
    with database.write() as connection:
        key = signing.signing_key(connection, now)
        suppression.suppress(connection, key, "eve@example.org", "manual", "phone", now)
        subscribers.erase(connection, "eve@example.org", "asked", now)
        row = connection.execute(select(tables.suppression)).one()

    assert (row.email, row.reason) == (None, "erased")
