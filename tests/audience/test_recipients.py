"""An edition goes to the subscribed members of its lists, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.audience import recipients, subscribers

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from newsletter.audience.importing import ImportResult
    from newsletter.storage.database import Database


def test_everybody_on_any_of_the_lists_is_selected_once(
    database: Database, import_text: Callable[..., ImportResult], now: datetime
) -> None:
    """Two lists make no second letter; who has left is not there."""
    import_text(
        "email,lists\na@example.org,news\nb@example.org,news;events\nc@example.org,events\n", lists=()
    )
    import_text("email,lists\nd@example.org,other\n", lists=())
    with database.write() as connection:
        subscribers.remove(connection, "c@example.org", "events", "test", now)
    with database.read() as connection:
        rows = connection.execute(recipients.selection(["news", "events"])).all()
        both = recipients.count(connection, ["news", "events"])
        none = recipients.count(connection, [])

    assert [tuple(row) for row in rows] == [(1, "a@example.org"), (2, "b@example.org")]
    assert (both, none) == (2, 0)


def test_merge_values_are_the_names_and_the_further_columns(
    database: Database, import_text: Callable[..., ImportResult]
) -> None:
    """A column of an import can be said in a letter, but never stands in for the person's own fields."""
    import_text("email,First Name,Last Name,Home Town\nana@example.org,Ana,Silva,Bristol\nb@example.org,,,\n")
    with database.read() as connection:
        values = recipients.merge_values(connection, [1, 2])

    assert values[1] == {
        "first_name": "Ana",
        "last_name": "Silva",
        "name": "Ana Silva",
        "email": "ana@example.org",
        "language": "",
        "home_town": "Bristol",
    }
    assert values[2]["name"] == ""
