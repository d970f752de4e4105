"""The compiled letter against the slow way: str.replace and the email package."""

import email.policy
import html as markup
import re
from email.message import EmailMessage
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.editions import compiled, headers, mime
from newsletter.editions.merge import MergeTags
from newsletter.errors import ContentError
from tests.editions.sample_letter import (
    FIXED,
    HEAD,
    HTML,
    SUBJECT,
    TEXT,
    VALUES,
    content,
    letter_of,
    parse,
    replaced,
)


def the_slow_way(name: str) -> tuple[EmailMessage, dict[str, str]]:
    """Return the message as the standard library writes and reads it, and the texts put into it."""
    name = re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", name).strip()
    name = re.sub("[\ud800-\udfff]", "\ufffd", name) or "friend & <co>"
    in_url = quote(name, safe="")
    words = {"NAME": name, "EMAIL": FIXED["email"], "UNSUB": FIXED["unsubscribe_url"]}
    html = HTML.replace("?n=NAME", f"?n={in_url}").replace("/NAME.png", f"/{in_url}.png")
    made = {
        "subject": " ".join(replaced(SUBJECT, words).split()),
        "plain": replaced(TEXT.replace("?n=NAME", f"?n={in_url}"), words),
        "html": replaced(html, {key: markup.escape(value) for key, value in words.items()}),
    }
    message = EmailMessage(policy=email.policy.SMTP)
    message["Subject"] = made["subject"]
    message.set_content(made["plain"])
    message.add_alternative(made["html"], subtype="html")
    return parse(message.as_bytes()), made


LETTER = letter_of()


@settings(max_examples=300)
@given(VALUES)
def test_whatever_the_value_the_letter_reads_as_if_made_the_slow_way(name: str) -> None:
    """Subject, both parts, every other header; and the bytes travel anywhere."""
    raw = compiled.fill(LETTER, {**FIXED, "first_name": name, "to": headers.mailbox(name, FIXED["to"])})

    message = parse(raw)
    slow, texts = the_slow_way(name)
    assert str(message["Subject"]) == str(slow["Subject"]) == texts["subject"]
    for subtype in ("plain", "html"):
        assert content(message, subtype) == texts[subtype]
        # The standard library ends every text with a line end, whether it had one or not.
        assert content(slow, subtype).rstrip("\n") == texts[subtype].rstrip("\n")
    assert message["List-Unsubscribe"] == f"<{FIXED['unsubscribe_url']}>"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["To"].addresses[0].addr_spec == FIXED["to"]
    assert message.keys() == HEADER_ORDER
    assert_travels(raw)


def assert_travels(raw: bytes) -> None:
    """Only CRLF, short lines, printable ASCII, no line that SMTP or an mbox would change."""
    assert raw.endswith(b"\r\n")
    assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert all(
        len(line) <= (998 if line.startswith(b"List-Unsubscribe:") else 78) for line in head.split(b"\r\n")
    )
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert not any(line.startswith((b".", b"From ")) for line in raw.split(b"\r\n"))
    assert raw.isascii()
    assert not re.search(rb"[^\r\n\t -~]", raw)


HEADER_ORDER = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Id",
    "Precedence",
    "Feedback-ID",
    "Content-Language",
    "MIME-Version",
    "Content-Type",
]


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=850))
def test_the_unsubscribe_header_is_one_line_and_never_encoded(token: str) -> None:
    """Whatever its length (RFC 8058)."""
    url = f"https://news.rivers.example/u/{token}"

    raw = compiled.fill(LETTER, {**FIXED, "unsubscribe_url": url})

    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in raw
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw


def test_no_value_can_add_a_header() -> None:
    """Line breaks in any of them become spaces, or escapes in an address."""
    evil = "x\r\nBcc: everybody@rivers.example"

    raw = compiled.fill(LETTER, dict.fromkeys([*FIXED, "first_name"], evil))

    assert b"\r\nBcc" not in raw
    assert b"List-Unsubscribe: <x%20Bcc:%20everybody@rivers.example>\r\n" in raw


def test_the_envelope_says_what_bulk_mail_must() -> None:
    """And nothing that a vacation responder would misread."""
    message = parse(compiled.fill(LETTER, FIXED))

    assert message["Precedence"] == "bulk"
    assert message["List-Id"] == HEAD.list_id
    assert message["Feedback-ID"] == HEAD.feedback_id
    assert message["Reply-To"].addresses[0].display_name == "Río Vivo"
    assert message["Content-Language"] == "en"
    assert message["Auto-Submitted"] is None
    for part in message.iter_parts():
        assert part["Content-Type"].params["charset"] == "utf-8"
        assert part["Content-Transfer-Encoding"] == "quoted-printable"


def test_a_subject_without_merge_tags_is_static() -> None:
    """Nothing is encoded per letter that is the same for everybody."""
    letter = letter_of(subject="¡Hola!")

    assert all(slot.name != "subject" for slot in letter.slots)
    assert str(parse(compiled.fill(letter, FIXED))["Subject"]) == "¡Hola!"


@pytest.mark.parametrize(
    "text", ["", "NAME", "NAME\n", "\nNAME\n", "NAME NAME", "x NAME", "é" * 200 + "NAME"]
)
def test_a_slot_may_stand_anywhere(text: str) -> None:
    """First, last, alone, between blanks, after a long line."""
    message = parse(compiled.fill(letter_of(text=text), {**FIXED, "first_name": "Ana"}))

    assert content(message, "plain") == text.replace("NAME", "Ana")


@pytest.mark.parametrize(
    ("value", "href"),
    [
        ("https://rivers.example/?a=1&b=2", "https://rivers.example/?a=1&amp;b=2"),
        ("https://rivers.example/a", "https://rivers.example/a"),
        ("HTTP://rivers.example/a", "HTTP://rivers.example/a"),
        ("mailto:a@rivers.example", "mailto:a@rivers.example"),
        ("news", "#"),
        ("javascript:alert(1)", "#"),
        ("JaVaScRiPt:alert(1)", "#"),
        ("data:text/html,x", "#"),
        ('" onclick="x', "#"),
    ],
)
def test_a_whole_address_is_a_web_or_mail_address_or_nothing(value: str, href: str) -> None:
    """A subscriber's own words never become a script."""
    letter = letter_of(html='<a href="NAME">x</a>')

    html = content(parse(compiled.fill(letter, {**FIXED, "first_name": value})), "html")

    assert html == f'<a href="{href}">x</a>'


def test_a_tag_in_a_style_sheet_is_refused() -> None:
    """No escaping is safe there."""
    with pytest.raises(ContentError, match="template: a merge tag cannot stand inside <style>"):
        letter_of(html="<style>p { color: NAME }</style>")


def test_merged_pieces_are_what_the_letter_carries() -> None:
    """The frozen files show the same words as the message."""
    tags = MergeTags()
    pieces = compiled.html_pieces(f"<p>{tags.tag('first_name', 'you & me').token}</p>", tags, where="")

    assert compiled.merged(pieces, {}) == "<p>you &amp; me</p>"
    assert compiled.merged(pieces, {"first_name": "<b>"}) == "<p>&lt;b&gt;</p>"


def test_the_size_of_a_part_as_transmitted_can_be_told_beforehand() -> None:
    """Gmail counts these bytes."""
    letter = letter_of(html="<p>é</p>\n" * 100)

    (part,) = (
        p for p in parse(compiled.fill(letter, FIXED)).iter_parts() if p.get_content_subtype() == "html"
    )

    assert (
        len(str(part.get_payload()).replace("\n", "\r\n"))
        >= len(mime.quoted_printable("<p>é</p>\n" * 100)) - 2
    )
