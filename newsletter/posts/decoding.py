"""Bytes become text, or one plain reason why they are none."""

from __future__ import annotations

import codecs
import re
from typing import Final

from newsletter.errors import ContentError

MAX_SOURCE_BYTES: Final = 10_000_000
"""No story is longer; a larger file is something else."""

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOT_TEXT: Final = (
    (b"%PDF", "this is a PDF; copy its text into a .txt file"),
    (b"PK\x03\x04", "this is a Word document or an archive; save it as plain text or as a web page"),
    (b"\xd0\xcf\x11\xe0", "this is a Word document; save it as plain text or as a web page"),
    (b"{\\rtf", "this is rich text (RTF); save it as plain text or as a web page"),
)
_META_CHARSET = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE
)
_XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_.:-]{1,40})""")
# Bytes 0x80-0x9F that went through Latin-1: what Windows-1252 means by them (WHATWG Encoding Standard).
_C1: Final = {number: bytes([number]).decode("cp1252", "ignore") or None for number in range(0x80, 0xA0)}
# Control characters, halves of characters, and marks without width that only disturb comparison and wrapping.
_CONTROL: Final = dict.fromkeys(
    (*range(9), 11, *range(14, 32), 127, 0xFEFF, 0x00AD, 0x200B, *range(0xD800, 0xE000))
)


def decode(raw: bytes, *, where: str, charset: str = "") -> str:
    """Return the text of a source, with plain line ends and without control characters.

    A byte order mark wins, then UTF-8, then the character set that ``charset``, an XML
    declaration or a ``meta`` element names, then Windows-1252.

    Raises:
        ContentError: empty, too large, binary, or in none of these encodings.
    """
    if len(raw) > MAX_SOURCE_BYTES:
        raise ContentError(too_large(len(raw)), where=where)
    if not raw.strip():
        raise ContentError("it is empty", where=where)
    for start, reason in _NOT_TEXT:
        if raw.startswith(start):
            raise ContentError(reason, where=where)
    text = _first_that_fits(raw, charset)
    if text is None:
        message = "it is not text, or in an encoding that cannot be told; save it as UTF-8"
        raise ContentError(message, where=where)
    text = tidy(text)
    if not text.strip():
        raise ContentError("it is empty", where=where)
    return text


def too_large(size_bytes: int) -> str:
    """Return the reason why so many bytes are not read."""
    return f"it has {size_bytes / 1_000_000:.0f} MB; a source may have {MAX_SOURCE_BYTES // 1_000_000} MB"


def tidy(text: str) -> str:
    r"""Return the text with ``\n`` line ends, Windows-1252 leftovers mapped, control characters dropped.

    >>> tidy("\x80 5\r\n")
    '€ 5\n'
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_C1).translate(_CONTROL)


def one_line(text: str) -> str:
    """Return the text on one line, every run of white space (no-break spaces too) as one space."""
    return " ".join(tidy(text).split())


def _first_that_fits(raw: bytes, charset: str) -> str | None:
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            return _decoded(raw, encoding)
    if b"\0" in raw:
        return None
    for encoding in ("utf-8", charset, _named_inside(raw), "cp1252"):
        text = _decoded(raw, encoding)
        if text is not None:
            return text
    return None


def _named_inside(raw: bytes) -> str:
    found = _XML_ENCODING.search(raw[:1024]) or _META_CHARSET.search(raw[:4096])
    return found[1].decode("ascii") if found else ""


def _decoded(raw: bytes, encoding: str) -> str | None:
    """Return the text, or None; Latin-1 on the web means Windows-1252 (WHATWG Encoding Standard)."""
    try:
        name = codecs.lookup(encoding).name
        return raw.decode("cp1252" if name in {"iso8859-1", "ascii"} else name)
    except (LookupError, UnicodeError, ValueError):
        return None
