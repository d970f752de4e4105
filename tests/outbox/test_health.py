"""Channels that do not answer are left alone for longer and longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.outbox import health, hold, ledger
from tests.outbox.audience import NOW, edition_in, frozen_in, later, subscribe

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.storage.database import Database


def fail(database: Database, times: int, *, refused: bool = False) -> None:
    """Have the channel fail."""
    with database.write() as connection:
        for _ in range(times):
            health.note_failure(connection, "main", "no answer", NOW, refused=refused)


def closed(database: Database, **after: float) -> bool:
    """Tell whether the channel is left alone."""
    with database.read() as connection:
        return "main" in health.closed(connection, later(**after))


def test_two_failures_are_bad_luck_and_three_are_not(database: Database) -> None:
    """Then it is left alone for half a minute."""
    fail(database, 2)
    assert not closed(database)
    fail(database, 1)
    assert closed(database, seconds=29)
    assert not closed(database, seconds=30)


def test_every_further_failure_makes_the_pause_longer(database: Database) -> None:
    """Up to a quarter of an hour."""
    fail(database, 4)
    assert closed(database, seconds=59)
    assert not closed(database, seconds=60)
    fail(database, 20)
    assert closed(database, seconds=899)
    assert not closed(database, seconds=900)


def test_a_refused_login_closes_it_at_once(database: Database) -> None:
    """Logins that fail again and again lock accounts."""
    fail(database, 1, refused=True)

    assert closed(database, minutes=14)


def test_an_answer_opens_it_again(database: Database) -> None:
    """And the count begins anew."""
    fail(database, 5)
    with database.write() as connection:
        assert health.failing(connection) == {"main"}
        health.note_success(connection, "main")
        assert health.failing(connection) == set()

    assert not closed(database)


def test_a_person_who_lets_an_edition_go_on_opens_them_all(database: Database, tmp_path: Path) -> None:
    """The password is mended; nobody waits for a quarter of an hour."""
    subscribe(database, 1)
    frozen_in(database, edition_in(tmp_path), tmp_path)
    fail(database, 1, refused=True)
    with database.write() as connection:
        entry = ledger.find(connection, "autumn")
        hold.pause(connection, entry.id, "the login was refused")
        hold.resume(connection, entry)

    assert not closed(database)
