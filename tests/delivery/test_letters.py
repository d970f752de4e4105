"""One person's letter."""

from __future__ import annotations

import email
import email.policy
from typing import TYPE_CHECKING

import pytest

from newsletter.audience import signing
from newsletter.delivery.letters import LetterWriter
from newsletter.errors import ConfigError
from newsletter.outbox.window import Delivery
from tests.outbox.audience import NOW, edition_in, later

if TYPE_CHECKING:
    from pathlib import Path

KEY = b"k" * 32


@pytest.fixture
def writer(tmp_path: Path) -> LetterWriter:
    """Return the writer of a small edition."""
    return LetterWriter(edition_in(tmp_path), signing_key=KEY, public_url="https://news.rivertrust.example/")


def delivery(recipient: str = "asha@example.org", **values: str) -> Delivery:
    """Return a delivery."""
    return Delivery(7, "e1", 1, recipient, 1, values)


def test_a_letter_is_addressed_to_its_person(writer: LetterWriter) -> None:
    """Name, date, identity and a link of its own."""
    letter = writer.write(delivery(name="Rao, Asha", first_name="Asha"), NOW)
    parsed = email.message_from_bytes(letter.message, policy=email.policy.default)

    assert parsed["To"] == '"Rao, Asha" <asha@example.org>'
    assert parsed["Date"] == "Mon, 04 May 2026 09:30:00 +0000"
    assert parsed["Message-ID"] == letter.message_id
    assert letter.message_id.endswith("@rivertrust.example>")
    token = signing.token(KEY, "unsubscribe", 7)
    assert parsed["List-Unsubscribe"] == f"<https://news.rivertrust.example/u/{token}>"
    assert "Asha" in parsed.get_content()
    assert (letter.sender, letter.recipient, letter.key) == (
        "news@rivertrust.example",
        "asha@example.org",
        "e1-7",
    )


def test_a_person_without_a_name_is_greeted_all_the_same(writer: LetterWriter) -> None:
    """The fallback stands in."""
    assert b"friend" in writer.write(delivery(), NOW).message


def test_only_the_date_differs_between_attempts(writer: LetterWriter) -> None:
    """So that a mailbox can drop the twin of a letter that was sent again."""
    first, second = writer.write(delivery(), NOW), writer.write(delivery(), later(hours=1))

    assert first.message_id == second.message_id
    assert first.message.replace(b"09:30", b"10:30") == second.message


def test_no_two_people_share_an_identity(writer: LetterWriter) -> None:
    """Nor can an address be read from it."""
    one, other = writer.write(delivery("a@example.org"), NOW), writer.write(delivery("b@example.org"), NOW)

    assert one.message_id != other.message_id
    assert "a@example.org" not in one.message_id


def test_imported_columns_cannot_take_the_place_of_ours(writer: LetterWriter) -> None:
    """A spreadsheet may well have a column called "to"."""
    sly = delivery(unsubscribe_url="https://evil.example", to="x@evil.example", message_id="<x>")

    assert b"evil" not in writer.write(sly, NOW).message


def test_an_address_that_is_none_is_said_so(writer: LetterWriter) -> None:
    """One bad row costs one letter."""
    with pytest.raises(ConfigError):
        writer.write(delivery("a@-bad-é-.example"), NOW)
