"""A test copy is the real letter, marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pytest

from newsletter.delivery.proof import send_proofs
from newsletter.errors import ConfigError
from newsletter.mail.base import MailTransport, OutgoingLetter, written
from newsletter.model import Receipt
from tests.delivery.domain_keys import DomainKeys
from tests.delivery.studio import opened, write_config
from tests.editions.sample_letter import letter_of, parse
from tests.outbox.audience import edition_in, subscribe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from newsletter.app import App

DKIM = """\
[dkim]
domain = "rivertrust.example"
selector = "autumn"
key = { file = "rsa.pem" }
ed25519_selector = "autumn-ed"
ed25519_key = { file = "ed.pem" }
"""


@dataclass(frozen=True)
class Catcher(MailTransport):
    """A transport that keeps what it is given."""

    caught: ClassVar[list[OutgoingLetter]] = []

    def connect(self) -> Catcher:
        """Start anew."""
        self.caught.clear()
        return self

    def send(self, window: Sequence[OutgoingLetter]) -> Sequence[Receipt]:
        """Keep the letters."""
        self.caught.extend(window)
        return [Receipt(reply="250 ok") for _ in window]

    def close(self) -> None:
        """Keep them still."""


class FieldCatcher(Catcher):
    """One that wants fields."""

    takes_fields: ClassVar[bool] = True


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Return a workspace whose letters are signed and caught."""
    write_config(tmp_path, sending='bounce_address = "bounces@rivertrust.example"\n' + DKIM)
    with opened(tmp_path) as app:
        vars(app)["transports"] = (Catcher(name="main"),)
        yield app


def test_a_test_copy_is_marked_signed_and_goes_nowhere_in_particular(app: App, tmp_path: Path) -> None:
    """Its bounces come to the sender, its links belong to nobody."""
    keys = DomainKeys(tmp_path)
    edition = edition_in(tmp_path, letter=letter_of())
    subscribe(app.database, 1)

    results = send_proofs(app, edition, ["reader0@example.org", "me@example.org"])

    first, second = Catcher.caught
    assert [result["state"] for result in results] == ["sent", "sent"]
    assert str(parse(first.message)["Subject"]) == "[Proof] Asha, the otters are back"
    assert str(parse(second.message)["Subject"]) == "[Proof] friend & <co>, the otters are back"
    assert keys.verdicts(first.message) == [True, True]
    assert first.sender == "news@rivertrust.example"
    assert parse(first.message)["List-Unsubscribe"] == "<https://news.rivertrust.example/u/sample>"
    assert first.message_id == parse(first.message)["Message-ID"] != second.message_id
    assert first.key != second.key
    assert all(len(line) <= 78 for line in first.message.partition(b"\r\n\r\n")[0].split(b"\r\n"))


def test_a_test_copy_as_fields_is_marked_too(app: App, tmp_path: Path) -> None:
    """The service signs; so must the subject say what it is."""
    vars(app)["transports"] = (FieldCatcher(name="main"),)

    for number, subject in enumerate(("Otters are back", "Otters, NAME")):
        edition = edition_in(tmp_path / str(number), letter=letter_of(subject=subject))
        send_proofs(app, edition, ["me@example.org"])

        (letter,) = Catcher.caught
        assert letter.template is not None
        assert (
            written(letter.template.subject, letter.values.__getitem__)
            == (("[Proof] Otters are back", "[Proof] Otters, friend & <co>")[number])
        )
        assert b"DKIM-Signature" not in letter.message


def test_a_key_that_is_not_there_stops_a_test_copy(app: App, tmp_path: Path) -> None:
    """As it would stop the letters."""
    with pytest.raises(
        ConfigError, match=r"config.toml:\d+ \(dkim.key\): the secret file rsa.pem cannot be read"
    ):
        send_proofs(app, edition_in(tmp_path), ["me@example.org"])
