"""An edition that goes wrong is stopped before it has gone wrong everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from newsletter.config import Sending
from newsletter.errors import PermanentError, TransientError, UnknownOutcomeError
from newsletter.model import Receipt
from newsletter.outbox import hold, ledger
from newsletter.outbox.claim import Sender
from newsletter.outbox.protection import BEFORE_JUDGING, LONGEST_STREAK
from tests.outbox.audience import NOW, edition_in, frozen_in, later, subscribe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from newsletter.storage.database import Database

GONE = PermanentError("550 5.1.1 no such user", code="550", hard=True)
FULL = PermanentError("552 5.2.2 mailbox full", code="552")
LOST = UnknownOutcomeError("the connection was lost", code="lost")


@pytest.fixture
def sender() -> Sender:
    """Return a sender with windows of ten."""
    return Sender(signing_key=b"k" * 32, rules=Sending(window=10))


def send(database: Database, sender: Sender, outcome: Callable[[int], Any]) -> int:
    """Send what is due with an outcome per letter, until the edition stops; return how many were tried."""
    tried = 0
    with database.write() as connection:
        while held := sender.claim(connection, "main", NOW):
            step = sender.advance(connection, held, (), size=10, now=NOW)
            while step.window:
                outcomes = []
                for one in step.window:
                    outcomes.append((one, outcome(tried)))
                    tried += 1
                step = sender.advance(connection, held, outcomes, size=10, now=NOW)
    return tried


def why(database: Database) -> str:
    """Return why the edition is paused."""
    with database.read() as connection:
        entry = ledger.find(connection, "autumn")
    assert entry.state == "paused"
    return entry.why


def test_too_many_mailboxes_that_do_not_exist_pause_the_edition(
    database: Database, tmp_path: Path, sender: Sender
) -> None:
    """After enough letters to judge by; the line says how many, and where to look."""
    subscribe(database, 400)
    frozen_in(database, edition_in(tmp_path), tmp_path)
    tried = send(database, sender, lambda number: GONE if number % 20 == 0 else Receipt())

    assert tried == BEFORE_JUDGING
    assert f"10 of {BEFORE_JUDGING} letters went to mailboxes that do not exist" in why(database)
    assert "outbox list" in why(database)


def test_a_few_of_them_do_not(database: Database, tmp_path: Path, sender: Sender) -> None:
    """Four in a hundred is what an honest old list has."""
    subscribe(database, 400)
    frozen_in(database, edition_in(tmp_path), tmp_path)

    assert send(database, sender, lambda number: GONE if number % 25 == 24 else Receipt()) == 400


@pytest.mark.parametrize("outcome", [FULL, LOST])
def test_a_streak_of_failures_pauses_the_edition(
    database: Database, tmp_path: Path, sender: Sender, outcome: Any
) -> None:
    """A relay that takes everything and answers nothing would make a whole list doubtful."""
    subscribe(database, 200)
    frozen_in(database, edition_in(tmp_path), tmp_path)

    assert send(database, sender, lambda _: outcome) == LONGEST_STREAK
    assert outcome.why in why(database)


def test_letters_that_are_put_off_are_no_streak(database: Database, tmp_path: Path, sender: Sender) -> None:
    """Greylisting puts off everybody at first."""
    subscribe(database, 200)
    frozen_in(database, edition_in(tmp_path), tmp_path)

    assert send(database, sender, lambda _: TransientError("451 4.7.1 greylisted", code="451")) == 200


def test_after_a_person_has_looked_the_count_begins_anew(
    database: Database, tmp_path: Path, sender: Sender
) -> None:
    """Otherwise it would stop again at the next letter."""
    subscribe(database, 200)
    frozen_in(database, edition_in(tmp_path), tmp_path)
    send(database, sender, lambda _: FULL)
    with database.write() as connection:
        hold.resume(connection, ledger.find(connection, "autumn"))

    assert send(database, sender, lambda number: FULL if number < 5 else Receipt()) == 180
    with database.read() as connection:
        assert ledger.find(connection, "autumn").state == "sending"
        assert ledger.find(connection, "autumn").frozen_at < later(minutes=1)
