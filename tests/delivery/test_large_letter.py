"""A letter that is larger than a server takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter.delivery.dispatch import dispatch
from newsletter.outbox import hold, ledger
from tests.delivery.studio import freeze, opened, write_config
from tests.mail.relay import Relay
from tests.outbox.audience import LETTER, states, subscribe

if TYPE_CHECKING:
    from pathlib import Path


def test_a_letter_of_twelve_megabytes_is_held_where_the_server_takes_ten(tmp_path: Path) -> None:
    """The numbers are named; a server that takes it gets it whole."""
    lines = b"Otters, otters, nothing but otters, as far as the eye can see.\r\n" * 190_000
    big = replace(LETTER, segments=(*LETTER.segments[:-1], LETTER.segments[-1] + lines))
    with Relay(data_size_limit=10_000_000) as relay:
        write_config(tmp_path, port=relay.port)
        with opened(tmp_path) as app:
            subscribe(app.database, 2)
            freeze(app, letter=big)
            summary = dispatch(app)
            assert "the server takes 10000000; make it smaller" in summary.troubles[0]
            assert states(app.database) == {"pending": 2}
            relay.offer.data_size_limit = 20_000_000
            with app.database.write() as connection:
                entry = ledger.find(connection, "autumn")
                assert entry.state == "paused"
                hold.resume(connection, entry)
            dispatch(app)

            assert states(app.database) == {"sent": 2}
        assert [len(message) > 12_000_000 for _, message in relay.received] == [True, True]
