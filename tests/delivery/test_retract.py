"""Posts are taken back wherever they can be, and each of them is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter.delivery import retract
from newsletter.delivery.dispatch import dispatch
from newsletter.errors import PermanentError
from newsletter.model import Snippet
from newsletter.outbox import ledger
from tests.delivery.studio import freeze, opened, write_config
from tests.delivery.wall import Wall

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter.app import App

pytestmark = pytest.mark.usefixtures("workspace_database")
THREAD = ("First the weir went.", "Then the otters came.")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Return a workspace that has published a thread on one wall and a post on another."""
    write_config(tmp_path, mail='type = "folder"\npath = "mail"')
    with opened(tmp_path) as found:
        vars(found)["networks"] = (Wall("high"), Wall("low"))
        high = Snippet("high", "wall", "\n\n".join(THREAD), parts=THREAD)
        freeze(found, lists=(), snippets=(high, Snippet("low", "wall", "Otters.")))
        dispatch(found)
        yield found


def edition_of(app: App) -> str:
    """Return the identity of the only edition."""
    with app.database.read() as connection:
        return ledger.find(connection, "autumn").id


def walls(app: App) -> tuple[Wall, Wall]:
    """Return the two walls."""
    high, low = app.networks
    assert isinstance(high, Wall)
    assert isinstance(low, Wall)
    return high, low


def test_every_post_is_deleted_the_last_one_first(app: App) -> None:
    """An answer without what it answers would stand alone."""
    results = list(retract.retract(app, edition_of(app)))

    assert [(result.part.account, result.part.number, result.trouble) for result in results] == [
        ("low", 0, ""),
        ("high", 1, ""),
        ("high", 0, ""),
    ]
    assert [wall.posts for wall in walls(app)] == [{}, {}]
    assert retract.standing(app, edition_of(app)) == []


def test_one_that_cannot_be_deleted_keeps_no_other_one(app: App) -> None:
    """It is named, and still stands in the ledger."""
    high, low = walls(app)
    low.mishaps.append(PermanentError("it must be removed by hand", code="by hand"))
    results = list(retract.retract(app, edition_of(app)))

    assert [result.trouble for result in results] == ["it must be removed by hand", "", ""]
    assert (len(low.posts), high.posts) == (1, {})
    assert [part.account for part in retract.standing(app, edition_of(app))] == ["low"]


def test_an_account_that_is_gone_from_the_config_is_named(app: App) -> None:
    """With the address of the post, for a person."""
    vars(app)["networks"] = app.networks[:1]
    first, *_ = retract.retract(app, edition_of(app))

    assert "no account 'low'" in first.trouble
    assert first.part.receipt.url in first.trouble
