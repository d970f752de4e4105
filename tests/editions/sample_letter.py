"""A letter with merge tags in every kind of place, values of every kind, and how to read what comes out."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from newsletter.editions import compiled, headers
from newsletter.editions.compiled import Parts
from newsletter.editions.headers import Head
from newsletter.editions.merge import MergeTags

if TYPE_CHECKING:
    from newsletter.editions.edition import CompiledLetter

HEAD = Head(
    sender="River Trust <news@rivers.example>",
    reply_to=headers.from_line("Río Vivo <hola@rivers.example>"),
    language="en",
    list_id="River Trust <supporters.rivers.example>",
    feedback_id="autumn:supporters:news:rivers",
)
FIXED = {
    "to": "asha@rivers.example",
    "date": "Tue, 06 Oct 2026 07:05:00 +0000",
    "message_id": "<abc@rivers.example>",
    "unsubscribe_url": "https://news.rivers.example/u/t0ken-" + "x" * 120,
    "email": "asha@rivers.example",
}
HTML = (
    '<!DOCTYPE html>\n<html><head><title>Hi NAME</title></head><body title="NAME">'
    + "<p>Dear NAME, we write to EMAIL.</p>\n" * 3
    + '<a href="UNSUB">Unsubscribe</a> <a href="https://rivers.example/?n=NAME&amp;x=1">Give</a>'
    + '<img src="https://rivers.example/NAME.png" alt="NAME NAME">\n.\nFrom here</body></html>\n'
)
TEXT = "Dear NAME,\n\nNAMENAME.\n.\nFrom NAME\nhttps://rivers.example/?n=NAME\n\nUnsubscribe: UNSUB\nNAME"
SUBJECT = "NAME, the otters are back"

VALUES = (
    st.text(max_size=200)
    | st.text(" .,:/?#@=Fromabc", max_size=90)
    | st.sampled_from(
        [
            "",
            " ",
            "\r\n",
            ".",
            "..",
            "=",
            "=3D",
            "From ",
            "From x",
            "x" * 10_000,
            "é" * 3_000,
            "👩🏽‍🚒" * 80,
            "محمد عبد الرحمن",
            "A\r\n.\r\nBcc: x@y.example",
            "a\r\n\r\n--boundary",
            "<script>\"'&amp;</script>",
            "\ud83d",
            "qzmerge0000zq",
        ]
    )
)


def letter_of(subject: str = SUBJECT, text: str = TEXT, html: str = HTML) -> CompiledLetter:
    """Compile a letter whose NAME, EMAIL and UNSUB are merge tags."""
    tags = MergeTags()
    tokens = {
        "NAME": tags.tag("first_name", "friend & <co>").token,
        "EMAIL": tags.email.token,
        "UNSUB": tags.unsubscribe_url.token,
    }
    subject, text, html = (replaced(part, tokens) for part in (subject, text, html))
    return compiled.compile_letter(
        HEAD,
        Parts(
            compiled.line_pieces(subject, tags),
            compiled.text_pieces(text, tags),
            compiled.html_pieces(html, tags, where="template"),
        ),
    )


def replaced(text: str, values: dict[str, str]) -> str:
    """Return the text with its three words replaced."""
    return re.sub("NAME|EMAIL|UNSUB", lambda word: values[word[0]], text)


def parse(message: bytes) -> EmailMessage:
    """Read a message with the standard library."""
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    return parsed


def content(message: EmailMessage, subtype: str) -> str:
    """Return a part's text with plain line ends."""
    part = message.get_body((subtype,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")
