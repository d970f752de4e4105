"""The bundled sink takes every letter exactly once, however it comes in."""

from __future__ import annotations

import smtplib
import socket

from benchmarks.sinks import open_sink


def test_letters_over_one_connection_are_counted() -> None:
    """The stdlib's client sends three, one after the other; one of them is empty."""
    with open_sink(bundled=True) as sink, smtplib.SMTP("127.0.0.1", sink.port) as client:
        client.ehlo()
        assert client.has_extn("pipelining")
        for body in ("Subject: otters\r\n\r\nHello.\r\n", "", ".\r\n..\r\n"):
            client.sendmail("a@rivertrust.example", ["b@example.org"], body)
    assert sink.taken == 3


def test_pipelined_commands_are_answered_in_order_wherever_packets_end() -> None:
    """A byte at a time, then the next MAIL and all that follows in one packet."""
    letter = b"MAIL FROM:<a@rivertrust.example>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nHi\r\n..\r\n.\r\n"
    with (
        open_sink(bundled=True) as sink,
        socket.create_connection(("127.0.0.1", sink.port)) as client,
        client.makefile("rb") as replies,
    ):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(letter)):
            client.sendall(letter[at : at + 1])
        client.sendall(letter + b"NOOP\r\nQUIT\r\n")
        codes = [line[:3] for line in replies]
    assert codes == [b"220", *[b"250", b"250", b"354", b"250"] * 2, b"250", b"221"]
    assert sink.taken == 2
