"""Transactions over one connection: one recipient each and, where the server allows it, one round trip.

With PIPELINING (RFC 2920) one write carries a body, its dot, and the envelope of
the next letter; replies are matched to commands by their order.

A connection that dies before the final dot has delivered nothing: a server must
not act on an unfinished body (RFC 5321 §4.1.1.4). One that dies after it may
have (RFC 1047). `smtplib.SMTP.sendmail` raises the same error for both, so the
transaction is written here.

A transaction is a generator: it yields where it would have to wait for the
server, so that one thread can keep several connections busy.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter.errors import DeliveryError, TransientError
from newsletter.mail.smtp.envelope import EnvelopeWriter
from newsletter.mail.smtp.replies import judge, lost, rule_for, words
from newsletter.model import Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from newsletter.mail.base import OutgoingLetter
    from newsletter.mail.smtp import Smtp
    from newsletter.mail.smtp.replies import Verb
    from newsletter.mail.smtp.wire import Wire

DOT = b".\r\n"
"""The end of a body."""
RSET = b"RSET\r\n"
"""Forgets a transaction that was begun."""
ENVELOPE: tuple[tuple[Verb, tuple[int, ...]], ...] = (
    ("MAIL", (250,)),
    ("RCPT", (250, 251, 252)),
    ("DATA", (354,)),
)
"""The commands of an envelope, in order, and the replies that accept them."""
_QUEUED = re.compile(r"(?:queued as |\bid=)([\w.-]+)")
LAST_WRITE_BYTES = 65536
"""What of a long body may leave in one write with its dot: the rest is through before the dot is risked."""


class Transactions:
    """Takes letters one after the other over one connection."""

    def __init__(self, server: Wire, settings: Smtp) -> None:
        """Begin with a connection that is ready for MAIL."""
        self.taken = 0
        """Letters tried."""
        self.fresh = True
        """Whether the connection was opened for the letter at hand; one that has waited may be closed."""
        self.usable = True
        """Whether the connection can take another letter."""
        self.spent = False
        """Whether the server did not look at the last letter; another connection may take it."""
        self._server = server
        self._timeout_s = settings.timeout_s
        self._reply_timeout_s = settings.reply_timeout_s
        self._pipelining = server.has_extn("pipelining")
        self._envelopes = EnvelopeWriter(server)
        self._announced = False
        self._half_open = False

    @property
    def at_rest(self) -> bool:
        """Whether the server waits for a command, and for nothing else."""
        return self.usable and not self._announced and self._server.phase == "replied"

    def attempt(
        self, letter: OutgoingLetter, following: Callable[[], OutgoingLetter | None]
    ) -> Generator[None, None, Receipt | DeliveryError]:
        """Return what became of a letter; the next one, if ``following`` has one, is announced on the way."""
        try:
            if refusal := (yield from self._introduce(letter)):
                self._server.phase = "replied"
                return refusal
            return (yield from self._hand_over(letter, following))
        except OSError as error:
            self.usable = False
            return lost(self._server.phase, error)
        except DeliveryError as refusal:
            return refusal

    def _introduce(self, letter: OutgoingLetter) -> Generator[None, None, DeliveryError | None]:
        """Get the envelope accepted; return why it was not."""
        self.spent = False
        commands = () if self._announced else self._envelopes.write(letter)
        self.taken += 1
        self.spent = not self.fresh
        self._server.phase = "envelope"
        self._announced = False
        if self._pipelining:
            if commands:
                self._server.write(b"".join((RSET, *commands) if self._half_open else commands))
                yield from self._forget()
            answers = yield from self._answers(())
        else:
            if self._half_open:
                self._server.write(RSET)
                yield from self._forget()
            answers = yield from self._answers(commands)
        refusal = next(filter(None, answers), None)
        if refusal is not None and self.usable:
            yield from self._recover(answers)
        return refusal

    def _answers(self, commands: Sequence[bytes]) -> Generator[None, None, list[DeliveryError | None]]:
        """Read the replies to an envelope; ``commands`` not written yet go step by step, up to a refusal."""
        answers: list[DeliveryError | None] = []
        for place, (verb, hoped_for) in enumerate(ENVELOPE):
            if commands:
                self._server.write(commands[place])
            if not self._server.heard:
                yield
            answers.append(self._answer(verb, hoped_for))
            if answers[-1] is not None and (commands or not self.usable):
                break
        return answers

    def _answer(self, verb: Verb, hoped_for: tuple[int, ...]) -> DeliveryError | None:
        code, reply = self._server.getreply()
        self._keep_in_step(code, hoped_for)
        if verb == "MAIL":
            self.spent = self.spent and not self.usable
        if code in hoped_for:
            return None
        self.spent = self.spent or rule_for(verb, code, words(reply)).anew
        return judge(verb, code, reply)

    def _forget(self) -> Generator[None]:
        """Read the reply to RSET, when one was sent."""
        if self._half_open:
            self._half_open = False
            if not self._server.heard:
                yield
            if self._server.getreply()[0] != 250:
                raise ConnectionError("the server cannot forget the last letter")

    def _recover(self, answers: Sequence[DeliveryError | None]) -> Generator[None]:
        """Make the server forget an envelope that it refused."""
        waits_for_body = len(answers) == len(ENVELOPE) and answers[2] is None
        if not waits_for_body:
            self._half_open = answers[0] is None
        elif answers[1] is None:
            # The sender was refused and the recipient was not: a dot might deliver an empty letter.
            self.usable = False
        else:
            # RFC 2920 §3.1: nothing but a dot ends the wait.
            try:
                self._server.write(DOT)
                yield
                code, _ = self._server.getreply()
            except OSError:
                self.usable = False
            else:
                self._keep_in_step(code, (250,))

    def _hand_over(
        self, letter: OutgoingLetter, following: Callable[[], OutgoingLetter | None]
    ) -> Generator[None, None, Receipt | DeliveryError]:
        """Write the body and read what became of it."""
        server = self._server
        server.phase = "body"
        if server.unread:
            self.usable = False
            return TransientError("the server said more than it was asked for", code="garbage")
        try:
            self._write_body(letter.message, self._announce(following) if self._pipelining else ())
        except OSError as error:
            self.usable = False
            return self._early_answer() or lost(server.phase, error)
        server.patience_s = self._reply_timeout_s
        yield
        code, reply = server.getreply()
        server.patience_s = self._timeout_s
        server.phase = "replied"
        return self._outcome(code, reply)

    def _announce(self, following: Callable[[], OutgoingLetter | None]) -> Sequence[bytes]:
        """Return the commands of the next letter's envelope, if they may travel with this body."""
        if (letter := following()) is None:
            return ()
        try:
            commands = self._envelopes.write(letter)
        except DeliveryError:
            return ()
        self._announced = True
        return commands

    def _write_body(self, message: bytes, behind: Sequence[bytes]) -> None:
        last = message
        if len(message) > LAST_WRITE_BYTES:
            whole, cut = memoryview(message), len(message) - LAST_WRITE_BYTES
            for start in range(0, cut, LAST_WRITE_BYTES):
                self._server.write(whole[start : min(start + LAST_WRITE_BYTES, cut)])
            last = message[cut:]
        # From here on nobody knows which byte was the last to arrive.
        self._server.phase = "dot_written"
        self._server.write(b"".join((last, DOT, *behind)))

    def _early_answer(self) -> Receipt | DeliveryError | None:
        """Return what the server said of a body before it broke off, when it did."""
        said = self._server.last_words()
        if said is not None and (self._server.phase == "dot_written" or 400 <= said[0] < 600):
            return self._outcome(*said)
        return None

    def _outcome(self, code: int, reply: bytes) -> Receipt | DeliveryError:
        self._keep_in_step(code, (250,))
        if code == 250:
            text = words(reply)
            return Receipt(remote_id=_queue_id(text), reply=f"250 {text}")
        return judge("DOT", code, reply)

    def _keep_in_step(self, code: int, hoped_for: tuple[int, ...]) -> None:
        """Give the connection up after a reply that closes it, or is none to the command."""
        # 421 closes the channel (RFC 5321 §3.8).
        if code == 421 or not (code in hoped_for or 400 <= code < 600):
            self.usable = False


def _queue_id(text: str) -> str:
    """Return the server's name of the letter: postfix's ``queued as 4F1``, exim's ``id=1abc-def``."""
    found = _QUEUED.search(text)
    return found[1] if found else ""
