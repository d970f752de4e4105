"""A connection to a mail server that reads replies strictly.

`smtplib` connects, encrypts and greets; its reply reader is replaced by one
that knows what has arrived and was not asked for. Pipelining rests on that:
answers are matched to commands by their order alone (RFC 2920 §3.1).
"""

from __future__ import annotations

import re
import smtplib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.mail.smtp.replies import Phase

LONGEST_LINE_BYTES = 8192
"""A longer line is no reply; RFC 5321 §4.5.3.1.5 allows 512."""
MOST_LINES = 200
"""A reply with more lines is none."""
_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)


class Wire(smtplib.SMTP):
    """A connection in the open, or after STARTTLS."""

    phase: Phase = "connect"
    """How far it has come with the letter at hand."""
    unread = b""
    """What has arrived and was not read as a reply yet."""

    def getreply(self) -> tuple[int, bytes]:
        """Return code and text (lines joined by a line feed) of the next reply; code -1: words that are none.

        Raises:
            OSError: the connection was lost, or no answer came in time.
        """
        texts: list[bytes] = []
        first = b""
        while len(texts) < MOST_LINES:
            line = self._line()
            found = _LINE.fullmatch(line)
            if found is None or (first and found[1] != first):
                return -1, line[:500]
            first, more, text = found.groups()
            if more != b"-":
                return int(first), b"\n".join([*texts, text or b""])
            texts.append(text)
        return -1, texts[0]

    def last_words(self) -> tuple[int, bytes] | None:
        """Return the reply that came before the connection was lost, when one did; does not wait."""
        if self.sock is None:
            return None
        try:
            self.sock.settimeout(0)
            return self.getreply()
        except OSError:
            return None

    def _line(self) -> bytes:
        """Return the next line without its end; one that does not end is cut."""
        while (end := self.unread.find(b"\n")) < 0 and len(self.unread) <= LONGEST_LINE_BYTES:
            self._receive()
        if not 0 <= end <= LONGEST_LINE_BYTES:
            line, self.unread = self.unread, b""
            return b"\0" + line  # no reply begins like this
        line, self.unread = self.unread[:end], self.unread[end + 1 :]
        return line.rstrip()

    def _receive(self) -> None:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        try:
            arrived = self.sock.recv(4096)
        except OSError:
            self.close()
            raise
        if not arrived:
            self.close()
            raise smtplib.SMTPServerDisconnected("the server closed the connection")
        self.unread += arrived


class TlsWire(Wire, smtplib.SMTP_SSL):
    """A connection that is encrypted from the start."""
