"""Header fields: what we write, read back by the standard library's parser."""

import email
import email.policy
import re
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.editions import headers
from newsletter.errors import ConfigError

WORDS = st.text(max_size=300) | st.sampled_from(
    [
        "👩🏽‍🚒" * 40,
        "سلام، کیسے ہیں " * 20,
        "王小明" * 60,
        "ascii only " * 40,
        "x" * 400,
        "=?utf-8?q?fake?=",
        "a  b",
    ]
)


def parsed(name: str, value: str) -> EmailMessage:
    """Return a message with one field, read by the email package."""
    message = email.message_from_bytes(f"{name}: {value}\r\n\r\n".encode(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def shown(text: str) -> str:
    """Return what a reader may expect of a line: no control characters, single spaces."""
    text = re.sub("[\ud800-\udfff]", "\ufffd", re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text))
    return " ".join(text.split())


@given(WORDS)
def test_any_subject_comes_back_as_it_was(subject: str) -> None:
    """Emoji, right to left, encoded-word look-alikes; lines stay short and ASCII."""
    value = headers.unstructured(subject, used=len("Subject: "))

    lines = f"Subject: {value}".split("\r\n")
    assert all(len(line) <= headers.LINE_CHARS for line in lines)
    assert all(line.startswith(" ") and line.strip() for line in lines[1:])
    assert value.isascii()
    assert str(parsed("Subject", value)["Subject"]) == shown(subject)


@given(st.text(min_size=1, max_size=300), st.integers(0, 12))
def test_no_encoded_word_is_long_or_splits_a_character(text: str, used: int) -> None:
    """RFC 2047: at most 75 characters, each decodes by itself."""
    text = headers.one_line(text) or "x"
    words = headers.encoded_words(text, used=used)

    assert all(len(word) <= 75 for word in words)
    assert len(words[0]) + used <= headers.LINE_CHARS
    assert "".join(str(parsed("X", word)["X"]) for word in words).split() == text.split()


def test_plain_words_stay_plain() -> None:
    """An ASCII subject is not encoded; a long one is folded at a space."""
    assert headers.unstructured("The otters are back", used=9) == "The otters are back"
    assert headers.unstructured("word " * 30, used=9).count("\r\n ") == 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "asha@rivers.example"),
        (" \r\n ", "asha@rivers.example"),
        ("Asha Rao", "Asha Rao <asha@rivers.example>"),
        ("Rao, Asha", '"Rao, Asha" <asha@rivers.example>'),
        ('Asha "Ash" Rao', '"Asha \\"Ash\\" Rao" <asha@rivers.example>'),
        ("Núria", "=?utf-8?q?N=C3=BAria?= <asha@rivers.example>"),
    ],
)
def test_a_mailbox_is_written_as_plainly_as_it_can_be(name: str, expected: str) -> None:
    """Bare, as words, in quotes, encoded: in this order."""
    assert headers.mailbox(name, "asha@rivers.example") == expected


@given(WORDS)
def test_any_name_comes_back_and_never_becomes_another_field(name: str) -> None:
    """A name with a line break and "Bcc:" stays a name."""
    value = headers.folded_mailbox(headers.mailbox(name, "asha@rivers.example"))

    message = parsed("To", value)
    (address,) = message["To"].addresses
    assert message.keys() == ["To"]
    assert address.addr_spec == "asha@rivers.example"
    # Not address.display_name: the parser of Python 3.11 keeps the blanks between encoded words of a phrase.
    phrase = value.rpartition("<")[0].replace("\r\n", "").strip()
    unquoted = re.sub(r"\\(.)", r"\1", phrase[1:-1]) if phrase.startswith('"') else phrase
    assert str(make_header(decode_header(unquoted))) == shown(name)
    assert all(len(line) <= headers.LINE_CHARS for line in f"Reply-To: {value}".split("\r\n")[:-1])


def test_a_domain_of_other_letters_travels_as_a_labels() -> None:
    """And a sharp s is not two s (RFC 5891)."""
    assert headers.mailbox("", "news@straße.example") == "news@xn--strae-oqa.example"
    assert headers.domain_of("Ríos <news@RÍOS.example>") == "xn--ros-rma.example"


def test_an_impossible_domain_is_refused_in_one_line() -> None:
    """The message names the address."""
    with pytest.raises(ConfigError, match=r"'news@río\.\.example' is not an address"):
        headers.mailbox("", "news@río..example")


def test_a_message_id_is_stable_and_says_nothing_about_the_person() -> None:
    """The same delivery has the same one on every attempt; another key, edition or person another."""
    made = headers.message_id(b"key", "ed1", "17", "rivers.example")

    assert re.fullmatch(r"<[a-z2-7]{26}@rivers\.example>", made)
    # Written by the first version of the program: a letter that is sent again keeps its identity.
    old = headers.message_id(bytes(range(32)), "35f2a05940194bf7", "asha@example.org", "rivers.example")
    assert old == "<lq6a5lakik7qa3vqoogie5mnsx@rivers.example>"
    assert made == headers.message_id(b"key", "ed1", "17", "rivers.example")
    others = {
        headers.message_id(b"other", "ed1", "17", "rivers.example"),
        headers.message_id(b"key", "ed2", "17", "rivers.example"),
        headers.message_id(b"key", "ed1", "18", "rivers.example"),
        headers.message_id(b"key", "ed11", "7", "rivers.example"),
    }
    assert len(others | {made}) == 5


def test_a_date_is_written_as_rfc_5322_wants_it() -> None:
    """English, with the offset."""
    assert headers.date_line(datetime(2026, 10, 6, 7, 5, tzinfo=UTC)) == "Tue, 06 Oct 2026 07:05:00 +0000"


def test_list_id_and_feedback_id_are_short_stable_and_impersonal() -> None:
    """They name list, campaign and domain; long names are cut."""
    sender = "River Trust <News@Rivers.example>"

    assert (
        headers.list_id("River Trust", ("Supporters!",), sender) == "River Trust <supporters.rivers.example>"
    )
    assert headers.list_id("River Trust", ("a", "b"), sender) == "River Trust <newsletter.rivers.example>"
    made = headers.feedback_id("a-very-long-name-of-a-campaign-" * 3, ("list " * 20,), sender)
    assert len(made) <= 70
    assert made.count(":") == 3
    assert 5 <= len(headers.feedback_id("x", (), "a@b.c").rpartition(":")[2]) <= 15
