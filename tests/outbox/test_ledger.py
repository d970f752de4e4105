"""Finding editions by what people call them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter.errors import NewsletterError
from newsletter.outbox import ledger
from tests.outbox.audience import NOW, edition_in, frozen_in, later, subscribe

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.storage.database import Database


def test_an_edition_is_found_by_its_name_its_start_and_its_campaign(
    database: Database, tmp_path: Path
) -> None:
    """The campaign means its newest edition."""
    subscribe(database, 1)
    old, new = edition_in(tmp_path), edition_in(tmp_path, subject="Otters again", text="Again.")
    frozen_in(database, old, tmp_path)
    frozen_in(database, new, tmp_path, now=later(days=7))

    with database.read() as connection:
        assert ledger.find(connection, old.id).frozen_at == NOW
        assert ledger.find(connection, old.id[:6]).id == old.id
        assert ledger.find(connection, "autumn").id == new.id
        assert [entry.id for entry in ledger.entries(connection)] == [new.id, old.id]
        assert ledger.get(connection, old.id[:6]) is None


@pytest.mark.parametrize("name", ["winter", "", "a", "ffff"])
def test_what_was_never_sent_is_said_so(database: Database, name: str) -> None:
    """With the way to look."""
    with database.read() as connection, pytest.raises(NewsletterError, match="newsletter report"):
        ledger.find(connection, name)
