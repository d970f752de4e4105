"""Bytes of sources become text."""

from __future__ import annotations

import pytest

from newsletter.errors import ContentError
from newsletter.posts.decoding import decode, tidy

WORDS = "“Café” … 5 €"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_the_encodings_of_office_machines_are_recognised(encoding: str) -> None:
    """Without being told."""
    assert decode(WORDS.encode(encoding), where="x") == WORDS


def test_a_named_charset_is_used_when_it_is_not_utf8() -> None:
    """By the server, by the page itself, by an XML declaration."""
    raw = "žluť".encode("iso8859-2")
    assert decode(raw, where="x", charset="ISO-8859-2") == "žluť"
    assert "žluť" in decode(b'<meta charset="iso-8859-2">' + raw, where="x")
    assert "žluť" in decode(b"<?xml version='1.0' encoding='iso-8859-2'?>" + raw, where="x")


def test_a_wrong_or_unknown_charset_does_no_harm() -> None:
    """Servers are often wrong."""
    assert decode(WORDS.encode(), where="x", charset="iso-8859-1") == WORDS
    assert decode(WORDS.encode("cp1252"), where="x", charset="utf-8") == WORDS
    assert decode(WORDS.encode("cp1252"), where="x", charset="no-such-thing") == WORDS


def test_line_ends_and_leftovers_are_tidied() -> None:
    """CRLF, Windows-1252 through Latin-1, control characters, halves of characters."""
    assert tidy("a\r\nb\rc\x92\x07\ufeff\ud800") == "a\nb\nc\u2019"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b" \r\n\t ", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not text"),
        (b"caf\xe9 \x81\x8d", "not text"),
        (b"%PDF-1.7 \xe2", "a PDF"),
        (b"PK\x03\x04rest", "Word document or an archive"),
        (b"x" * 10_000_001, "10 MB"),
    ],
)
def test_what_is_no_text_is_refused_with_one_reason(raw: bytes, reason: str) -> None:
    """And the source is named."""
    with pytest.raises(ContentError, match=f"^story.txt: .*{reason}"):
        decode(raw, where="story.txt")
