"""Replies as they arrive: in pieces, in heaps, too long, and not replies at all."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mail.smtp.wire import LONGEST_LINE_BYTES, MOST_LINES, Wire


def hearing(*parts: bytes) -> Wire:
    """Return a connection on which these words arrive, one part per read, and then its end."""
    wire = Wire()
    wire.sock = Parts(parts)  # type: ignore[assignment]
    return wire


class Parts:
    """The socket: what it receives is given."""

    def __init__(self, parts: tuple[bytes, ...]) -> None:
        self._parts = list(parts)

    def recv(self, _size: int) -> bytes:
        """Return the next part."""
        return self._parts.pop(0) if self._parts else b""

    def settimeout(self, _seconds: float) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    ("octets", "reply"),
    [
        (b"250 2.0.0 Ok\r\n", (250, b"2.0.0 Ok")),
        (b"250\r\n", (250, b"")),
        (b"250 \r\n", (250, b"")),
        (b"250 ok\n", (250, b"ok")),
        (b"250-one\r\n250-two\r\n250 three\r\n", (250, b"one\ntwo\nthree")),
        (b"250-one\r\n250\r\n", (250, b"one\n")),
        (b"550 \xff\xfe\r\n", (550, b"\xff\xfe")),
    ],
)
def test_a_reply_is_read_whole(octets: bytes, reply: tuple[int, bytes]) -> None:
    """However it is cut into pieces."""
    bytewise = hearing(*(octets[at : at + 1] for at in range(len(octets))))

    assert hearing(octets).getreply() == reply
    assert bytewise.getreply() == reply
    assert bytewise.unread == b""


@pytest.mark.parametrize(
    "octets",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"2x0 fine\r\n",
        b"25 ok\r\n",
        b"2500 ok\r\n",
        b"250+ok\r\n",
        b"150 what\r\n",
        b"650 what\r\n",
        b"\r\n",
        b"250-one\r\n550 two\r\n",
        b"250 " + b"x" * LONGEST_LINE_BYTES + b"\r\n",
        b"x" * 3 * LONGEST_LINE_BYTES,
        b"250-again\r\n" * (MOST_LINES + 1) + b"250 end\r\n",
    ],
)
def test_what_is_no_reply_is_known_as_such(octets: bytes) -> None:
    """Its code is -1, and it ends."""
    assert hearing(octets).getreply()[0] == -1


@pytest.mark.parametrize("parts", [(), (b"250 o",), (b"250-one\r\n",)])
def test_a_connection_that_ends_within_a_reply_is_lost(parts: tuple[bytes, ...]) -> None:
    """Half a yes is none."""
    with pytest.raises(OSError, match="closed the connection"):
        hearing(*parts).getreply()


LINE = st.from_regex(r"[!-~]?[ -~]{0,20}[!-~]", fullmatch=True)
REPLY = st.tuples(st.integers(200, 599), st.lists(LINE, min_size=1, max_size=3))


@given(replies=st.lists(REPLY, min_size=1, max_size=6), cuts=st.lists(st.integers(1, 30), max_size=10))
def test_replies_come_out_in_order_and_none_is_lost(
    replies: list[tuple[int, list[str]]], cuts: list[int]
) -> None:
    """RFC 2920: the order is all that matches a reply to its command."""
    octets = b""
    for code, lines in replies:
        marks = ["-"] * (len(lines) - 1) + [" "]
        octets += "".join(f"{code}{mark}{line}\r\n" for mark, line in zip(marks, lines, strict=True)).encode()
    parts = []
    for cut in cuts:
        parts.append(octets[:cut])
        octets = octets[cut:]

    wire = hearing(*filter(None, [*parts, octets]))

    assert [wire.getreply() for _ in replies] == [
        (code, "\n".join(lines).encode()) for code, lines in replies
    ]


def test_last_words_are_heard_without_waiting() -> None:
    """Of a connection that broke while something was written."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire = Wire()
        wire.sock = ours
        theirs.sendall(b"552 5.3.4 too big\r\n")
        assert wire.last_words() == (552, b"5.3.4 too big")
        assert wire.last_words() is None
        assert wire.last_words() is None
