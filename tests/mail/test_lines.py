"""Several connections at once, served by one thread: what one of them suffers is no other one's business."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.errors import RefusedSenderError, TransientError, UnknownOutcomeError
from newsletter.model import Receipt
from tests.mail.relay import HANG_UP, Relay
from tests.mail.windows import kinds, people, send, transport

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence
    from pathlib import Path

    from newsletter.errors import DeliveryError

PEOPLE = 40
LINES = 4
MISHAPS = (
    *(("CONNECT", reply) for reply in ("close", "421 4.7.0 too many connections")),
    *(
        (step, reply)
        for step in ("MAIL", "RCPT", "DATA", "DOT")
        for reply in (HANG_UP, "close", "421 4.3.2 shutting down", "451 4.3.0 later", "nonsense")
    ),
    ("DOT", "drop"),
    ("RCPT", "550 5.1.1 no such user"),
)


class Narrow(Relay):
    """Takes two connections at a time and turns every other one away."""

    def answer(self, step: str, who: str) -> str:
        """Return what a busy server says to the third one."""
        if step == "CONNECT" and self.connections > 2:
            return "421 4.7.0 too many connections"
        return super().answer(step, who)


class Unlucky(Relay):
    """Has a mishap now and then, whoever's letter it is."""

    def __init__(self, seed: int, **options: Any) -> None:
        super().__init__(**options)
        self._dice = random.Random(seed)  # noqa: S311 - faults, not keys

    def answer(self, step: str, who: str) -> str:
        """Return a mishap or nothing."""
        fits = [reply for where, reply in MISHAPS if where == step]
        if fits and self.connections > 1 and self._dice.random() < 0.03:
            return self._dice.choice(fits)
        return super().answer(step, who)


@pytest.mark.parametrize("pipelining", [True, False])
def test_every_letter_leaves_once_over_some_connection(*, pipelining: bool) -> None:
    """And its outcome stands at its place."""
    with Relay(pipelining=pipelining) as relay:
        outcomes = send(relay, *people(PEOPLE), connections=LINES)

    assert kinds(outcomes) == [Receipt] * PEOPLE
    assert relay.tally() == {letter.recipient: 1 for letter in people(PEOPLE)}
    assert relay.connections == LINES
    assert relay.complaints == []


def test_several_encrypted_connections_take_turns(certified: ssl.SSLContext, ca_file: Path) -> None:
    """What an encrypted connection has read ahead, the operating system does not know of."""
    with Relay(implicit_tls=certified) as relay:
        encrypted = {"host": "localhost", "tls": "tls", "ca_file": ca_file, "connections": LINES}
        outcomes = send(relay, *people(PEOPLE), **encrypted)

    assert kinds(outcomes) == [Receipt] * PEOPLE
    assert relay.connections == LINES


def test_a_few_letters_are_worth_one_connection(relay: Relay) -> None:
    """Opening one takes longer than sending them."""
    send(relay, *people(4), connections=LINES)

    assert relay.connections == 1


@pytest.mark.parametrize(("step", "doubtful"), [("RCPT", False), ("DOT", True)])
def test_a_connection_that_hangs_holds_up_no_other_one(relay: Relay, step: str, *, doubtful: bool) -> None:
    """Everybody else's letter is through while it still waits; then it is given up."""
    relay.script[step, "reader7@example.org"] = ["silence"]
    session = transport(relay, connections=LINES, timeout_s=2, reply_timeout_s=2).connect()
    outcomes: list[Receipt | DeliveryError | None] = []
    sending = threading.Thread(target=lambda: outcomes.extend(session.send(people(PEOPLE))))
    sending.start()
    while len(relay.received) < PEOPLE - 1:
        assert relay.arrived.wait(10)
        relay.arrived.clear()
    was_waiting = sending.is_alive()
    sending.join(20)
    session.close()

    assert was_waiting
    assert isinstance(outcomes.pop(7), UnknownOutcomeError if doubtful else TransientError)
    assert kinds(outcomes) == [Receipt] * (PEOPLE - 1)


def test_a_server_with_room_for_two_gets_all_letters_over_two() -> None:
    """What it turns away is not asked for again and again."""
    with Narrow() as relay:
        outcomes = send(relay, *people(PEOPLE), connections=LINES)

    assert kinds(outcomes) == [Receipt] * PEOPLE
    assert relay.connections == 3


def test_a_letter_that_was_announced_on_a_broken_connection_goes_another_way(relay: Relay) -> None:
    """Once."""
    relay.script["DOT", "reader5@example.org"] = ["drop"]
    outcomes = list(send(relay, *people(PEOPLE), connections=LINES))

    assert isinstance(outcomes.pop(5), UnknownOutcomeError)
    assert kinds(outcomes) == [Receipt] * (PEOPLE - 1)
    assert set(relay.tally().values()) == {1}


def test_after_a_refusal_of_ours_only_what_is_on_the_way_is_finished(relay: Relay) -> None:
    """At most one letter for each connection."""
    relay.always["DATA", "*"] = "554 5.7.1 your address is on a blocklist"
    outcomes = send(relay, *people(PEOPLE), connections=LINES)

    refused = [outcome for outcome in outcomes if outcome is not None]
    assert set(kinds(refused)) == {RefusedSenderError}
    assert 1 <= len(refused) <= LINES
    assert relay.received == []


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_the_outcomes_agree_with_the_tally(seed: int) -> None:
    """Sent: it arrived. In doubt: it may have. Anything else: it did not. Nobody gets two."""
    letters = people(PEOPLE)
    with Unlucky(seed, pipelining=seed % 3 > 0) as relay:
        outcomes = _tried(relay, 3 if seed % 2 else LINES)
        tally = relay.tally()

    for letter, outcome in zip(letters, outcomes, strict=True):
        count = tally.get(letter.recipient, 0)
        allowed = {1} if isinstance(outcome, Receipt) else {0}
        if isinstance(outcome, UnknownOutcomeError):
            allowed = {0, 1}
        assert count in allowed, f"{letter.recipient}: {outcome!r}, taken {count} times"
    assert relay.complaints == []


def _tried(relay: Relay, connections: int) -> Sequence[Receipt | DeliveryError | None]:
    """Return the outcomes of a window; of one that found no connection, that nothing was tried."""
    try:
        return send(relay, *people(PEOPLE), connections=connections)
    except (RefusedSenderError, TransientError):
        return [None] * PEOPLE
