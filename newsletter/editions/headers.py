"""Header fields of a letter: encoded words, mailboxes, identities.

Written here and not by the standard library's `email` package, because that one
folds and encodes opaque fields too: a long ``List-Unsubscribe`` leaves it as an
encoded word, which no mail client recognises (RFC 2047 section 5 forbids it).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING

from newsletter.audience.mac import keyed
from newsletter.errors import ConfigError

if TYPE_CHECKING:
    from datetime import datetime

LINE_CHARS = 76
"""Longest line of a field with encoded words (RFC 2047 section 2); we keep it everywhere we may fold."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/^_`{|}~ -]{1,60}")
_UNSAFE_Q = re.compile(rb"[^A-Za-z0-9!*+/-]")
"""What no Q-encoded word may hold as it is, in a display name (RFC 2047 section 5, rule 3)."""
_Q_CODES = {bytes([octet]): b"=%02X" % octet for octet in range(256)} | {b" ": b"_"}
_WORD_CHARS = 75 - len("=?utf-8?q??=")
_QUOTED_CHARS = 60
_MAILBOX_CHARS = LINE_CHARS - len("Reply-To: ")
_FEEDBACK_SENDER_CHARS = 15
_LABEL_CHARS = 40
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_BASE32_PAIRS = [first + second for first in _BASE32 for second in _BASE32]
"""Two characters for every ten bits: five times as fast as `base64.b32encode`."""


@dataclass(frozen=True)
class Head:
    """What the fixed header fields of an edition say."""

    sender: str
    """From line: ``River Trust <news@rivertrust.example>``."""
    reply_to: str
    """Reply-To line; empty for none."""
    language: str
    """BCP 47."""
    list_id: str
    """Value of List-Id."""
    feedback_id: str
    """Value of Feedback-ID."""


def one_line(text: str) -> str:
    r"""Return the text without control characters and line ends, trimmed: safe in any header and part.

    >>> one_line("Ana\r\nBcc: all@example.org ")
    'Ana Bcc: all@example.org'
    """
    if not text.isprintable():
        text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", _CONTROL.sub(" ", text))
    return text.strip()


def single_spaced(text: str) -> str:
    """Return the text as one line with single blanks, which is all that a folded field can tell apart."""
    return " ".join(one_line(text).split())


def unstructured(text: str, *, used: int) -> str:
    """Return the value of a free-text field such as Subject, folded (RFC 5322, RFC 2047).

    ``used`` is how many characters of the first line the field's name takes.
    """
    text, room = single_spaced(text), LINE_CHARS - used
    if text.isascii() and "=?" not in text:
        if len(text) < room:
            return text
        words = text.split(" ")
        if all(len(word) < room for word in words):
            return _folded(words, used)
    return "\r\n ".join(encoded_words(text, used=used))


def encoded_words(text: str, *, used: int = 0) -> list[str]:
    """Return the text as RFC 2047 encoded words of at most 75 characters that never split a character.

    Q, which people can read in the source, unless B is less than half as long.
    ``used`` is what already stands on the first word's line.
    """
    quoted, room = _quoted(text), min(_WORD_CHARS, LINE_CHARS - 12 - used)
    in_q = len(quoted) <= 2 * 4 * len(text.encode()) / 3
    if in_q and len(quoted) <= room:
        return [_word(quoted, in_q=True)]
    pieces = map(_quoted, text) if in_q else text
    words: list[str] = []
    current, size = "", 0
    for piece in pieces:
        length = len(piece.encode())
        if current and size + length > (room if in_q else room // 4 * 3):
            words.append(_word(current, in_q=in_q))
            current, size, room = "", 0, _WORD_CHARS
        current += piece
        size += length
    return [*words, _word(current, in_q=in_q)]


def mailbox(name: str, address: str) -> str:
    """Return ``name <address>`` as To, From and Reply-To carry it; without a name the bare address.

    >>> mailbox("Rao, Asha", "asha@example.org")
    '"Rao, Asha" <asha@example.org>'
    """
    name, address = single_spaced(name), ascii_address(one_line(address))
    if not name:
        return address
    if _PHRASE.fullmatch(name):
        return f"{name} <{address}>"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    if name.isascii() and len(escaped) <= _QUOTED_CHARS and "=?" not in name:
        return f'"{escaped}" <{address}>'
    return f"{' '.join(encoded_words(name, used=len('Reply-To: ')))} <{address}>"


def from_line(line: str) -> str:
    r"""Return a From or Reply-To line as people write it, encoded and folded; empty stays empty.

    >>> from_line("Río Vivo <news@rio.example>")
    '=?utf-8?q?R=C3=ADo_Vivo?=\r\n <news@rio.example>'
    """
    return folded_mailbox(mailbox(*parseaddr(line)))


def ascii_address(address: str) -> str:
    """Return the address with its domain as A-labels (RFC 5891); an ASCII domain as it is.

    Raises:
        ConfigError: the domain is not one.
    """
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ConfigError(f"{address!r} is not an address that mail can carry: {error}") from None
    return f"{local}@{found.ascii_domain}"


def folded_mailbox(text: str) -> str:
    """Return a `mailbox` with line breaks between its encoded words, and before a far-off address."""
    folded = text.replace("?= =?", "?=\r\n =?").replace("?= <", "?=\r\n <")
    if len(folded) > _MAILBOX_CHARS and "\r\n" not in folded:
        name, found, address = folded.rpartition(" <")
        return f"{name}\r\n <{address}" if found else folded
    return folded


def message_id(signing_key: bytes, edition_id: str, recipient_key: str, domain: str) -> str:
    """Return the Message-ID of one delivery, the same on every attempt and telling nothing about the person.

    Angle brackets included.
    """
    bits = int.from_bytes(keyed(signing_key)(f"{edition_id}\0{recipient_key}".encode())[:17]) >> 6
    left = "".join([_BASE32_PAIRS[bits >> shift & 0x3FF] for shift in range(120, -1, -10)])
    return f"<{left}@{domain}>"


def date_line(moment: datetime) -> str:
    """Return an aware moment as the Date field says it (RFC 5322 section 3.3)."""
    return format_datetime(moment)


def domain_of(sender: str) -> str:
    """Return the domain of a From line, as A-labels, lower case."""
    return ascii_address(parseaddr(sender)[1]).rpartition("@")[2].lower()


def list_id(organisation: str, lists: tuple[str, ...], sender: str) -> str:
    """Return the List-Id (RFC 2919): stable from edition to edition, so readers' filters keep working."""
    name = _label(lists[0]) if len(lists) == 1 else "newsletter"
    # A List-Id looks like a mailbox, with a name where the address would be.
    return folded_mailbox(mailbox(organisation, f"{name}.{domain_of(sender)}"))


def feedback_id(campaign: str, lists: tuple[str, ...], sender: str) -> str:
    """Return Gmail's Feedback-ID: campaign, list, kind and a sender of 5 to 15 characters, nothing personal.

    Source: https://support.google.com/a/answer/6254652
    """
    sender_name = _label(domain_of(sender)).replace("-", "")[:_FEEDBACK_SENDER_CHARS].ljust(5, "0")
    stream = _label(lists[0])[:20] if lists else "newsletter"
    return f"{_label(campaign)[:24]}:{stream}:news:{sender_name}"


def _label(text: str) -> str:
    """Return the text as a domain label: lower case letters, digits, hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_LABEL_CHARS] or "newsletter"


def _folded(words: list[str], used: int) -> str:
    lines, current = [], ""
    for word in words:
        if current and used + len(current) + 1 + len(word) > LINE_CHARS:
            lines.append(current)
            current, used = word, 1
        else:
            current = f"{current} {word}" if current else word
    return "\r\n ".join([*lines, current])


def _quoted(text: str) -> str:
    return _UNSAFE_Q.sub(lambda octet: _Q_CODES[octet[0]], text.encode()).decode("ascii")


def _word(content: str, *, in_q: bool) -> str:
    return f"=?utf-8?q?{content}?=" if in_q else f"=?utf-8?b?{base64.b64encode(content.encode()).decode()}?="
