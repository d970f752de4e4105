"""Lists have names that fit a cell, and numbers that add up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter.audience import lists, subscribers
from newsletter.audience.lists import ListCount
from newsletter.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from newsletter.audience.importing import ImportResult
    from newsletter.storage.database import Database


def test_lists_are_counted_by_name(
    database: Database, import_text: Callable[..., ImportResult], now: datetime
) -> None:
    """Also one that nobody is on."""
    import_text("email\na@example.org\nb@example.org\n")
    with database.write() as connection:
        subscribers.remove(connection, "b@example.org", None, "test", now)
        first = lists.ensure(connection, ["board", "supporters"], now)
        again = lists.ensure(connection, ["supporters", "board"], now)
        found = lists.counts(connection)

    assert first == again
    assert found == [ListCount("board", 0, 0), ListCount("supporters", 1, 1)]


@pytest.mark.parametrize("name", ["", "  ", "a,b", "a;b", "a|b", "x" * 65, "a\nb"])
def test_a_name_that_would_not_fit_a_cell_is_refused(name: str) -> None:
    """Lists are written beside each other in imports and exports."""
    with pytest.raises(ContentError, match="cannot be a list's name"):
        lists.check_name(name)


def test_a_cell_may_name_several_lists() -> None:
    """By comma, semicolon or bar."""
    assert lists.split(" news ;events| board, ") == ("news", "events", "board")
