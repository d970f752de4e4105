"""The compiled letter: static bytes with slots between them, made once per edition, filled per person.

Every slot starts on a line of its own (after a soft line break), so a value is
encoded by itself and no line can grow too long, whatever the value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from newsletter.editions import headers, mime
from newsletter.editions.edition import CompiledLetter, Pieces, Place, Slot
from newsletter.editions.filling import Filler, merged
from newsletter.editions.merge import TOKEN
from newsletter.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from newsletter.editions.headers import Head
    from newsletter.editions.merge import MergeTags

__all__ = [
    "Parts",
    "Pieces",
    "compile_letter",
    "fill",
    "html_pieces",
    "line_pieces",
    "marked",
    "merged",
    "text_pieces",
]

_URL_ATTRIBUTE = re.compile(
    r"""\b(?:href|src|background|action)\s*=\s*(["'])(.*?)\1""", re.IGNORECASE | re.DOTALL
)
_URL_IN_TEXT = re.compile(r"https?://\S*")
_STYLE = re.compile(r"<(style|script)\b.*?</\1", re.IGNORECASE | re.DOTALL)
_SUBJECT = b"\r\nSubject: "


@dataclass(frozen=True)
class Parts:
    """A letter in pieces, before it becomes a message."""

    subject: Pieces
    """Subject line."""
    text: Pieces
    """Text part."""
    html: Pieces
    """HTML part."""


def html_pieces(html: str, tags: MergeTags, *, where: str) -> Pieces:
    """Split the HTML part at its merge tokens.

    Raises:
        ContentError: a token in a style sheet or script, where no escaping is safe.
    """
    for sheet in _STYLE.finditer(html):
        if TOKEN.search(sheet[0]):
            raise ContentError(f"a merge tag cannot stand inside <{sheet[1]}>", where=where)
    places: dict[int, Place] = {}
    for address in _URL_ATTRIBUTE.finditer(html):
        for token in TOKEN.finditer(html, address.start(2), address.end(2)):
            places[token.start()] = "link" if token.start() == address.start(2) else "url"
    return tuple(_split(html, tags, places, "html"))


def text_pieces(text: str, tags: MergeTags) -> Pieces:
    """Split the text part at its merge tokens."""
    places: dict[int, Place] = {
        token.start(): "url"
        for address in _URL_IN_TEXT.finditer(text)
        for token in TOKEN.finditer(text, address.start(), address.end())
    }
    return tuple(_split(text, tags, places, "text"))


def line_pieces(line: str, tags: MergeTags) -> Pieces:
    """Split a subject line or preheader at its merge tokens."""
    return tuple(_split(line, tags, {}, "text"))


def compile_letter(head: Head, parts: Parts) -> CompiledLetter:
    """Return the whole message as static bytes and slots.

    A subject with slots becomes one slot of the message, because encoded words
    must not touch plain ones (RFC 2047 section 5).
    """
    mark = mime.boundary(repr((parts.text, parts.html)))
    stream: list[bytes | Slot] = [
        *_head(head, parts.subject),
        mime.opening(mark),
        *_body(parts.text),
        mime.between(mark),
        *_body(parts.html),
        mime.closing(mark),
    ]
    segments, slots = [b""], []
    for piece in stream:
        if isinstance(piece, Slot):
            slots.append(piece)
            segments.append(b"")
        else:
            segments[-1] += piece
    return CompiledLetter(tuple(segments), tuple(slots), parts.subject)


def marked(letter: CompiledLetter, words: str) -> CompiledLetter:
    """Return the letter with plain ASCII words in front of its subject, on a line of their own."""
    segments = list(letter.segments)
    at = next(number for number, segment in enumerate(segments) if _SUBJECT in segment)
    segments[at] = segments[at].replace(_SUBJECT, _SUBJECT + words.encode("ascii") + b"\r\n ", 1)
    return replace(letter, segments=tuple(segments))


def fill(letter: CompiledLetter, values: Mapping[str, str]) -> bytes:
    """Return one person's message, fit to travel as it is.

    Lines end in CRLF, the last one too; there is no other CR or LF. No line
    starts with a dot or with ``From ``. Lines of the parts have at most 76
    bytes, those of the header 78 wherever they may be folded, never above 998.

    ``values`` has the merge values by name, and ``to`` (a `headers.mailbox`),
    ``date`` and ``message_id``. An empty or missing value takes the fallback;
    control characters and line ends in a value become spaces.
    """
    return Filler(letter).fill(values)


def _split(text: str, tags: MergeTags, places: Mapping[int, Place], otherwise: Place) -> Iterator[str | Slot]:
    at = 0
    for token in TOKEN.finditer(text):
        if token.start() > at:
            yield text[at : token.start()]
        tag = tags.named(token)
        yield Slot(tag.name, headers.one_line(tag.fallback), places.get(token.start(), otherwise))
        at = token.end()
    if at < len(text):
        yield text[at:]


def _head(head: Head, subject: Pieces) -> Iterator[bytes | Slot]:
    yield f"From: {head.sender}\r\nTo: ".encode()
    yield Slot("to", "undisclosed-recipients:;", "header")
    yield b"\r\nSubject: "
    if any(isinstance(piece, Slot) for piece in subject):
        yield Slot("subject", "", "header")
    else:
        yield headers.unstructured(merged(subject, {}), used=len("Subject: ")).encode()
    yield b"\r\nDate: "
    yield Slot("date", "", "header")
    yield b"\r\nMessage-ID: "
    yield Slot("message_id", "", "header")
    if head.reply_to:
        yield f"\r\nReply-To: {head.reply_to}".encode()
    yield b"\r\nList-Unsubscribe: <"
    yield Slot("unsubscribe_url", "", "header")
    yield (
        ">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        f"List-Id: {head.list_id}\r\n"
        "Precedence: bulk\r\n"
        f"Feedback-ID: {head.feedback_id}\r\n"
        f"Content-Language: {head.language}\r\n"
    ).encode()


def _body(pieces: Sequence[str | Slot]) -> Iterator[bytes | Slot]:
    """Yield a part's content; every piece starts a line, softly broken where the text goes on."""
    inside = False
    for piece in pieces:
        if inside:
            yield mime.SOFT_BREAK
        yield piece if isinstance(piece, Slot) else mime.quoted_printable(piece)
        inside = isinstance(piece, Slot) or not piece.endswith("\n")
