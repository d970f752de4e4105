"""One person's letter."""

from __future__ import annotations

import email
import email.policy
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter import config
from newsletter.audience import signing
from newsletter.audience.bounce_address import read_bounce_address
from newsletter.delivery.letters import LetterWriter, writer_for
from newsletter.errors import ConfigError
from newsletter.mail.base import written
from newsletter.mail.folder import Folder
from newsletter.outbox.window import Delivery
from newsletter.workspace import Workspace
from tests.delivery.domain_keys import DomainKeys
from tests.delivery.studio import write_config
from tests.editions.sample_letter import VALUES, content, letter_of, parse
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


@pytest.fixture(scope="module")
def fields_writer(tmp_path_factory: pytest.TempPathFactory) -> LetterWriter:
    """Return the writer of letters as fields, with tags in every kind of place."""
    edition = edition_in(tmp_path_factory.mktemp("fields"), letter=letter_of())
    return LetterWriter(edition, signing_key=KEY, public_url="https://news.rivertrust.example", fields=True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(attributes=st.dictionaries(st.sampled_from(["first_name", "name", "email", "to"]), VALUES))
def test_a_letter_as_fields_says_what_its_message_says(
    fields_writer: LetterWriter, attributes: dict[str, str]
) -> None:
    """One template for all, this person's texts beside it."""
    letter = fields_writer.write(delivery(**attributes), NOW)
    message = parse(letter.message)

    assert letter.template is not None
    assert letter.template is fields_writer.write(delivery("b@example.org"), NOW).template
    read = letter.values.__getitem__
    assert written(letter.template.subject, read) == message["Subject"]
    assert written(letter.template.text, read) == content(message, "plain")
    assert written(letter.template.html, read) == content(message, "html")
    assert written(letter.template.headers["Message-ID"], read) == letter.message_id
    assert written(letter.template.headers["List-Unsubscribe"], read) == message["List-Unsubscribe"]


def test_letters_that_nobody_wants_as_fields_bring_none(writer: LetterWriter) -> None:
    """It would cost time for nothing; the name is known all the same."""
    letter = writer.write(delivery(name="Asha\r\n  Rao"), NOW)

    assert letter.template is None
    assert letter.values == {}
    assert letter.recipient_name == "Asha Rao"


def test_a_bounce_comes_back_to_an_address_that_names_the_delivery(tmp_path: Path) -> None:
    """Only the envelope has it; the From line is the same for everybody."""
    writer = LetterWriter(
        edition_in(tmp_path),
        signing_key=KEY,
        public_url="https://news.rivertrust.example",
        bounces="bounces@ríos.example",
    )

    letter = writer.write(delivery(), NOW)

    assert letter.sender.endswith("@xn--ros-rma.example")
    assert read_bounce_address(letter.sender, KEY) == 7
    assert b"bounces" not in letter.message
    assert letter.sender == writer.write(delivery(), later(days=1)).sender


def test_the_settings_of_the_workspace_and_the_transport_make_the_writer(tmp_path: Path) -> None:
    """Signed with its keys, unless the service writes the message or some of its fields."""

    class Rewriting(Folder):
        replaced_headers = frozenset({"date", "message-id"})

    class Taking(Folder):
        takes_fields = True

    keys = DomainKeys(tmp_path)
    write_config(
        tmp_path,
        sending='bounce_address = "bounces@rivertrust.example"\n[dkim]\ndomain = "rivertrust.example"\n'
        'selector = "autumn"\nkey = { file = "rsa.pem" }\n',
    )
    settings = config.load(Workspace(tmp_path)).config
    edition = edition_in(tmp_path)
    plain, rewriting, taking = (
        writer_for(edition, settings, kind(name="x", path=tmp_path), signing_key=KEY).write(delivery(), NOW)
        for kind in (Folder, Rewriting, Taking)
    )

    assert keys.verdicts(plain.message) == [True]
    assert keys.verdicts(rewriting.message.replace(b"09:30:00", b"10:00:00")) == [True]
    assert keys.verdicts(plain.message.replace(b"09:30:00", b"10:00:00")) == [False]
    assert keys.verdicts(taking.message) == []
    assert taking.template is not None
    assert read_bounce_address(plain.sender, KEY) == 7
