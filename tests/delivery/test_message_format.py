"""What mail servers, mail clients and the law ask of a letter, asked of 10 000 letters.

They are those of the starter's campaign to people whose columns hold anything
that a spreadsheet can hold.
"""

from __future__ import annotations

import email
import email.policy
import random
import re
import unicodedata
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from newsletter import workspace
from newsletter.app import open_app
from newsletter.audience import signing
from newsletter.audience.bounce_address import read_bounce_address
from newsletter.delivery.dkim import signer_of
from newsletter.delivery.letters import LetterWriter
from newsletter.editions.build import build_named
from newsletter.editions.mime import CLIPPED_BYTES
from newsletter.outbox.window import Delivery
from tests.delivery.domain_keys import DomainKeys
from tests.outbox.audience import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter.editions.edition import Edition
    from newsletter.mail.base import OutgoingLetter

LETTERS = 10_000
KEY = b"k" * 32
PUBLIC_URL = f"https://news.rivertrust.example/{'a-long-way/' * 22}end"
"""Over 200 characters: at 78 the standard library makes an encoded word of the field."""
FIELDS = {
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
}
CONTROLS = ("\r", "\n", "\r\n", "\0", "\t", "\v", "\f", "\x1b", "\x7f", "\x85", "\u2028", "\u2029")
WORDS = (
    "Asha",
    "Núria",
    "王小明",
    "محمد عبد الرحمن",
    "👩🏽‍🚒",
    "=?utf-8?q?fake?=",
    "Rao, Asha",
    '"Ash"',
    "<b>&amp;",
    ".",
    "From me",
    "=3D",
    "x" * 90,
    "a@b.example",
    "https://evil.example/?a=1",
    "{{ merge.email }}",
    "\ud83d",
    "Bcc: all@example.org",
)


class Post:
    """Ten thousand letters, the same at every look."""

    def __init__(self, edition: Edition, seed: int) -> None:
        """Remember what they are made of."""
        self.edition = edition
        self.seed = seed
        self.writer = LetterWriter(
            edition, signing_key=KEY, public_url=PUBLIC_URL, bounces="bounces@news.rivertrust.example"
        )

    def deliveries(self, count: int = LETTERS) -> Iterator[Delivery]:
        """Yield deliveries to people with random columns."""
        chance = random.Random(self.seed)  # noqa: S311 - not for secrets
        for number in range(1, count + 1):
            names = {
                column: "".join(chance.choices((*WORDS, *CONTROLS, " ", "é", "z"), k=chance.randrange(6)))
                for column in ("first_name", "name", "unsubscribe_url", "to", "subject")
            }
            yield Delivery(number, "e1", number, f"reader{number}@example.org", 1, names)

    def letters(self, count: int = LETTERS) -> Iterator[OutgoingLetter]:
        """Yield their letters."""
        return (self.writer.write(one, NOW) for one in self.deliveries(count))

    def heads(self) -> Iterator[list[tuple[str, str]]]:
        """Yield the header of every letter: names and values as they stand there, unfolded."""
        for letter in self.letters():
            head = letter.message.partition(b"\r\n\r\n")[0].decode("ascii").replace("\r\n ", " ")
            yield [(name, value) for name, _, value in (line.partition(": ") for line in head.split("\r\n"))]

    def parsed(self, count: int) -> Iterator[EmailMessage]:
        """Yield so many letters as the standard library reads them."""
        for letter in self.letters(count):
            message = email.message_from_bytes(letter.message, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            yield message


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Post:
    """Build the starter's campaign; the seed stands in the output of a test that fails."""
    root = workspace.create(tmp_path_factory.mktemp("format") / "ws").workspace.root
    app = open_app(root)
    seed = random.randrange(2**32)  # noqa: S311 - not for secrets
    print(f"seed of the letters: {seed}")  # noqa: T201 - shown when a test fails
    return Post(build_named(app.workspace, app.loaded, app.networks, "autumn-digest"), seed)


def body_of(message: EmailMessage, subtype: str) -> str:
    """Return the text of a part."""
    part = message.get_body((subtype,))
    assert part is not None
    return str(part.get_content())


def test_every_letter_can_be_left_with_one_click(post: Post) -> None:
    """An https address with a token nobody can guess, on one line, never encoded (RFC 8058, RFC 2369)."""
    for number, head in enumerate(post.heads(), 1):
        (field,) = [value for name, value in head if name == "List-Unsubscribe"]
        (click,) = [value for name, value in head if name == "List-Unsubscribe-Post"]

        assert field == f"<{PUBLIC_URL}/u/{signing.token(KEY, 'unsubscribe', number)}>"
        assert len(field) > 200
        assert click == "List-Unsubscribe=One-Click"


def test_a_signature_covers_what_makes_one_click_count(post: Post, tmp_path: Path) -> None:
    """RFC 8058 section 4; every fortieth letter is judged by dkimpy, which takes its time."""
    keys = DomainKeys(tmp_path)
    signer = signer_of(keys.settings)
    assert signer is not None
    for letter in post.letters(LETTERS // 40):
        signed = signer.sign(letter.message, NOW)

        assert keys.verdicts(signed) == [True, True]
        head = signed.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b"")
        covered = [names.split(b":") for names in re.findall(rb";h=([^;]+);", head)]
        assert len(covered) == 2
        for names in covered:
            assert {b"list-unsubscribe", b"list-unsubscribe-post", b"to", b"subject", b"date"} < set(names)
            assert names.count(b"from") == 2


def test_the_list_has_a_steady_name(post: Post) -> None:
    """Readers filter by it (RFC 2919)."""
    names = {value for head in post.heads() for name, value in head if name == "List-Id"}

    assert names == {"River Trust <supporters.rivertrust.example>"}


def test_every_field_stands_there_once_and_no_other(post: Post) -> None:
    """The table of RFC 5322 section 3.6, whatever a column holds; nothing sets Return-Path or Bcc."""
    for head in post.heads():
        assert len(head) == len(FIELDS)
        assert {name for name, _ in head} == FIELDS


def test_from_date_and_identity_are_as_servers_want_them(post: Post) -> None:
    """One mailbox, a date with an offset, an identity for every letter at the sender's domain."""
    seen = set()
    for head in post.heads():
        fields = dict(head)
        seen.add(fields["Message-ID"])

        assert fields["From"] == "River Trust <news@rivertrust.example>"
        assert fields["Reply-To"] == "hello@rivertrust.example"
        assert parsedate_to_datetime(fields["Date"]) == NOW
        assert re.fullmatch(r"<[a-z2-7]{26}@rivertrust\.example>", fields["Message-ID"])
        assert fields["MIME-Version"] == "1.0"
    assert len(seen) == LETTERS


def test_names_and_subjects_travel_as_encoded_words_or_plain(post: Post) -> None:
    """RFC 2047: short words, each whole by itself, and what comes out is what went in."""
    for delivery, letter in zip(post.deliveries(), post.letters(), strict=True):
        head = letter.message.partition(b"\r\n\r\n")[0].decode("ascii")
        lines = dict(line.split(": ", 1) for line in head.replace("\r\n ", " ").split("\r\n"))
        words = re.findall(r"=\?utf-8\?[qb]\?[^?]*\?=", head)
        subject = str(make_header(decode_header(lines["Subject"])))

        assert all(len(word) <= 75 for word in words)
        assert subject == f"{shown(delivery.values['first_name']) or 'Dear friend'}, the otters are back"
        assert lines["To"].endswith(f"<{delivery.recipient}>") or lines["To"] == delivery.recipient


def shown(text: str) -> str:
    """Return what a reader may expect of a value."""
    kept = "".join(
        " "
        if unicodedata.category(one) in {"Cc", "Zl", "Zp"}
        else "\ufffd"
        if "\ud800" <= one <= "\udfff"
        else one
        for one in text
    )
    return " ".join(kept.split())


def test_a_domain_of_other_letters_is_written_in_ascii(post: Post) -> None:
    """Only a local part of other letters asks for SMTPUTF8 (RFC 6531)."""
    idn = post.writer.write(Delivery(1, "e1", 1, "asha@ríos.example", 1, {}), NOW)
    eai = post.writer.write(Delivery(1, "e1", 1, "núria@rios.example", 1, {}), NOW)

    assert b"\r\nTo: asha@xn--ros-rma.example\r\n" in idn.message
    assert idn.message.isascii()
    assert "\r\nTo: núria@rios.example\r\n".encode() in eai.message


def test_nothing_on_the_wire_needs_to_be_changed(post: Post) -> None:
    """CRLF alone, short lines, printable ASCII, no line for dot-stuffing or an mbox (RFC 5321, RFC 2045)."""
    for letter in post.letters():
        raw = letter.message
        head, _, body = raw.partition(b"\r\n\r\n")

        assert raw.endswith(b"\r\n")
        assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")
        assert max(map(len, body.split(b"\r\n"))) <= 76
        assert all(len(line) <= 78 or line.startswith(b"List-Unsubscribe: ") for line in head.split(b"\r\n"))
        assert b"\n." not in raw
        assert b"\nFrom " not in raw
        assert not re.search(rb"[^\r\n -~]", raw)


def test_the_parts_are_text_first_and_read_without_a_defect(post: Post) -> None:
    """multipart/alternative, utf-8, quoted-printable."""
    for message in post.parsed(LETTERS // 10):
        assert not message.defects
        assert message.get_content_type() == "multipart/alternative"
        parts = list(message.iter_parts())
        assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
        for part in parts:
            assert not part.defects
            assert part.get_content_charset() == "utf-8"
            assert part["Content-Transfer-Encoding"] == "quoted-printable"


def test_vacation_programs_can_tell_that_it_is_bulk(post: Post) -> None:
    """Precedence is there; Auto-Submitted is for answers of machines, which this is none of (RFC 3834)."""
    assert {dict(head)["Precedence"] for head in post.heads()} == {"bulk"}


def test_the_feedback_id_is_short_and_says_nothing_about_anybody(post: Post) -> None:
    """Gmail sums complaints up by it: https://support.google.com/a/answer/6254652."""
    (feedback_id,) = {dict(head)["Feedback-ID"] for head in post.heads()}

    assert re.fullmatch(r"[a-z0-9-]+(:[a-z0-9-]+){2}:[a-z0-9]{5,15}", feedback_id)
    assert len(feedback_id) <= 70


def test_every_envelope_names_its_delivery(post: Post) -> None:
    """Within 64 octets, in characters that every server takes."""
    for number, letter in enumerate(post.letters(), 1):
        local, _, domain = letter.sender.rpartition("@")

        assert re.fullmatch(r"bounces\+[0-9a-f]{48}", local)
        assert len(local) <= 64
        assert domain == "news.rivertrust.example"
        assert read_bounce_address(letter.sender, KEY) == number


def test_the_html_part_is_never_clipped(post: Post) -> None:
    """Counted as transmitted, for the longest values too."""
    for letter in post.letters():
        assert len(letter.message.partition(b"text/html")[2]) < CLIPPED_BYTES


def test_law_and_decency_stand_in_both_parts(post: Post) -> None:
    """Postal address, who sends, and the ways out: 15 U.S.C. 7704(a)(5)."""
    for number, message in enumerate(post.parsed(LETTERS // 20), 1):
        for subtype in ("plain", "html"):
            text = body_of(message, subtype)
            words = " ".join(text.split())

            assert "1 Quay Street, Bristol BS1 4DJ, United Kingdom" in words
            assert "River Trust" in words
            assert f"{PUBLIC_URL}/u/{signing.token(KEY, 'unsubscribe', number)}" in text
            assert f"{PUBLIC_URL}/p/{signing.token(KEY, 'preferences', number)}" in text


def test_nobody_is_watched(post: Post) -> None:
    """Pictures come from the organisation's own host, and none is the size of a dot."""
    for message in post.parsed(LETTERS // 10):
        html = body_of(message, "html")
        pictures = re.findall(r"<img\b[^>]*>", html)
        hosts = {urlsplit(address).hostname for address in re.findall(r"""\bsrc=["']([^"']+)""", html)}

        assert pictures
        assert hosts == {"news.rivertrust.example"}
        assert not any(re.search(r'\b(?:width|height)="[01]"', picture) for picture in pictures)


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
@pytest.mark.parametrize(
    "column", ["first_name", "name", "to", "subject", "message_id", "unsubscribe_url", "date"]
)
def test_no_column_can_write_a_field_of_its_own(post: Post, column: str, control: str) -> None:
    """Every line end that some program knows, in every column that may reach the header."""
    evil = f"Asha{control}Bcc: everybody@example.org{control}{control}<p>body</p>"
    raw = post.writer.write(Delivery(1, "e1", 1, "a@example.org", 1, {column: evil}), NOW).message
    head = raw.partition(b"\r\n\r\n")[0]
    message = email.message_from_bytes(raw, policy=email.policy.default)

    assert set(message.keys()) == FIELDS
    assert len(message.keys()) == len(FIELDS)
    assert not re.search(rb"(?m)^Bcc", raw)
    assert not re.search(rb"[^\r\n -~]", head)
    assert head.count(b"\n") == head.count(b"\r") == head.count(b"\r\n")
