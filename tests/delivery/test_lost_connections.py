"""The connection to PostgreSQL breaks while letters are on their way; the relay's own tally is the judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from newsletter.delivery import lane, mailing
from newsletter.delivery.dispatch import dispatch
from newsletter.storage.database import DatabaseProblemError
from newsletter.storage.tables import slice_
from tests.delivery.studio import freeze, opened, write_config
from tests.mail.relay import Relay
from tests.outbox.audience import states, subscribe
from tests.servers.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from newsletter.app import App
    from tests.servers.postgres import Postgres

PEOPLE = 42

pytestmark = [
    pytest.mark.usefixtures("workspace_database"),
    pytest.mark.parametrize("fresh_database", ["postgresql"], indirect=True),
]


@pytest.fixture
def relay() -> Iterator[Relay]:
    """Return a mail server."""
    with Relay() as running:
        yield running


@pytest.fixture
def app(tmp_path: Path, workspace_database: str, relay: Relay) -> Iterator[App]:
    """Return a workspace with a frozen edition."""
    write_config(tmp_path, port=relay.port)
    with opened(tmp_path) as found:
        subscribe(found.database, PEOPLE)
        freeze(found)
        yield found


@pytest.fixture
def wire(postgres: Postgres) -> Iterator[Wire]:
    """Return a wire to the server."""
    with Wire(postgres.port) as laid:
        yield laid


@pytest.fixture
def fragile(app: App, wire: Wire) -> Iterator[App]:
    """Return the workspace as somebody opens it who reaches the database over the wire."""
    address = app.workspace.config.read_text(encoding="utf-8")
    port = str(app.database.engine.url.port)
    app.workspace.config.write_text(address.replace(f":{port}/", f":{wire.port}/"), encoding="utf-8")
    with opened(app.workspace.root) as found:
        yield found


def at_window(monkeypatch: pytest.MonkeyPatch, number: int, strike: Callable[[], object]) -> None:
    """Do something between the wire and the ledger: once the letters of this window have left."""
    real, windows = mailing.MailCarrier.carry, iter(range(1, PEOPLE))

    def carry(self: Any, *arguments: Any) -> Any:
        outcomes = real(self, *arguments)
        if next(windows) == number:
            strike()
        return outcomes

    monkeypatch.setattr(mailing.MailCarrier, "carry", carry)


def test_a_database_that_is_restarted_between_two_windows_costs_nothing(
    app: App, relay: Relay, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcomes are written over a new connection."""
    at_window(monkeypatch, 3, lambda: postgres.end_connections(app.database.engine.url.database))

    dispatch(app)

    assert states(app.database) == {"sent": PEOPLE}
    assert set(relay.tally().values()) == {1}


@pytest.mark.parametrize("window", [1, 3])
def test_a_commit_whose_answer_is_lost_is_neither_lost_nor_made_twice(
    fragile: App, wire: Wire, relay: Relay, monkeypatch: pytest.MonkeyPatch, window: int
) -> None:
    """The ledger has it and the sender cannot know; it finds out, and nobody gets a second letter."""
    at_window(monkeypatch, window, lambda: wire.lose_answer_to(b"COMMIT"))

    dispatch(fragile)

    assert wire.lost == 1
    assert states(fragile.database) == {"sent": PEOPLE}
    assert set(relay.tally().values()) == {1}


def test_a_database_that_stays_away_leaves_a_window_in_doubt_at_most(
    fragile: App, wire: Wire, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender ends with one line; the next one sends the rest, once the lease of the first is over."""
    monkeypatch.setattr(lane, "RETRIES_S", (0, 0))
    with (
        monkeypatch.context() as patched,
        pytest.raises(DatabaseProblemError, match=r"cannot be reached|was lost"),
    ):
        at_window(patched, 3, wire.cut)
        dispatch(fragile)
    gone = len(relay.received)
    write_config(fragile.workspace.root, port=relay.port)
    with opened(fragile.workspace.root) as again:
        with again.database.write() as connection:
            connection.execute(update(slice_).values(lease_until=again.now()))
        dispatch(again)

        found = states(again.database)
    assert 0 < found["unknown"] <= gone
    assert found == {"sent": PEOPLE - found["unknown"], "unknown": found["unknown"]}
    assert len(relay.tally()) == PEOPLE
    assert set(relay.tally().values()) == {1}
