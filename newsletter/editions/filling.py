"""Fill a compiled letter: the frame is the same for everybody, a value is encoded once per person."""

from __future__ import annotations

import html as markup
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from newsletter.editions import headers, mime

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter.editions.edition import CompiledLetter, Pieces, Slot

RESERVED: Final = frozenset({"to", "date", "message_id", "subject"})
"""Slots of the header that are not merge tags; whoever fills a letter gives the first three."""

_WORDS: Final = ("html", "text")
"""Places of words a reader reads."""
_ADDRESSES: Final = (*_WORDS, "link", "header")
"""Places where a web address stands as it is."""
_WEB: Final = ("https://", "http://")
_LINK = re.compile(r"(?i)https?://|mailto:|tel:")
_URI_SAFE = "!#$%&'()*+,/:;=?@[]~"
_PLAIN = re.compile(
    rf"(?!From )[\w!#$%()*+,/:;?@\[\]~-](?:[\w !#$%()*+,./:;?@\[\]~-]{{0,{mime.LINE_BYTES - 2}}}"
    r"[\w!#$%()*+,./:;?@\[\]~-])?",
    re.ASCII,
)
"""Words that stand for themselves in the text part, in the HTML part and, without blanks, in an address.

Nearly every value is one: it fits a line, and needs no escape of quoted-printable or HTML.
"""


class Filler:
    """A compiled letter, prepared to be filled many times; threads may share it."""

    def __init__(self, letter: CompiledLetter) -> None:
        """Find out which spots take the same words, so that they are encoded once for all."""
        self._subject = letter.subject
        self._frame: list[bytes] = [b""] * (2 * len(letter.slots) + 1)
        self._frame[::2] = letter.segments
        self._head: dict[Slot, list[int]] = {}
        self._tags: dict[str, dict[Slot, list[int]]] = {}
        for spot, slot in zip(range(1, len(self._frame), 2), letter.slots, strict=True):
            is_tag = slot.place != "header" or slot.name not in RESERVED
            uses = self._tags.setdefault(slot.name, {}) if is_tag else self._head
            uses.setdefault(slot, []).append(spot)

    @property
    def names(self) -> frozenset[str]:
        """Return the names of the values that the letter asks for, those of its subject included."""
        subject = (piece.name for piece in self._subject if not isinstance(piece, str))
        return frozenset([*(slot.name for slot in self._head), *self._tags, *subject])

    def fill(self, values: Mapping[str, str]) -> bytes:
        """Return one person's message; see `newsletter.editions.compiled.fill`."""
        message = self._frame.copy()
        for slot, spots in self._head.items():
            field = header(slot, self._subject, values).encode()
            for spot in spots:
                message[spot] = field
        for name, uses in self._tags.items():
            value = values.get(name, "")
            plain = value.encode() if _PLAIN.fullmatch(value) else b""
            places = _ADDRESSES if " " not in value and value.startswith(_WEB) else _WORDS
            for slot, spots in uses.items():
                encoded = plain if plain and slot.place in places else _encoded(slot, value)
                for spot in spots:
                    message[spot] = encoded
        return b"".join(message)


@lru_cache(maxsize=8192)
def _encoded(slot: Slot, value: str) -> bytes:
    """Return what stands at a slot; names and towns come again and again."""
    if slot.place == "header":
        return header(slot, (), {slot.name: value}).encode()
    return mime.quoted_printable(escaped(slot, {slot.name: value}))


def merged(pieces: Pieces, values: Mapping[str, str]) -> str:
    """Return the text with every slot filled, escaped for its place but not encoded."""
    return "".join(piece if isinstance(piece, str) else escaped(piece, values) for piece in pieces)


def escaped(slot: Slot, values: Mapping[str, str]) -> str:
    """Return the value of a slot in a part, or its fallback, escaped for its place but not encoded."""
    value = headers.one_line(values.get(slot.name, "")) or slot.fallback
    if slot.place == "text":
        return value
    if slot.place == "url":
        return quote(value, safe="")
    if slot.place == "link" and not _LINK.match(value):
        # A subscriber's own words must not become a script address in the copy on the web.
        value = slot.fallback if _LINK.match(slot.fallback) else "#"
    return markup.escape(value)


def header(slot: Slot, subject: Pieces, values: Mapping[str, str]) -> str:
    """Return the value of a slot in the header, encoded and folded; ``subject`` is the subject line."""
    if slot.name == "subject":
        return headers.unstructured(merged(subject, values), used=len("Subject: "))
    value = headers.one_line(values.get(slot.name, "")) or slot.fallback
    if slot.name == "to":
        return headers.folded_mailbox(value)
    return value if slot.name in RESERVED else quote(value, safe=_URI_SAFE)


def subject_line(subject: Pieces, values: Mapping[str, str]) -> str:
    """Return the subject line as a reader sees it, neither encoded nor folded."""
    return headers.single_spaced(merged(subject, values))
