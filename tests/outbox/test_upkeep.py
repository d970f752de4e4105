"""Single deliveries, by hand."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from newsletter.config import Sending
from newsletter.errors import NewsletterError
from newsletter.model import Receipt
from newsletter.outbox import hold, ledger, upkeep
from newsletter.outbox.claim import Sender
from newsletter.outbox.finish import finish
from newsletter.storage.tables import delivery, edition
from tests.outbox.audience import NOW, edition_in, frozen_in, later, row_of, states, subscribe

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.outbox.ledger import Entry
    from newsletter.storage.database import Database

MIXED = {0: "unknown", 1: "unknown", 2: "failed", 3: "deferred", 4: "sent", 5: "suppressed", 6: "pending"}


@pytest.fixture
def entry(database: Database, tmp_path: Path) -> Entry:
    """Freeze an edition and put its deliveries into many states."""
    subscribe(database, len(MIXED))
    made = edition_in(tmp_path)
    frozen_in(database, made, tmp_path)
    with database.write() as connection:
        for number, state in MIXED.items():
            mine = delivery.c.recipient == f"reader{number}@example.org"
            later_at = later(hours=1) if state == "deferred" else None
            connection.execute(
                update(delivery)
                .where(mine)
                .values(state=state, attempts=3, reply="words", next_attempt_at=later_at)
            )
        return ledger.find(connection, made.id)


def drain(database: Database) -> None:
    """Send everything that is due, and finish."""
    sender = Sender(signing_key=b"k" * 32, rules=Sending(window=50))
    with database.write() as connection:
        while held := sender.claim(connection, "main", NOW):
            step = sender.advance(connection, held, (), size=50, now=NOW)
            while step.window:
                outcomes = [(one, Receipt()) for one in step.window]
                step = sender.advance(connection, held, outcomes, size=50, now=NOW)
        for entry in ledger.entries(connection):
            finish(connection, entry.id, NOW)


def test_deliveries_are_listed_by_state(database: Database, entry: Entry) -> None:
    """In the shape that scripts rely on."""
    with database.read() as connection:
        everything = upkeep.rows(connection)
        unknown = upkeep.rows(connection, edition_id=entry.id, states=["unknown"])
        first = upkeep.rows(connection, limit=1)

    assert [row["state"] for row in everything] == list(MIXED.values())
    assert [row["recipient"] for row in unknown] == ["reader0@example.org", "reader1@example.org"]
    assert first == everything[:1]
    assert first[0].keys() >= {"edition", "channel", "recipient", "state", "attempts", "code", "reply", "at"}
    assert first[0]["at"] == NOW


def test_a_retry_sends_failed_and_deferred_once_more(database: Database, entry: Entry) -> None:
    """As if for the first time; the doubtful are not touched."""
    with database.write() as connection:
        assert upkeep.retry(connection, entry, NOW) == 2
    assert states(database) == {"unknown": 2, "pending": 3, "sent": 1, "suppressed": 1}
    assert row_of(database, "reader2@example.org").attempts == 0
    drain(database)
    assert states(database) == {"unknown": 2, "sent": 4, "suppressed": 1}


@pytest.mark.parametrize(
    ("answer", "counts"),
    [("sent", {"sent": 3}), ("failed", {"failed": 3, "sent": 1}), ("resend", {"sent": 1, "pending": 3})],
)
def test_a_person_settles_what_nobody_can_know(
    database: Database, entry: Entry, answer: Any, counts: dict[str, int]
) -> None:
    """Everything else stays as it is, and the sum too."""
    with database.write() as connection:
        assert upkeep.resolve(connection, entry, answer, NOW) == 2

    found = states(database)
    assert "unknown" not in found
    assert {state: found[state] for state in counts} == counts
    assert sum(found.values()) == entry.total


def test_one_recipient_is_settled_even_while_waiting(database: Database, entry: Entry) -> None:
    """A mailbox whose server refuses us would otherwise hold up the edition for ever."""
    with database.write() as connection:
        count = upkeep.resolve(connection, entry, "failed", NOW, recipients=["reader6@example.org"])

    assert count == 1
    assert row_of(database, "reader6@example.org").state == "failed"
    assert row_of(database, "reader6@example.org").reply == "words (a person says: failed)"


def test_sending_again_reopens_a_finished_edition(database: Database, entry: Entry) -> None:
    """And it is finished again afterwards."""
    with database.write() as connection:
        upkeep.resolve(connection, entry, "failed", NOW, recipients=["reader3@example.org"])
    drain(database)
    with database.write() as connection:
        assert ledger.find(connection, entry.id).state == "finished"
        upkeep.resolve(connection, entry, "resend", NOW)
        assert ledger.find(connection, entry.id).state == "sending"
    drain(database)

    with database.read() as connection:
        assert ledger.find(connection, entry.id).state == "finished"
    assert states(database) == {"sent": 4, "failed": 2, "suppressed": 1}


def test_nothing_of_a_cancelled_edition_is_tried_again(database: Database, entry: Entry) -> None:
    """The person who cancelled meant it."""
    with database.write() as connection:
        hold.cancel(connection, entry, NOW)
        cancelled = dataclasses.replace(entry, state="cancelled")
        with pytest.raises(NewsletterError, match="cancelled"):
            upkeep.retry(connection, cancelled, NOW)
        with pytest.raises(NewsletterError, match="cancelled"):
            upkeep.resolve(connection, cancelled, "resend", NOW)


def test_an_edition_with_something_open_is_not_finished(database: Database, entry: Entry) -> None:
    """A deferred delivery is open."""
    with database.write() as connection:
        assert finish(connection, entry.id, NOW) == "sending"


def test_a_ledger_that_does_not_add_up_is_never_called_finished(database: Database, entry: Entry) -> None:
    """Somebody deleted a row by hand; the edition says so."""
    drain(database)
    with database.write() as connection:
        connection.execute(update(edition).values(state="sending", total=edition.c.total + 1))
        connection.execute(update(delivery).values(state="sent"))
        hold.mark_done(connection, entry.id)
        assert finish(connection, entry.id, NOW) == "paused"
        assert "does not add up: 7 deliveries, 8 were frozen" in ledger.find(connection, entry.id).why
