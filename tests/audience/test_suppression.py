"""Who must not be written to is not written to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from newsletter.audience import subscribers, suppression
from newsletter.storage import tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from newsletter.audience.importing import ImportResult
    from newsletter.storage.database import Database

KEY = bytes(32)


def test_the_key_of_an_address_is_the_same_for_every_spelling() -> None:
    """Capitals, space and the script of the domain make no difference; the signing key does."""
    assert suppression.key_of(KEY, " Ana@Rivière.Example") == suppression.key_of(
        KEY, "ana@xn--rivire-6ua.example"
    )
    assert suppression.key_of(KEY, "ana@example.org") != suppression.key_of(b"other", "ana@example.org")
    assert "ana" not in suppression.key_of(KEY, "ana@example.org")


def test_the_first_reason_stands_until_released(database: Database, now: datetime) -> None:
    """A bounce does not hide that somebody complained."""
    with database.write() as connection:
        assert suppression.suppress(connection, KEY, "ana@example.org", "complained", "report", now)
        assert not suppression.suppress(connection, KEY, "ANA@example.org", "bounced", "550", now)
        found = suppression.lookup(connection, KEY, "ana@example.org")
        assert found == suppression.Suppressed("complained", "report", now)
        assert suppression.release(connection, KEY, "ana@example.org")
        assert not suppression.release(connection, KEY, "ana@example.org")
        assert suppression.lookup(connection, KEY, "ana@example.org") is None


def test_an_erasure_replaces_the_reason_and_forgets_the_address(database: Database, now: datetime) -> None:
    """Only the hash stays."""
    with database.write() as connection:
        suppression.suppress(connection, KEY, "ana@example.org", "manual", "phone", now)
        suppression.suppress(connection, KEY, "ana@example.org", "erased", "letter", now)
        row = connection.execute(select(tables.suppression)).one()

    assert (row.email, row.reason) == (None, "erased")


def test_the_window_is_asked_who_may_still_be_written_to(
    database: Database, import_text: Callable[..., ImportResult], now: datetime
) -> None:
    """Suppressed, gone from every list of the edition, and erased people are named; the others are not."""
    import_text("email,lists\na@example.org,news\nb@example.org,news\nc@example.org,news;events\n", lists=())
    with database.write() as connection:
        suppression.suppress(connection, KEY, "A@example.org", "bounced", "550", now)
        subscribers.remove(connection, "b@example.org", "news", "test", now)
        subscribers.remove(connection, "c@example.org", "news", "test", now)
    people = [(1, "a@example.org"), (2, "b@example.org"), (3, "c@example.org"), (None, "erased 4")]
    with database.read() as connection:
        both = suppression.blocked(connection, KEY, ["news", "events"], people)
        news = suppression.blocked(connection, KEY, ["news"], people)

    assert both == {"a@example.org": "bounced", "b@example.org": "unsubscribed", "erased 4": "erased"}
    assert news == {**both, "c@example.org": "unsubscribed"}
