"""What goes over the wire, byte for byte, and what becomes of letters when it breaks."""

from __future__ import annotations

import pytest

from newsletter.errors import PermanentError, RefusedSenderError, TransientError, UnknownOutcomeError
from newsletter.model import Receipt
from tests.mail.player import EHLO, GROUP, RESET, STEPS, Player, envelope
from tests.mail.relay import HANG_UP, Relay
from tests.mail.windows import MESSAGE, kinds, letter, people, send

READY = b"250 ok\r\n250 ok\r\n354 go\r\n"
BODY = MESSAGE + b".\r\n"
QUIT = (b"quit\r\n", b"221 bye\r\n")


def test_a_letter_costs_one_round_trip() -> None:
    """Its body, its dot and the next envelope are heard before anything is answered (RFC 2920)."""
    piece = [
        GROUP,
        (envelope(0), READY),
        (BODY + envelope(1), b"250 one\r\n" + READY),
        (BODY + envelope(2), b"250 two\r\n" + READY),
        (BODY, b"250 three\r\n"),
        QUIT,
    ]
    with Player(piece) as player:
        outcomes = send(player, *people(3))

    assert [str(getattr(outcome, "reply", outcome)) for outcome in outcomes] == [
        "250 one",
        "250 two",
        "250 three",
    ]
    assert player.missed == []


def test_without_pipelining_every_command_waits_for_its_answer() -> None:
    """The server did not offer it."""
    commands = envelope(0).splitlines(keepends=True), envelope(1).splitlines(keepends=True)
    piece = [STEPS]
    for mail, rcpt, data in commands:
        piece += [(mail, b"250 ok\r\n"), (rcpt, b"250 ok\r\n"), (data, b"354 go\r\n"), (BODY, b"250 ok\r\n")]
    with Player([*piece, QUIT]) as player:
        outcomes = send(player, *people(2))

    assert kinds(outcomes) == [Receipt, Receipt]
    assert player.missed == []


def test_a_refused_recipient_is_forgotten_on_the_way() -> None:
    """RSET travels with the next envelope, and only when the server still holds the last one."""
    piece = [
        GROUP,
        (envelope(0), b"250 ok\r\n550 5.1.1 no\r\n554 no recipients\r\n"),
        (b"RSET\r\n" + envelope(1), b"250 ok\r\n451 not now\r\n503 no\r\n503 no\r\n"),
        (envelope(2), READY),
        (BODY, b"250 ok\r\n"),
        QUIT,
    ]
    with Player(piece) as player:
        outcomes = send(player, *people(3))

    assert kinds(outcomes) == [PermanentError, TransientError, Receipt]
    assert player.missed == []


def test_a_server_that_waits_for_a_body_without_recipient_gets_a_lone_dot() -> None:
    """RFC 2920 section 3.1; whatever it says to that, the refusal of the recipient stands."""
    piece = [
        GROUP,
        (envelope(0), b"250 ok\r\n550 5.1.1 no\r\n354 go\r\n"),
        (b".\r\n", b"250 nothing to do\r\n"),
        (envelope(1), b"250 ok\r\n550 5.1.1 no\r\n354 go\r\n"),
        (b".\r\n", b"554 no recipients\r\n"),
        (envelope(2), READY),
        (BODY, b"250 ok\r\n"),
        QUIT,
    ]
    with Player(piece) as player:
        outcomes = send(player, *people(3))

    assert kinds(outcomes) == [PermanentError, PermanentError, Receipt]
    assert player.missed == []


def test_an_empty_letter_is_never_sent() -> None:
    """The sender was refused and the recipient was not: the lone dot would deliver nothing to somebody."""
    with Player(
        [GROUP, (envelope(0), b"451 not now\r\n250 ok\r\n354 go\r\n"), (b"", b"")],
        [GROUP, (envelope(1), READY), (BODY, b"250 ok\r\n"), QUIT],
    ) as player:
        outcomes = send(player, *people(2))

    assert kinds(outcomes) == [TransientError, Receipt]
    assert player.missed == []


def test_a_refused_letter_does_not_take_the_next_ones_envelope_along() -> None:
    """Its replies are read as its own."""
    piece = [
        GROUP,
        (envelope(0), READY),
        (BODY + envelope(1), b"554 5.6.0 malformed\r\n" + READY),
        (BODY, b"250 ok\r\n"),
        QUIT,
    ]
    with Player(piece) as player:
        outcomes = send(player, *people(2))

    assert kinds(outcomes) == [PermanentError, Receipt]
    assert player.missed == []


def test_after_a_refusal_of_ours_nothing_more_is_said() -> None:
    """Not even goodbye: the server may wait for the body of the letter that was announced."""
    with Player(
        [GROUP, (envelope(0), READY), (BODY + envelope(1), b"554 5.7.1 spam\r\n" + READY), (b"", b"")]
    ) as player:
        outcomes = send(player, *people(3))

    assert kinds(outcomes) == [RefusedSenderError, type(None), type(None)]
    assert player.missed == []


@pytest.mark.parametrize(
    "words", [b"", RESET, b"421 4.3.2 shutting down\r\n", b"what?\r\n", b"220 hello\r\n"]
)
def test_a_letter_that_was_only_announced_goes_over_the_next_connection(words: bytes) -> None:
    """The connection broke while the one before was in doubt or refused."""
    with Player(
        [GROUP, (envelope(0), READY), (BODY + envelope(1), words)],
        [GROUP, (envelope(1), READY), (BODY, b"250 ok\r\n"), QUIT],
    ) as player:
        outcomes = send(player, *people(2))

    refused = words.startswith(b"421")
    assert kinds(outcomes) == [TransientError if refused else UnknownOutcomeError, Receipt]
    assert player.missed == []


def test_an_answer_that_came_before_the_end_of_the_connection_counts() -> None:
    """The server takes one letter per connection and says so by hanging up on the next envelope."""
    with Player(
        [GROUP, (envelope(0), READY), (BODY + envelope(1), b"250 ok\r\n")],
        [GROUP, (envelope(1), READY), (BODY, b"250 ok\r\n"), QUIT],
    ) as player:
        outcomes = send(player, *people(2))

    assert kinds(outcomes) == [Receipt, Receipt]
    assert player.missed == []


def test_words_that_nobody_asked_for_never_count_as_the_answer_to_the_dot() -> None:
    """They are there before the body is: the connection is out of step, and nothing leaves over it."""
    with Player(
        [GROUP, (envelope(0), READY + b"250 taken\r\n"), (b"", b"")],
        [GROUP, (envelope(1), READY), (BODY, b"250 ok\r\n"), QUIT],
    ) as player:
        outcomes = send(player, *people(2))

    assert kinds(outcomes) == [TransientError, Receipt]
    assert player.missed == []


def test_too_many_recipients_means_a_new_transaction() -> None:
    """RFC 5321 section 4.5.3.1.10: not the letter's fault; it goes again at once."""
    with Player(
        [GROUP, (envelope(0), b"250 ok\r\n452 4.5.3 too many recipients\r\n554 no\r\n"), QUIT],
        [GROUP, (envelope(0), READY), (BODY, b"250 ok\r\n"), QUIT],
    ) as player:
        outcomes = send(player, *people(1))

    assert kinds(outcomes) == [Receipt]
    assert player.missed == []


def test_a_server_that_finds_every_recipient_too_many_is_left_for_later() -> None:
    """One new transaction, not a storm of them."""
    with Relay() as relay:
        relay.always["RCPT", "reader0@example.org"] = "452 4.5.3 too many recipients"
        outcomes = send(relay, *people(2))

    assert kinds(outcomes) == [TransientError, Receipt]
    assert relay.connections == 2
    assert relay.complaints == []


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_window_does_not_storm_a_server_that_breaks_off(*, pipelining: bool) -> None:
    """After two connections in a row the rest is not tried."""
    with Relay(pipelining=pipelining) as relay:
        relay.always["DOT", "*"] = HANG_UP
        outcomes = send(relay, *people(5))

    assert kinds(outcomes) == [UnknownOutcomeError] * 2 + [type(None)] * 3
    assert relay.connections == 2
    assert relay.tally() == {"reader0@example.org": 1, "reader1@example.org": 1}


def test_what_the_server_says_in_the_middle_of_a_long_letter_is_heard() -> None:
    """It breaks off without reading the rest; the letter is refused for that, not for a lost connection."""
    long = letter(message=MESSAGE + b"x\r\n" * 2_000_000)
    with Relay() as relay:
        relay.script["BODY", "asha@example.org"] = ["552 5.3.4 too big"]
        (outcome,) = send(relay, long)

    assert type(outcome) is PermanentError
    assert "552 5.3.4 too big" in str(outcome)
    assert relay.received == []


@pytest.mark.parametrize("body", [b"", b"\r\n", b"x" * 65_536 + b"\r\n", b"x\r\n" * 300_000])
def test_a_letter_of_any_length_arrives_whole(body: bytes) -> None:
    """Long ones leave in several writes."""
    message = MESSAGE + body
    with Relay() as relay:
        outcomes = send(relay, letter(message=message), letter("second@example.org", message))

    assert kinds(outcomes) == [Receipt, Receipt]
    assert [received for _, received in relay.received] == [message, message]
    assert relay.complaints == []


def test_eight_bits_and_sizes_are_announced_where_they_are_offered() -> None:
    """RFC 6152 and RFC 1870; a server without them hears nothing of them."""
    message = MESSAGE + "Flüsse\r\n".encode()
    with Relay() as relay, Relay(eight_bit=False, data_size_limit=0) as plain:
        outcomes = [*send(relay, letter(message=message)), *send(plain, letter(message=message))]

    assert kinds(outcomes) == [Receipt, Receipt]
    assert relay.complaints + plain.complaints == []


def test_the_greeting_is_heard_in_full() -> None:
    """A server that speaks twice before it was asked is out of step from the start."""
    with (
        Player([(EHLO, b"250 relay.example\r\n250 PIPELINING\r\n")]) as player,
        pytest.raises(TransientError, match="more than it was asked"),
    ):
        send(player, letter())
