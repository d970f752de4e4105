"""Pausing, going on, cancelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter.config import Sending
from newsletter.errors import NewsletterError
from newsletter.outbox import hold, ledger
from newsletter.outbox.claim import Sender
from tests.outbox.audience import NOW, edition_in, frozen_in, states, subscribe

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.storage.database import Database


@pytest.fixture
def edition_id(database: Database, tmp_path: Path) -> str:
    """Freeze an edition for three people."""
    subscribe(database, 3)
    return frozen_in(database, edition_in(tmp_path), tmp_path).edition_id


def test_a_paused_edition_gives_out_nothing_until_it_is_resumed(database: Database, edition_id: str) -> None:
    """The reason is shown in between."""
    sender = Sender(signing_key=b"k" * 32, rules=Sending())
    with database.write() as connection:
        assert hold.pause(connection, edition_id, "a wrong link")
        assert not hold.pause(connection, edition_id, "again")
        assert sender.claim(connection, "main", NOW) is None
        entry = ledger.find(connection, edition_id)
        assert (entry.state, entry.why) == ("paused", "a wrong link")
        hold.resume(connection, entry)
        assert sender.claim(connection, "main", NOW) is not None


def test_a_cancelled_edition_is_over(database: Database, edition_id: str) -> None:
    """Everything that had not left is cancelled, and nothing comes back."""
    with database.write() as connection:
        entry = ledger.find(connection, edition_id)
        assert hold.cancel(connection, entry, NOW) == 3
        with pytest.raises(NewsletterError, match="not paused, it is"):
            hold.resume(connection, entry)
        with pytest.raises(NewsletterError, match="nothing is left to cancel"):
            hold.cancel(connection, entry, NOW)
    assert states(database) == {"cancelled": 3}
