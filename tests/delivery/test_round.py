"""A round starts lanes while there is something for them, and does not ask the ledger in circles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter.delivery.dispatch import dispatch
from newsletter.outbox import emergency, ledger
from tests.delivery.studio import freeze, opened, write_config
from tests.mail.relay import Relay
from tests.outbox.audience import NOW, states, subscribe

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("workspace_database")
LOOKS = 12
"""A few for three lanes that end one after the other; a circle takes thousands."""


def test_lanes_that_find_nothing_are_not_started_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is held by another program while three connections send."""
    looks: list[object] = []
    found = ledger.waiting

    def counted(*arguments: object) -> object:
        looks.append(arguments)
        return found(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger, "waiting", counted)
    with Relay() as relay:
        write_config(tmp_path, port=relay.port, mail="+connections = 3")
        with opened(tmp_path) as app:
            subscribe(app.database, 600)
            freeze(app)

            def hold(_counts: Counter[str]) -> None:
                with app.database.write() as connection:
                    emergency.hold_all(connection, "by hand", NOW)

            summary = dispatch(app, on_progress=hold)
            assert states(app.database) == {
                "sent": summary.counts["sent"],
                "pending": 600 - summary.counts["sent"],
            }
    assert 0 < summary.counts["sent"] <= 3 * 2 * 5
    assert len(looks) <= LOOKS
