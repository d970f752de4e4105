"""Whatever a server does, the outcomes and its own tally agree."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.errors import DeliveryError, UnknownOutcomeError
from newsletter.model import Receipt
from tests.mail.relay import Relay
from tests.mail.windows import kinds, people, send

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from newsletter.mail.base import OutgoingLetter

Script = dict[tuple[str, str], list[str]]

MOST = 5
FAULTS = [
    "hang up",
    "drop",
    "close",
    "421 4.3.2 shutting down",
    "421-4.7.0 slow\r\n421 4.7.0 down",
    "451 4.3.0 not now",
    "452 4.5.3 too many recipients",
    "550 5.1.1 no such user",
    "550-5.1.1 no such user,\r\n550 5.1.1 and never was",
    "fragments 552 5.2.2 full",
    "554 5.7.1 spam",
    "HTTP/1.1 400 Bad Request",
    "220 hello",
    "250-one\r\n550 two",
    "999 what",
    "wait 0.001 451 4.3.0 not now",
]
TWICE = "250 ok\r\n250 and again"
"""A server out of step: it answers what was not asked yet."""
ODD_YES = ["250", "250-one\r\n250 two", "fragments 250 ok", "wait 0.001 250 ok", TWICE]
STEPS = {
    "MAIL": FAULTS + ODD_YES,
    "RCPT": [*FAULTS, *ODD_YES, "251 will forward"],
    "DATA": [*FAULTS, "250 what", "fragments 354 go", "354 go\r\n250 taken"],
    "NOBODY": [*FAULTS, "354 go"],
    "BODY": ["hang up", "hang up after 20", "close after 5", "552 5.3.4 too big", "421 4.3.2 bye after 9"],
    "DOT": FAULTS + ODD_YES + ["354 go", "silently taken"],
}


def window(count: int) -> list[OutgoingLetter]:
    """Return letters with a sender each, so that every MAIL can have a script."""
    return [
        replace(letter, sender=f"news+{number}@rivertrust.example")
        for number, letter in enumerate(people(count))
    ]


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """Return what a server says to a window, up to three faults a letter."""
    script: Script = {}
    for number in range(MOST):
        for step in draw(st.lists(st.sampled_from(sorted(STEPS)), max_size=3, unique=True)):
            who = f"news+{number}@rivertrust.example" if step == "MAIL" else f"reader{number}@example.org"
            script[step, who] = draw(st.lists(st.sampled_from(STEPS[step]), min_size=1, max_size=2))
    doors = ["", "", "421 4.3.2 closed", "554 go away", "hang up"]
    script["CONNECT", ""] = ["220 relay.example", *draw(st.lists(st.sampled_from(doors), max_size=4))]
    script["RSET", ""] = draw(
        st.lists(st.sampled_from(["", "421 4.3.2 bye", "500 what", "close"]), max_size=2)
    )
    return script


@pytest.fixture(scope="module")
def relays() -> Iterator[tuple[Relay, Relay]]:
    """Return a server with PIPELINING and one without."""
    with Relay() as quick, Relay(pipelining=False) as slow:
        yield quick, slow


def sent(relay: Relay, script: Script, count: int, most: int) -> Sequence[Receipt | DeliveryError | None]:
    """Send a window to a server with this script; check its tally and what it has to complain about."""
    relay.received.clear()
    relay.complaints.clear()
    relay.script.clear()
    relay.script.update({key: list(replies) for key, replies in script.items()})
    try:
        outcomes = send(relay, *window(count), messages_per_connection=most)
    except DeliveryError:
        outcomes = [None] * count
    assert len(outcomes) == count
    for letter, outcome in zip(window(count), outcomes, strict=True):
        taken = relay.tally().get(letter.recipient, 0)
        if isinstance(outcome, Receipt):
            assert taken == 1
        elif isinstance(outcome, UnknownOutcomeError):
            assert taken <= 1
        else:
            assert taken == 0
    assert {message for _, message in relay.received} <= {letter.message for letter in window(1)}
    if not any(TWICE in replies for replies in script.values()):
        assert relay.complaints == []
    return outcomes


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script=scripts(), count=st.integers(1, MOST), most=st.sampled_from([1, 2, 100]))
def test_outcomes_agree_with_the_tally(
    relays: tuple[Relay, Relay], script: Script, count: int, most: int
) -> None:
    """A receipt was taken, a refusal was not, only a doubt may be either."""
    for relay in relays:
        sent(relay, script, count, most)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script=scripts(), count=st.integers(1, MOST), most=st.sampled_from([1, 2, 100]))
def test_pipelining_changes_nothing(
    relays: tuple[Relay, Relay], script: Script, count: int, most: int
) -> None:
    """Except that it is faster: the same server, the same outcomes."""
    # A heap of commands uses a script up in another order: everybody is told the same at every try.
    # Step by step, nobody asks for a body that has no recipient.
    steady = {key: replies[:1] * 20 for key, replies in script.items() if key[0] not in {"NOBODY", "RSET"}}
    steady["CONNECT", ""] = script["CONNECT", ""]

    quick, slow = (sent(relay, steady, count, most) for relay in relays)

    assert kinds(quick) == kinds(slow)
