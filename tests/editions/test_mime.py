"""Quoted-printable, read back by the standard library."""

import quopri

from hypothesis import given
from hypothesis import strategies as st

from newsletter.editions import mime

TEXT = st.text(st.characters(codec="utf-8"), max_size=400) | st.text(".=F\n rom", max_size=400)


def unix(text: str) -> str:
    """Return the text with plain line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(TEXT)
def test_any_text_comes_back_and_needs_no_stuffing(text: str) -> None:
    """Lines are short, end in CRLF, never in a blank, never start with a dot or "From "."""
    encoded = mime.quoted_printable(text)

    assert quopri.decodestring(encoded).decode() == unix(text).replace("\n", "\r\n")
    assert b"\r" not in encoded.replace(b"\r\n", b"")
    assert b"\n" not in encoded.replace(b"\r\n", b"")
    for line in encoded.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))
        assert not line.endswith((b" ", b"\t"))
        assert all(octet == 9 or 32 <= octet < 127 for octet in line)


def test_a_soft_break_never_falls_inside_an_escape() -> None:
    """At every offset."""
    for offset in range(80):
        encoded = mime.quoted_printable("x" * offset + "é" * 60)

        assert all(piece[-2:] != b"=C" for piece in encoded.replace(b"=\r\n", b"\n").split(b"\n"))
        assert quopri.decodestring(encoded).decode() == "x" * offset + "é" * 60


@given(TEXT)
def test_a_boundary_is_in_no_part(text: str) -> None:
    """And it is always the same one."""
    mark = mime.boundary(text)

    assert mark == mime.boundary(text)
    assert mark.encode() not in mime.quoted_printable(f"{text}\n--{mark}\n")


def test_the_size_of_the_html_part_is_what_stands_between_its_frame() -> None:
    """Counted in the message's bytes: soft breaks, escapes and CRLF included."""
    html = mime.quoted_printable("<p>Grüße vom Fluß</p>\n" * 200)
    frame = mime.opening("mark") + b"Hello" + mime.between("mark")

    assert mime.html_size_bytes(frame + html + mime.closing("mark")) == len(html)
    assert mime.html_size_bytes(b"Subject: no part\r\n\r\nHello") == 0
