"""Slices and windows."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from newsletter.audience import signing, suppression
from newsletter.config import Sending
from newsletter.errors import PermanentError, RefusedSenderError, TransientError, UnknownOutcomeError
from newsletter.model import Receipt
from newsletter.outbox import hold, ledger
from newsletter.outbox.claim import LostSliceError, Sender
from newsletter.outbox.freeze import SMALLEST_SLICE
from newsletter.storage.tables import slice_
from tests.outbox.audience import NOW, edition_in, frozen_in, later, leave, row_of, states, subscribe

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.outbox.claim import Step
    from newsletter.outbox.window import Claim, Delivery
    from newsletter.storage.database import Database

KEY = b"k" * 32


@pytest.fixture
def sender() -> Sender:
    """Return a sender with windows of three."""
    return Sender(signing_key=KEY, rules=Sending(window=3))


def claim(database: Database, sender: Sender, channel: str = "main", **options: Any) -> Claim | None:
    """Claim a slice."""
    with database.write() as connection:
        return sender.claim(connection, channel, options.pop("now", NOW), **options)


def advance(
    database: Database,
    sender: Sender,
    held: Claim | None,
    outcomes: Any = (),
    *,
    size: int = 3,
    now: Any = NOW,
) -> Step:
    """Take one step."""
    assert held is not None
    with database.write() as connection:
        return sender.advance(connection, held, outcomes, size=size, now=now)


def all_sent(window: tuple[Delivery, ...]) -> list[tuple[Delivery, Receipt]]:
    """Return a good outcome for everybody."""
    return [(delivery, Receipt(reply="250 ok")) for delivery in window]


def test_a_slice_is_sent_window_by_window(database: Database, tmp_path: Path, sender: Sender) -> None:
    """Each step settles the last window and marks the next."""
    subscribe(database, 5)
    frozen_in(database, edition_in(tmp_path), tmp_path)
    held = claim(database, sender)

    first = advance(database, sender, held)
    assert states(database) == {"sending": 3, "pending": 2}
    second = advance(database, sender, held, all_sent(first.window))
    assert states(database) == {"sent": 3, "sending": 2}
    third = advance(database, sender, held, all_sent(second.window))

    assert [len(step.window) for step in (first, second, third)] == [3, 2, 0]
    assert states(database) == {"sent": 5}
    assert claim(database, sender) is None
    with database.read() as connection:
        assert connection.execute(select(slice_.c.done, slice_.c.owner)).one() == (True, "")


def test_a_delivery_carries_the_persons_values_and_its_attempts(
    database: Database, tmp_path: Path, sender: Sender
) -> None:
    """Read in the same transaction, so that nothing stands between the mark and the wire."""
    subscribe(database, 1)
    made = edition_in(tmp_path)
    frozen_in(database, made, tmp_path)
    (delivery,) = advance(database, sender, claim(database, sender)).window

    assert delivery.values["first_name"] == "Asha"
    assert delivery.attempts == 1
    assert delivery.key == f"{made.id}-{delivery.id}"


def test_two_senders_never_hold_the_same_slice(database: Database, tmp_path: Path, sender: Sender) -> None:
    """Each takes the next free one."""
    subscribe(database, SMALLEST_SLICE + 1)
    frozen_in(database, edition_in(tmp_path), tmp_path)
    other = dataclasses.replace(sender, owner="elsewhere:1:x")

    claims = [claim(database, sender), claim(database, other), claim(database, sender)]

    assert claims[0] is not None
    assert claims[1] is not None
    assert claims[0].slice_id != claims[1].slice_id
    assert claims[2] is None


def test_only_slices_of_the_channel_and_edition_asked_for_are_taken(
    database: Database, tmp_path: Path, sender: Sender
) -> None:
    """Accounts have slices of their own."""
    subscribe(database, 1)
    made = edition_in(tmp_path, accounts=("toots",))
    frozen_in(database, made, tmp_path)

    assert claim(database, sender, "posts") is None
    assert claim(database, sender, edition_id="0" * 16) is None
    held = claim(database, sender, "toots", edition_id=made.id)
    assert held is not None
    assert held.kind == "social"


def test_a_social_post_in_doubt_is_never_repeated(database: Database, tmp_path: Path, sender: Sender) -> None:
    """Not even where letters are: it would stand there twice."""
    made = edition_in(tmp_path, accounts=("toots",))
    frozen_in(database, made, tmp_path, on_unknown="resend")
    held = claim(database, sender, "toots")
    (sent,) = advance(database, sender, held).window

    advance(database, sender, held, [(sent, UnknownOutcomeError("no answer"))])

    assert states(database) == {"unknown": 1}


def test_who_lost_a_slice_writes_nothing(database: Database, tmp_path: Path, sender: Sender) -> None:
    """The fence was raised while this sender was believed dead."""
    subscribe(database, 3)
    frozen_in(database, edition_in(tmp_path), tmp_path)
    held = claim(database, sender)
    window = advance(database, sender, held).window
    with database.write() as connection:
        connection.execute(update(slice_).values(fence=slice_.c.fence + 1))

    with pytest.raises(LostSliceError, match="taken over"):
        advance(database, sender, held, all_sent(window))
    assert states(database) == {"sending": 3}


def test_people_who_left_or_are_suppressed_since_the_freeze_get_nothing(
    database: Database, tmp_path: Path, sender: Sender
) -> None:
    """The reason is kept; the window is filled with others."""
    subscribe(database, 6)
    frozen_in(database, edition_in(tmp_path), tmp_path)
    leave(database, "reader0@example.org")
    with database.write() as connection:
        suppression.suppress(connection, KEY, "Reader2@example.org", "complained", "test", NOW)

    step = advance(database, sender, claim(database, sender))

    assert [delivery.recipient for delivery in step.window] == ["reader1@example.org"]
    assert step.counts == {"suppressed": 2}
    assert row_of(database, "reader0@example.org").reply == "unsubscribed"
    assert row_of(database, "reader2@example.org").reply == "complained"
    assert row_of(database, "reader2@example.org").attempts == 0


def test_a_slice_in_which_nobody_may_be_written_to_is_through(
    database: Database, tmp_path: Path, sender: Sender
) -> None:
    """No empty window goes out."""
    subscribe(database, 7)
    frozen_in(database, edition_in(tmp_path), tmp_path)
    with database.write() as connection:
        for number in range(7):
            suppression.suppress(connection, KEY, f"reader{number}@example.org", "manual", "test", NOW)

    step = advance(database, sender, claim(database, sender))

    assert step.window == ()
    assert step.counts == {"suppressed": 7}


def test_deferred_deliveries_wait_for_their_time(database: Database, tmp_path: Path, sender: Sender) -> None:
    """Five minutes, then they are due again."""
    subscribe(database, 1)
    frozen_in(database, edition_in(tmp_path), tmp_path)
    held = claim(database, sender)
    window = advance(database, sender, held).window
    advance(database, sender, held, [(window[0], TransientError("451 later", code="451"))])

    assert claim(database, sender, now=later(minutes=4)) is None
    again = claim(database, sender, now=later(minutes=5))
    (delivery,) = advance(database, sender, again, now=later(minutes=5)).window
    assert delivery.attempts == 2
    assert delivery.key == window[0].key


def test_a_refused_sender_pauses_the_edition_and_blames_nobody(
    database: Database, tmp_path: Path, sender: Sender
) -> None:
    """The rest of the window was not tried; everybody is as before."""
    subscribe(database, 4)
    frozen_in(database, edition_in(tmp_path), tmp_path)
    held = claim(database, sender)
    window = advance(database, sender, held).window
    refusal = RefusedSenderError("535 wrong password", where="mail.example:587", code="535")
    step = advance(database, sender, held, [(window[0], Receipt()), (window[1], refusal), (window[2], None)])

    assert step.window == ()
    assert step.paused.startswith(
        "mail.example:587: 535 wrong password (at the letter to reader1@example.org"
    )
    assert states(database) == {"sent": 1, "pending": 3}
    assert row_of(database, "reader1@example.org").attempts == 0
    with database.read() as connection:
        entry = ledger.find(connection, "autumn")
    assert (entry.state, entry.why) == ("paused", step.paused)
    assert "outbox resolve" in entry.why
    assert row_of(database, "reader1@example.org").code == "535"
    assert row_of(database, "reader2@example.org").code == ""
    assert claim(database, sender) is None


def test_a_cancelled_edition_keeps_what_was_on_the_wire_and_nothing_else(
    database: Database, tmp_path: Path, sender: Sender
) -> None:
    """A refusal for now is a no for ever then."""
    subscribe(database, 5)
    frozen_in(database, edition_in(tmp_path), tmp_path)
    held = claim(database, sender)
    window = advance(database, sender, held).window
    with database.write() as connection:
        assert hold.cancel(connection, ledger.find(connection, "autumn"), NOW) == 2
    outcomes = [
        (window[0], Receipt()),
        (window[1], TransientError("451")),
        (window[2], PermanentError("550")),
    ]
    step = advance(database, sender, held, outcomes)

    assert step.window == ()
    assert states(database) == {"sent": 1, "cancelled": 3, "failed": 1}


def test_a_size_of_nothing_gives_the_slice_back(database: Database, tmp_path: Path, sender: Sender) -> None:
    """So that a stopped sender leaves no doubt."""
    subscribe(database, 4)
    frozen_in(database, edition_in(tmp_path), tmp_path)
    held = claim(database, sender)
    window = advance(database, sender, held).window
    advance(database, sender, held, all_sent(window), size=0)

    assert states(database) == {"sent": 3, "pending": 1}
    assert claim(database, sender) is not None


def test_the_key_of_the_installation_stays_out_of_sight(database: Database) -> None:
    """Every unsubscribe link depends on it."""
    with database.write() as connection:
        key = signing.signing_key(connection, NOW)

    assert repr(key) not in repr(Sender(signing_key=key, rules=Sending()))
