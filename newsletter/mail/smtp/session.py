"""Transactions with a mail server, one recipient each, that know how far they have come.

A connection that dies before the final dot has delivered nothing: a server must
not act on an unfinished body (RFC 5321 §4.1.1.4). One that dies after it may
have (RFC 1047). `smtplib.SMTP.sendmail` raises the same error for both, so the
transaction is written here, on smtplib's primitives.
"""

from __future__ import annotations

import re
import smtplib
from typing import TYPE_CHECKING, Literal

from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.mail.smtp.connection import open_connection
from newsletter.mail.smtp.replies import judge, words
from newsletter.model import Receipt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.mail.base import OutgoingLetter
    from newsletter.mail.smtp import Smtp
    from newsletter.mail.smtp.replies import Verb

Phase = Literal["idle", "envelope", "body", "dot written", "replied"]
GOODBYE_S = 5.0
"""How long a server may take to say goodbye."""


class SmtpSession:
    """One connection after the other, one letter at a time."""

    def __init__(self, settings: Smtp) -> None:
        """Connect, encrypt and log in.

        Raises:
            RefusedSenderError: login or TLS was refused.
            TransientError: the server cannot be reached now.
        """
        self._settings = settings
        self._server: smtplib.SMTP | None = open_connection(settings)
        self._taken = 0
        self._phase: Phase = "idle"

    def send(self, window: Sequence[OutgoingLetter]) -> Sequence[Receipt | DeliveryError | None]:
        """Send every letter; see `newsletter.mail.base.MailSession.send`."""
        outcomes: list[Receipt | DeliveryError | None] = []
        for letter in window:
            try:
                outcomes.append(self._send_one(letter))
            except (RefusedSenderError, TransientError) as error:
                if not outcomes:
                    raise
                # Nothing of the rest was handed over, and the next letter would fare no better.
                return [*outcomes, *[error] * (len(window) - len(outcomes))]
        return outcomes

    def close(self) -> None:
        """Say goodbye; a server that does not answer is left."""
        if self._server is None:
            return
        try:
            if self._server.sock is not None:
                self._server.sock.settimeout(GOODBYE_S)
            self._server.quit()
        except (OSError, smtplib.SMTPException):
            self._server.close()
        self._server = None

    def _send_one(self, letter: OutgoingLetter) -> Receipt | DeliveryError:
        """Return what became of the letter; raise what would become of every letter."""
        if self._taken >= self._settings.messages_per_connection:
            self.close()
        waited = self._server is not None and self._taken > 0
        outcome = self._attempt(letter)
        if waited and self._server is None and self._phase == "idle":
            # Servers hang up on connections that wait; this letter gets a fresh one.
            outcome = self._attempt(letter)
        if isinstance(outcome, RefusedSenderError):
            raise outcome
        return outcome

    def _attempt(self, letter: OutgoingLetter) -> Receipt | DeliveryError:
        if self._server is None:
            self._server, self._taken = open_connection(self._settings), 0
        self._taken += 1
        try:
            receipt = self._transact(self._server, letter)
        except DeliveryError as error:
            self._leave_in_step(error)
            return error
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            reason = str(error) or type(error).__name__
            if self._phase == "dot written":
                why = f"the connection was lost while the answer was awaited: {reason}"
                return UnknownOutcomeError(why, code="lost")
            return TransientError(f"the connection was lost: {reason}", code="lost")
        return receipt

    def _transact(self, server: smtplib.SMTP, letter: OutgoingLetter) -> Receipt:
        self._phase = "idle"
        options = _options(server, letter)
        self._command(server, "MAIL", f"FROM:<{letter.sender}>{options}")
        self._phase = "envelope"
        self._command(server, "RCPT", f"TO:<{letter.recipient}>")
        self._command(server, "DATA", "")
        self._phase = "body"
        assert server.sock is not None
        server.sock.sendall(_stuffed(letter.message))
        # From the first byte of the dot on, a lost connection leaves the outcome unknown.
        self._phase = "dot written"
        server.sock.sendall(b".\r\n")
        server.sock.settimeout(self._settings.reply_timeout_s)
        code, reply = server.getreply()
        if code != 250:
            raise judge("DOT", code, reply)
        self._phase = "replied"
        server.sock.settimeout(self._settings.timeout_s)
        text = words(reply)
        return Receipt(remote_id=_queue_id(text), reply=f"250 {text}")

    def _command(self, server: smtplib.SMTP, verb: Verb, arguments: str) -> None:
        server.putcmd(verb, arguments)
        code, reply = server.getreply()
        hoped_for = (354,) if verb == "DATA" else (250, 251, 252)
        if code not in hoped_for:
            raise judge(verb, code, reply)

    def _leave_in_step(self, error: DeliveryError) -> None:
        """Make the connection ready for the next letter, or give it up."""
        # 421 closes the channel (RFC 5321 §3.8); after what is no reply to the command both are out of step.
        if self._server is None or error.code == "421" or not re.fullmatch(r"[45]\d\d", error.code):
            self._drop()
        elif self._phase != "dot written":
            try:
                if self._server.docmd("RSET")[0] != 250:
                    self._drop()
            except (OSError, smtplib.SMTPException):
                self._drop()
        else:
            assert self._server.sock is not None
            self._server.sock.settimeout(self._settings.timeout_s)

    def _drop(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server = None


def _options(server: smtplib.SMTP, letter: OutgoingLetter) -> str:
    """Return the parameters of MAIL, or refuse what the server could not take anyway."""
    for address in (letter.sender, letter.recipient):
        if re.search(r"[\x00-\x20\x7f<>]", address) or "@" not in address:
            raise PermanentError(f"{address!r} is not a mail address", code="501")
    largest = server.esmtp_features.get("size", "")
    size = len(letter.message)
    if largest.isdigit() and 0 < int(largest) < size:
        raise RefusedSenderError(
            f"the letter has {size} bytes, the server takes {largest}; make it smaller", code="552"
        )
    options = f" SIZE={size}" if server.has_extn("size") else ""
    server.command_encoding = "ascii"
    if not (letter.sender + letter.recipient).isascii():
        if not server.has_extn("smtputf8"):
            why = "the address has letters beyond ASCII before the @, and the server cannot carry them"
            raise PermanentError(f"{why} (SMTPUTF8, RFC 6531)", code="553")
        server.command_encoding = "utf-8"
        options += " SMTPUTF8"
    if not letter.message.isascii() and server.has_extn("8bitmime"):
        options += " BODY=8BITMIME"
    return options


def _stuffed(message: bytes) -> bytes:
    """Return the body as it travels: CRLF line ends, leading dots doubled (RFC 5321 §4.5.2)."""
    if message.count(b"\n") != message.count(b"\r\n") or message.count(b"\r") != message.count(b"\r\n"):
        # A lone CR or LF could be taken for a line end by the next server: SMTP smuggling.
        message = re.sub(rb"\r\n|\r|\n", b"\r\n", message)
    if message.startswith(b"."):
        message = b"." + message
    message = message.replace(b"\r\n.", b"\r\n..")
    return message if message.endswith(b"\r\n") else message + b"\r\n"


def _queue_id(text: str) -> str:
    """Return the server's name of the letter: postfix's ``queued as 4F1``, others' last word."""
    found = re.search(r"queued as ([\w.-]+)", text) or re.search(r"\bid=([\w.-]+)", text)
    return found[1] if found else ""
