"""The commands that open a letter's transaction: MAIL, RCPT, DATA."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter.errors import PermanentError, RefusedSenderError

if TYPE_CHECKING:
    from newsletter.mail.base import OutgoingLetter
    from newsletter.mail.smtp.wire import Wire

Commands = tuple[bytes, bytes, bytes]
"""MAIL, RCPT and DATA, each with its CRLF."""
DATA = b"DATA\r\n"
_UNSAFE = re.compile(r"[\x00-\x20\x7f<>]")


class EnvelopeWriter:
    """Writes envelopes as one server takes them."""

    def __init__(self, server: Wire) -> None:
        """Note what the server offers (RFC 1870, RFC 6152, RFC 6531)."""
        largest = server.esmtp_features.get("size", "")
        self._sizes = server.has_extn("size")
        self._largest = int(largest) if largest.isdigit() else 0
        self._eight_bit = server.has_extn("8bitmime")
        self._smtputf8 = server.has_extn("smtputf8")

    def write(self, letter: OutgoingLetter) -> Commands:
        """Return the commands for one letter.

        Raises:
            PermanentError: the server could not take this address.
            RefusedSenderError: the server takes no letter of this size.
        """
        sender, recipient, size = letter.sender, letter.recipient, len(letter.message)
        both = sender + recipient
        if _UNSAFE.search(both) or "@" not in sender or "@" not in recipient:
            wrong = recipient if _UNSAFE.search(recipient) or "@" not in recipient else sender
            raise PermanentError(f"{wrong!r} is not a mail address", code="501")
        if 0 < self._largest < size:
            raise RefusedSenderError(
                f"the letter has {size} bytes, the server takes {self._largest}; make it smaller", code="552"
            )
        options = f" SIZE={size}" if self._sizes else ""
        if not both.isascii():
            if not self._smtputf8:
                why = "the address has letters beyond ASCII before the @, and the server cannot carry them"
                raise PermanentError(f"{why} (SMTPUTF8, RFC 6531)", code="553")
            options += " SMTPUTF8"
        if self._eight_bit and not letter.message.isascii():
            options += " BODY=8BITMIME"
        return f"MAIL FROM:<{sender}>{options}\r\n".encode(), f"RCPT TO:<{recipient}>\r\n".encode(), DATA
