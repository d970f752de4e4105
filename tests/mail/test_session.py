"""Letters over real SMTP, against a server that misbehaves on purpose."""

from __future__ import annotations

import email
import socket
import threading

import pytest

from newsletter.errors import (
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.mail.smtp import Smtp
from newsletter.model import Receipt
from tests.mail.relay import HANG_UP, Relay
from tests.mail.windows import MESSAGE, kinds, letter, people, send, transport


def test_a_letter_arrives_byte_for_byte(relay: Relay) -> None:
    """It is fit for the wire when it comes, and nothing is changed on the way."""
    (outcome,) = send(relay, letter())

    assert outcome == Receipt(remote_id="4F1A2", reply="250 2.0.0 Ok: queued as 4F1A2")
    assert relay.received == [("asha@example.org", MESSAGE)]


def test_every_recipient_gets_an_answer_of_his_own(relay: Relay) -> None:
    """One refusal says nothing about the next one."""
    relay.script["RCPT", "reader1@example.org"] = ["550 5.1.1 no such user"]
    relay.script["RCPT", "reader2@example.org"] = ["451 4.7.1 greylisted"]
    relay.script["DATA", "reader3@example.org"] = ["451 4.3.0 not now"]
    relay.script["DOT", "reader4@example.org"] = ["554 5.6.0 malformed"]

    outcomes = send(relay, *people(6))

    assert kinds(outcomes) == [
        Receipt,
        PermanentError,
        TransientError,
        TransientError,
        PermanentError,
        Receipt,
    ]
    assert relay.tally() == {"reader0@example.org": 1, "reader5@example.org": 1}
    assert relay.connections == 1


def test_a_connection_that_dies_in_the_body_has_delivered_nothing(relay: Relay) -> None:
    """RFC 5321 section 4.1.1.4; the rest of the window takes a new connection."""
    relay.script["BODY", "reader1@example.org"] = [HANG_UP]
    # More than the machine buffers, so that the loss is noticed while the body is being written.
    big = MESSAGE + (b"y" * 70 + b"\r\n") * 300_000

    outcomes = send(relay, *people(1), letter("reader1@example.org", big), letter("reader2@example.org"))

    assert kinds(outcomes) == [Receipt, TransientError, Receipt]
    assert relay.connections == 2
    assert relay.tally() == {"reader0@example.org": 1, "reader2@example.org": 1}


def test_a_connection_that_dies_after_the_dot_leaves_a_doubt(relay: Relay) -> None:
    """The server may have taken it; here it has."""
    relay.script["DOT", "reader1@example.org"] = [HANG_UP]

    outcomes = send(relay, *people(3))

    assert kinds(outcomes) == [Receipt, UnknownOutcomeError, Receipt]
    assert relay.tally() == {f"reader{number}@example.org": 1 for number in range(3)}


@pytest.mark.parametrize("words", ["HTTP/1.1 400 Bad Request", "354 go on", "2x0 fine"])
def test_words_that_are_no_answer_to_the_dot_leave_a_doubt(relay: Relay, words: str) -> None:
    """And the connection, out of step now, is not used again."""
    relay.script["DOT", "reader0@example.org"] = [words]

    outcomes = send(relay, *people(2))

    assert kinds(outcomes) == [UnknownOutcomeError, Receipt]
    assert relay.connections == 2


def test_silence_after_the_dot_leaves_a_doubt() -> None:
    """The wait has an end of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = threading.Event()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, connection.makefile("rwb") as stream:
                for line in (b"220 hi", b"250 hi", b"250 ok", b"250 ok", b"354 go"):
                    stream.write(line + b"\r\n")
                    stream.flush()
                    stream.readline()
                done.wait(30)

        thread = threading.Thread(target=serve)
        thread.start()
        smtp = Smtp("main", "127.0.0.1", listener.getsockname()[1], "none", reply_timeout_s=0.2)
        session = smtp.connect()
        (outcome,) = session.send([letter()])
        session.close()
        done.set()
        thread.join()

    assert type(outcome) is UnknownOutcomeError
    assert "timed out" in outcome.why


def test_a_server_that_hung_up_while_we_waited_costs_nobody_anything(relay: Relay) -> None:
    """The first letter of the next window takes a fresh connection."""
    session = transport(relay).connect()
    first = session.send(people(1))
    relay.script["MAIL", "news@rivertrust.example"] = ["421 4.4.2 timeout, closing"]
    second = session.send(people(2))
    session.close()

    assert kinds([*first, *second]) == [Receipt, Receipt, Receipt]
    assert relay.connections == 2


def test_a_new_connection_is_taken_after_so_many_letters(relay: Relay) -> None:
    """Servers limit how many they take on one."""
    outcomes = send(relay, *people(5), messages_per_connection=2)

    assert kinds(outcomes) == [Receipt] * 5
    assert relay.connections == 3


def test_a_server_that_is_gone_costs_nobody_anything() -> None:
    """Nothing of the window was handed over."""
    with Relay() as relay:
        session = transport(relay, messages_per_connection=2).connect()
        assert kinds(session.send(people(1))) == [Receipt]
    with pytest.raises(TransientError, match="cannot be reached"):
        session.send(people(3))
    session.close()


def test_a_server_that_is_gone_in_the_middle_leaves_the_rest_for_later(relay: Relay) -> None:
    """It takes two letters, and then no connection any more."""
    relay.script["CONNECT", ""] = ["220 relay.example", "421 4.3.2 closed for today"]
    outcomes = send(relay, *people(4), messages_per_connection=2)

    assert kinds(outcomes) == [Receipt, Receipt, type(None), type(None)]
    assert relay.tally() == {"reader0@example.org": 1, "reader1@example.org": 1}


def test_a_refused_sender_ends_the_window(relay: Relay) -> None:
    """The rest would be refused for the same reason, and is not even tried."""
    relay.script["RCPT", "reader1@example.org"] = ["550 5.7.1 you are on a blocklist"]

    outcomes = send(relay, *people(4))

    assert kinds(outcomes) == [Receipt, RefusedSenderError, type(None), type(None)]
    assert relay.tally() == {"reader0@example.org": 1}


def test_a_refused_sender_is_told_with_the_first_letter(relay: Relay) -> None:
    """The letter that met the refusal carries it."""
    relay.script["MAIL", "news@rivertrust.example"] = ["550 5.1.8 bad sender's domain"]

    outcomes = send(relay, *people(2))

    assert kinds(outcomes) == [RefusedSenderError, type(None)]
    assert "5.1.8" in str(outcomes[0])
    assert relay.received == []


def test_a_mailbox_that_does_not_exist_is_told_from_one_that_takes_nothing_now(relay: Relay) -> None:
    """Only the first must not be written to again; being too fast is told from being refused."""
    for number, reply in enumerate(["550 5.1.1 no such user", "552 5.2.2 full", "450 4.7.1 too fast"]):
        relay.script["RCPT", f"reader{number}@example.org"] = [reply]

    gone, full, fast = send(relay, *people(3))

    assert isinstance(gone, PermanentError)
    assert gone.hard
    assert isinstance(full, PermanentError)
    assert not full.hard
    assert isinstance(fast, TransientError)
    assert fast.throttled


def test_a_letter_above_the_servers_limit_stops_the_edition() -> None:
    """Nobody's mailbox is to blame, and every letter has the same size."""
    with Relay(data_size_limit=100) as relay:
        outcomes = send(relay, letter(message=MESSAGE * 10), letter())

    assert kinds(outcomes) == [RefusedSenderError, type(None)]
    assert "make it smaller" in str(outcomes[0])
    assert relay.received == []


def test_an_address_beyond_ascii_needs_a_server_that_carries_it(relay: Relay) -> None:
    """RFC 6531; the others are not held up."""
    outcomes = send(relay, letter("añá@example.org"), letter())

    assert kinds(outcomes) == [PermanentError, Receipt]
    assert "SMTPUTF8" in str(outcomes[0])


def test_an_address_beyond_ascii_arrives_where_it_can() -> None:
    """The server offers SMTPUTF8."""
    with Relay(enable_SMTPUTF8=True) as relay:
        outcomes = send(relay, letter("añá@example.org"), letter())

    assert kinds(outcomes) == [Receipt, Receipt]
    assert "añá@example.org" in relay.tally()


@pytest.mark.parametrize(
    "address", ["a@example.org>\r\nRCPT TO:<b@example.org", "a b@example.org", "<a@b>", "nobody", ""]
)
def test_what_is_not_an_address_never_reaches_the_server(relay: Relay, address: str) -> None:
    """No command can be smuggled in with it."""
    outcomes = send(relay, letter(address), letter())

    assert kinds(outcomes) == [PermanentError, Receipt]
    assert relay.tally() == {"asha@example.org": 1}


def test_the_message_that_arrives_can_be_read(relay: Relay) -> None:
    """The standard library's parser agrees."""
    send(relay, letter())

    parsed = email.message_from_bytes(relay.received[0][1])
    assert parsed["Subject"] == "Otters"
    assert parsed.get_payload() == "They are back.\r\n"
