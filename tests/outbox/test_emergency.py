"""Everything at once: held, released, and held by itself where the ledger is a copy."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from newsletter.config import Sending
from newsletter.model import Receipt
from newsletter.outbox import emergency
from newsletter.outbox.claim import Sender
from newsletter.storage.database import open_database
from newsletter.storage.tables import install
from tests.outbox.audience import NOW, edition_in, frozen_in, later, states, subscribe

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.storage.database import Database

KEY = b"k" * 32


def test_a_sender_stops_at_its_next_window(database: Database, tmp_path: Path) -> None:
    """What was on the wire gets its answer; no slice is taken any more, by mail or by social."""
    subscribe(database, 4)
    frozen_in(database, edition_in(tmp_path, accounts=("toots",)), tmp_path)
    sender = Sender(signing_key=KEY, rules=Sending(window=2))
    with database.write() as connection:
        held = sender.claim(connection, "main", NOW)
        assert held is not None
        window = sender.advance(connection, held, (), size=2, now=NOW).window
    with database.write() as connection:
        emergency.hold_all(connection, "wrong picture", NOW)
    with database.write() as connection:
        outcomes = [(one, Receipt()) for one in window]
        step = sender.advance(connection, held, outcomes, size=2, now=NOW)

        assert step.window == ()
        assert sender.claim(connection, "main", NOW) is None
        assert sender.claim(connection, "toots", NOW) is None
    assert states(database) == {"sent": 2, "pending": 3}


def test_it_holds_until_it_is_released(database: Database) -> None:
    """The first reason stands; a second release finds nothing."""
    with database.write() as connection:
        emergency.hold_all(connection, "wrong picture", NOW)
        held = emergency.hold_all(connection, "another reason", later(hours=1))
        assert (held.why, held.at) == ("wrong picture", NOW)
    with database.write() as connection:
        assert emergency.release_all(connection, NOW)
        assert not emergency.release_all(connection, NOW)
        assert emergency.held(connection) is None


def test_the_place_of_the_first_freeze_is_the_place_of_the_ledger(database: Database, tmp_path: Path) -> None:
    """There it may send, as often as it likes."""
    subscribe(database, 1)
    frozen_in(database, edition_in(tmp_path), tmp_path)
    with database.write() as connection:
        assert emergency.guard(connection, NOW) is None
        assert emergency.guard(connection, NOW) is None


def test_a_ledger_from_elsewhere_holds_everything_until_a_person_confirms(database: Database) -> None:
    """Another machine, another cluster: its place is not ours."""
    with database.write() as connection:
        emergency.guard(connection, NOW)
        emergency.release_all(connection, NOW)
        connection.execute(update(install).values(place="elsewhere"))
    with database.write() as connection:
        held = emergency.guard(connection, NOW)
        assert held is not None
        assert held.why == emergency.COPIED
    with database.write() as connection:
        emergency.release_all(connection, NOW)
        assert emergency.guard(connection, NOW) is None


@pytest.mark.parametrize("fresh_database", ["sqlite"], indirect=True)
def test_a_copied_file_knows_that_it_is_one(database: Database, tmp_path: Path) -> None:
    """Also beside the original; a rename is no copy."""
    subscribe(database, 1)
    frozen_in(database, edition_in(tmp_path), tmp_path)
    database.close()
    original, elsewhere = tmp_path / "newsletter.db", tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(original, elsewhere / "newsletter.db")
    original.rename(tmp_path / "renamed.db")

    for root, name, is_held in ((elsewhere, "newsletter.db", True), (tmp_path, "renamed.db", False)):
        opened = open_database(f"sqlite:///{name}", root)
        with opened.write() as connection:
            assert (emergency.guard(connection, NOW) is not None) == is_held
        opened.close()
