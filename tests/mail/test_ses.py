"""Letters through Amazon SES: a strict fake that loses answers, and moto's server for a second opinion."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
import pytest
from moto.server import ThreadedMotoServer

from newsletter.delivery.dkim import signer_of
from newsletter.errors import PermanentError, RefusedSenderError
from newsletter.mail.ses.session import MAX_BYTES
from newsletter.model import Receipt
from tests.delivery.domain_keys import DomainKeys
from tests.mail.api_faults import Fault
from tests.mail.fake_ses import KEY_ID, REGION, SECRET, FakeSes, refused
from tests.mail.through_ses import MESSAGE, forget_own_aws, letter, letters, outcome_of, send, transport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_aws_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing of this machine's AWS configuration into a test."""
    forget_own_aws(monkeypatch, tmp_path)


@pytest.fixture
def api() -> Iterator[FakeSes]:
    """Return an SES that answers."""
    with FakeSes() as running:
        yield running


def test_a_letter_arrives_byte_for_byte_with_its_key_and_a_way_back(api: FakeSes) -> None:
    """The fake checks the signature and every field against the service's own model."""
    (receipt,) = send(api.url, letter(), configuration_set="newsletters")

    (taken,) = api.taken
    assert receipt == Receipt("0102018f-00000001-000000", reply="200 accepted as 0102018f-00000001-000000")
    assert taken.message == MESSAGE
    assert (taken.recipient, taken.bounces_to) == ("asha@example.org", "bounces@rivertrust.example")
    assert taken.tags == {"newsletter-delivery": "e1-1"}
    assert taken.configuration_set == "newsletters"


def test_nothing_is_said_that_would_write_over_the_senders_name(api: FakeSes) -> None:
    """SES takes FromEmailAddress for the whole From line."""
    send(api.url, letter())

    assert b'FromEmailAddress"' not in api.asked[0].body


def test_a_key_with_other_characters_still_makes_a_tag(api: FakeSes) -> None:
    """A tag has ASCII letters, digits, _ and - only."""
    send(api.url, letter("édition 7/é:" + "x" * 300))

    (tag,) = api.taken[0].tags.values()
    assert tag.startswith("_dition_7___x")
    assert len(tag) == 256


def test_our_signature_outlives_what_ses_writes_anew(api: FakeSes, tmp_path: Path) -> None:
    """Date and Message-ID are replaced on the way, so neither is covered."""
    keys = DomainKeys(tmp_path)
    signer = signer_of(keys.settings, unsigned=transport(api.url).replaced_headers)
    assert signer is not None
    send(api.url, letter(message=signer.sign(MESSAGE, datetime(2026, 3, 2, 9, tzinfo=UTC))))

    taken = api.taken[0].message
    arrived = taken.replace(b"09:00:00", b"09:01:17").replace(b"<k7@rivertrust", b"<0102018f@email.amazonses")
    assert arrived.count(b"09:01:17") == arrived.count(b"<0102018f@") == 1
    assert keys.verdicts(arrived) == [True, True]


def test_a_window_goes_out_in_its_order(api: FakeSes) -> None:
    """One request per letter, one receipt per letter."""
    outcomes = send(api.url, *letters(5))

    assert [taken.recipient for taken in api.taken] == [f"reader{number}@example.org" for number in range(5)]
    assert len({outcome.remote_id for outcome in outcomes if isinstance(outcome, Receipt)}) == 5


def test_one_letter_that_is_refused_does_not_stop_the_others(api: FakeSes) -> None:
    """A recipient's fault is nobody else's."""
    api.faults = [None, Fault(refused(400, "MessageRejected", "invalid content")), None]

    outcomes = send(api.url, *letters(3))

    assert [type(outcome) for outcome in outcomes] == [Receipt, PermanentError, Receipt]


@pytest.mark.parametrize("recipient", ["ásha@example.org", "asha", "a b@example.org"])
def test_an_address_that_ses_cannot_carry_is_refused_before_the_call(api: FakeSes, recipient: str) -> None:
    """SES has no SMTPUTF8; the others get theirs."""
    first, second = send(api.url, letter(recipient=recipient), letter("e1-2"))

    assert isinstance(first, PermanentError)
    assert not isinstance(first, RefusedSenderError)
    assert isinstance(second, Receipt)
    assert len(api.asked) == 1


def test_a_letter_beyond_40_megabytes_is_held_before_the_call(api: FakeSes) -> None:
    """Everybody's letter is as big as the first."""
    with pytest.raises(RefusedSenderError, match=r"SES takes 41943040; make it smaller"):
        send(api.url, letter(message=MESSAGE + b"x" * MAX_BYTES), letter("e1-2"))
    assert api.asked == []


@pytest.mark.parametrize(
    "message", [MESSAGE.replace(b"Subject", b"Object"), MESSAGE.replace(b"=20\r", b"\n")]
)
def test_the_fake_refuses_what_is_not_a_message(api: FakeSes, message: bytes) -> None:
    """A fake that takes everything would prove nothing."""
    outcome = outcome_of(api.url, letter(message=message))

    assert isinstance(outcome, PermanentError)
    assert "not a message" in outcome.why
    assert api.taken == []


def test_a_sender_that_is_not_verified_holds_the_edition(api: FakeSes) -> None:
    """Also when it is only the address that bounces go to."""
    with pytest.raises(RefusedSenderError, match="verify the sender's domain"):
        send(api.url, letter(sender="bounces@elsewhere.example"))
    api.verified.clear()
    with pytest.raises(RefusedSenderError, match="verify the sender's domain"):
        send(api.url, letter())


def test_nothing_of_a_letter_or_a_key_is_logged(api: FakeSes, caplog: pytest.LogCaptureFixture) -> None:
    """A debug log is shown to others."""
    caplog.set_level(logging.DEBUG)

    send(api.url, letter())

    assert SECRET not in caplog.text
    assert "asha@example.org" not in caplog.text
    assert "Signature=" not in caplog.text


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    """Return the address of moto's SES, where rivertrust.example is verified."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


@pytest.fixture
def verified_at_moto(moto_url: str) -> None:
    """Verify the sender's domain."""
    client = boto3.client(
        "sesv2",
        region_name=REGION,
        endpoint_url=moto_url,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
    )
    client.create_email_identity(EmailIdentity="rivertrust.example")
    client.close()


@pytest.mark.usefixtures("verified_at_moto")
def test_moto_takes_letters_of_a_verified_sender(moto_url: str) -> None:
    """Another program's idea of SES."""
    outcomes = send(moto_url, *letters(3))

    assert len({outcome.remote_id for outcome in outcomes if isinstance(outcome, Receipt)}) == 3


@pytest.mark.usefixtures("verified_at_moto")
def test_moto_refuses_a_sender_that_is_not_verified(moto_url: str) -> None:
    """The edition is held."""
    message = MESSAGE.replace(b"news@rivertrust.example", b"news@elsewhere.example")

    with pytest.raises(RefusedSenderError, match="verify the sender's domain"):
        send(moto_url, letter(message=message))
