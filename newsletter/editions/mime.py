"""Bytes of a MIME message: quoted-printable text and the frame around the two parts."""

from __future__ import annotations

import hashlib
import re
from email import message_from_bytes

CLIPPED_BYTES = 102_000
"""Gmail shows no more of an HTML part than this, as transmitted."""

SOFT_BREAK = b"=\r\n"
"""Goes on with the same line of text on the next line of the message (RFC 2045 section 6.7)."""

LINE_BYTES = 75
"""Room on a line before the ``=`` of a soft break."""
_UNSAFE = re.compile(rb"[^\t -<>-~]")
_PLAIN = re.compile(r"[ -<>-~]*[!-<>-~]")
_STUFFED = (".", "From ")
_CODES = {bytes([octet]): b"=%02X" % octet for octet in range(256)}


def quoted_printable(text: str) -> bytes:
    """Return the text in quoted-printable, from the start of a line; lines end in CRLF.

    No line is longer than 76 bytes. A dot or ``From`` at the start of a line
    is written as its code, so neither dot-stuffing (RFC 5321 section 4.5.2)
    nor an mbox store ever has to change the message.
    """
    if _PLAIN.fullmatch(text):
        # The way of nearly every merge value: nothing to escape, perhaps to break.
        pieces = [text[at : at + LINE_BYTES] for at in range(0, len(text), LINE_BYTES)]
        if not any(piece.startswith(_STUFFED) for piece in pieces):
            return "=\r\n".join(pieces).encode("ascii")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return b"\r\n".join([_broken(_escaped(line.encode())) for line in lines])


def html_size_bytes(message: bytes) -> int:
    """Return the size of a message's HTML part as transmitted, which is what Gmail counts; 0 without one."""
    for part in message_from_bytes(message).walk():
        if part.get_content_type() == "text/html":
            return len(str(part.get_payload()).encode("utf-8", "surrogateescape"))
    return 0


def boundary(content: str) -> str:
    """Return the boundary of a message with this content: always the same one, and in no part.

    ``=_`` cannot occur in quoted-printable.
    """
    return f"=_{hashlib.sha256(content.encode()).hexdigest()[:32]}"


def opening(mark: str) -> bytes:
    """Return the last header fields and everything up to the text part's content."""
    return (
        "MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative;\r\n boundary="{mark}"\r\n'
        f"\r\n--{mark}\r\n{_part_head('plain')}"
    ).encode()


def between(mark: str) -> bytes:
    """Return what stands between the text part's content and the HTML part's."""
    return f"\r\n--{mark}\r\n{_part_head('html')}".encode()


def closing(mark: str) -> bytes:
    """Return what ends the message."""
    return f"\r\n--{mark}--\r\n".encode()


def _part_head(subtype: str) -> str:
    return (
        f'Content-Type: text/{subtype}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )


def _escaped(line: bytes) -> bytes:
    line = _UNSAFE.sub(lambda octet: _CODES[octet[0]], line)
    return line[:-1] + _CODES[line[-1:]] if line.endswith((b" ", b"\t")) else line


def _broken(line: bytes) -> bytes:
    """Break one escaped line softly, never inside an escape."""
    if len(line) <= LINE_BYTES and not line.startswith((b".", b"From ")):
        return line
    pieces: list[bytes] = []
    at = 0
    while at < len(line) or not pieces:
        lead = b""
        if line.startswith((b".", b"From "), at):
            lead = b"=%02X" % line[at]
            at += 1
        end = at + LINE_BYTES - len(lead)
        if end < len(line) and (escape := line.rfind(b"=", end - 2, end)) != -1:
            end = escape
        pieces.append(lead + line[at:end])
        at = end
    return SOFT_BREAK.join(pieces)
