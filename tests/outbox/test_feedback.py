"""What a window teaches about those it went to."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.audience import suppression
from newsletter.config import Sending
from newsletter.errors import PermanentError, TransientError
from newsletter.outbox import limits
from newsletter.outbox.bucket import Limit
from newsletter.outbox.claim import Sender
from tests.outbox.audience import NOW, edition_in, frozen_in, later, states, subscribe

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.storage.database import Database

KEY = b"k" * 32
GONE = PermanentError("550 5.1.1 no such user", code="550", hard=True)
TOO_FAST = TransientError("421 4.7.0 slow down", code="421", throttled=True)


@pytest.fixture
def sender() -> Sender:
    """Return a sender with windows of two."""
    return Sender(signing_key=KEY, rules=Sending(window=2))


def send_window(database: Database, sender: Sender, *outcomes: Any, now: Any = NOW) -> int:
    """Send one window with these outcomes and give the slice back; return how many letters it had."""
    with database.write() as connection:
        held = sender.claim(connection, "main", now)
        if held is None:
            return 0
        window = sender.advance(connection, held, (), size=2, now=now).window
        if not window:
            return 0
        sender.advance(connection, held, list(zip(window, outcomes, strict=False)), size=0, now=now)
    return len(window)


def is_suppressed(database: Database, address: str) -> bool:
    """Tell whether an address is on the suppression list."""
    with database.read() as connection:
        return suppression.lookup(connection, KEY, address) is not None


def test_an_address_that_does_not_exist_is_never_written_to_again(
    database: Database, tmp_path: Path, sender: Sender
) -> None:
    """With the server's words as the source; a full mailbox is left alone."""
    one, other = subscribe(database, 2)
    frozen_in(database, edition_in(tmp_path), tmp_path)
    send_window(database, sender, GONE, PermanentError("552 5.2.2 mailbox full", code="552"))

    with database.read() as connection:
        found = suppression.lookup(connection, KEY, one)
    assert found is not None
    assert found.reason == "bounced"
    assert "no such user" in found.source
    assert not is_suppressed(database, other)


def test_who_does_not_want_that_can_say_so(database: Database, tmp_path: Path, sender: Sender) -> None:
    """``suppress_hard_bounces = false``."""
    (one,) = subscribe(database, 1)
    frozen_in(database, edition_in(tmp_path), tmp_path)
    rules = dataclasses.replace(sender.rules, suppress_hard_bounces=False)
    send_window(database, dataclasses.replace(sender, rules=rules), GONE)

    assert not is_suppressed(database, one)
    assert states(database) == {"failed": 1}


def test_letters_to_a_domain_that_is_overrun_leave_more_slowly(
    database: Database, tmp_path: Path, sender: Sender
) -> None:
    """The next one waits, although nothing limits the domain in config.toml."""
    subscribe(database, 4)
    frozen_in(database, edition_in(tmp_path), tmp_path)

    assert send_window(database, sender, TOO_FAST, TOO_FAST) == 2
    assert send_window(database, sender) == 0
    assert send_window(database, sender, None, None, now=later(seconds=10)) == 2


def test_a_service_that_means_our_account_slows_all_of_its_letters(
    database: Database, tmp_path: Path, sender: Sender
) -> None:
    """A mail API's 429 is not about the reader's domain."""
    subscribe(database, 4)
    frozen_in(database, edition_in(tmp_path), tmp_path)
    asked = TransientError("429", code="429", throttled=True, retry_after_s=60)
    send_window(database, dataclasses.replace(sender, accounts=["main"]), asked)

    with database.read() as connection:
        left = limits.left(connection, sender.limits, "main", NOW)
    assert left.available_at == later(seconds=60)


def test_what_was_not_tried_does_not_count_against_the_day(
    database: Database, tmp_path: Path, sender: Sender
) -> None:
    """A relay that breaks off takes nothing away from today's letters."""
    subscribe(database, 4)
    frozen_in(database, edition_in(tmp_path), tmp_path)
    day = limits.Limits(channels={"main": Limit(per_day=10)})
    held_to = dataclasses.replace(sender, limits=day)
    send_window(database, held_to, None, None)

    with database.read() as connection:
        assert limits.left(connection, day, "main", NOW).today == 10
