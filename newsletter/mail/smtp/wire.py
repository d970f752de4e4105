"""A connection to a mail server that reads replies strictly.

`smtplib` connects, encrypts and greets; its reply reader is replaced by one
that knows what has arrived and was not asked for. Pipelining rests on that:
answers are matched to commands by their order alone (RFC 2920 §3.1).
"""

from __future__ import annotations

import os
import re
import smtplib
import socket
import ssl
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.mail.smtp.replies import Phase

LONGEST_LINE_BYTES = 8192
"""A longer line is no reply; RFC 5321 §4.5.3.1.5 allows 512."""
MOST_LINES = 200
"""A reply with more lines is none."""
TIMED_OUT = "timed out"
"""What a wait says that was too long, whoever kept the time."""
_SINGLE = re.compile(rb"([2-5]\d\d)(?: ([^\r\n]{0,8000}))?\r?\n")
"""A reply of one line, as nearly all are."""
_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)


class Wire(smtplib.SMTP):
    """A connection in the open, or after STARTTLS."""

    phase: Phase = "connect"
    """How far it has come with the letter at hand."""
    unread = b""
    """What has arrived and was not read as a reply yet."""
    patience_s = 0.0
    """How long the server may take, from the next wait on; 0: as long as it may take to connect."""
    _applied_s = 0.0
    _kernel_waits = False

    def be_ready(self, timeout_s: float) -> None:
        """Begin to wait ``timeout_s`` for answers, and for room to write.

        A socket with a timeout of Python's takes two more system calls for every read and write, and lets
        go of the interpreter for each. Where the kernel can keep the time of an open connection, it does.
        """
        assert self.sock is not None
        self.patience_s = timeout_s
        self._kernel_waits = os.name == "posix" and not isinstance(self.sock, ssl.SSLSocket)
        if self._kernel_waits:
            self.sock.settimeout(None)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(timeout_s))
        self._apply()

    @property
    def heard(self) -> bool:
        """Whether the next line has arrived already."""
        return b"\n" in self.unread

    @property
    def has_more(self) -> bool:
        """Whether something was received that the operating system does not know of any more."""
        return isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0

    def write(self, octets: bytes | memoryview) -> None:
        """Write all of it.

        Raises:
            OSError: the connection was lost, or nothing was read on the other side in time.
        """
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        if not self._kernel_waits:
            self._apply()
        try:
            self.sock.sendall(octets)
        except BlockingIOError as error:
            raise TimeoutError(TIMED_OUT) from error

    def getreply(self) -> tuple[int, bytes]:
        """Return code and text (lines joined by a line feed) of the next reply; code -1: words that are none.

        Raises:
            OSError: the connection was lost, or no answer came in time.
        """
        if not self.heard:
            self._receive()
        if found := _SINGLE.match(self.unread):
            self.unread = self.unread[found.end() :]
            return int(found[1]), (found[2] or b"").rstrip()
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
            self._apply()
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
        self._apply()
        try:
            arrived = self.sock.recv(4096)
        except BlockingIOError as error:
            self.close()
            raise TimeoutError(TIMED_OUT) from error
        except OSError:
            self.close()
            raise
        if not arrived:
            self.close()
            raise smtplib.SMTPServerDisconnected("the server closed the connection")
        self.unread += arrived

    def _apply(self) -> None:
        """Tell the socket, when patience has changed since it was told."""
        if self.patience_s == self._applied_s or self.sock is None:
            return
        self._applied_s = self.patience_s
        if self._kernel_waits:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(self.patience_s))
        else:
            self.sock.settimeout(self.patience_s)


class TlsWire(Wire, smtplib.SMTP_SSL):
    """A connection that is encrypted from the start."""


def _timeval(seconds: float) -> bytes:
    """Return a ``struct timeval``, at least a microsecond: zero would wait forever."""
    return struct.pack("@ll", int(seconds), max(int(seconds % 1 * 1e6), 0 if seconds >= 1 else 1))
