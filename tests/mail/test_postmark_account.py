"""Postmark: the account, its settings, and what it knows about letters in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter.errors import ConfigError, RefusedSenderError
from newsletter.mail.postmark import Postmark
from newsletter.model import Receipt
from newsletter.secret import Secret
from tests.mail.api_faults import LOST
from tests.mail.fake_postmark import TOKEN, FakePostmark
from tests.mail.field_letters import letter
from tests.mail.through_postmark import send, transport

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePostmark]:
    """Return a server that must have understood everything in the end."""
    monkeypatch.setenv("POSTMARK_TOKEN", TOKEN)
    with FakePostmark() as running:
        yield running
    assert running.problems == []


def test_an_account_is_described(api: FakePostmark) -> None:
    """Staff see which server the token belongs to."""
    assert transport(api).check() == "server River Trust, message stream broadcast"


def test_surprises_of_an_account_are_told(api: FakePostmark) -> None:
    """A sandbox delivers nothing; two unsubscribe links confuse readers."""
    api.server["DeliveryType"] = "Sandbox"
    api.unsubscribes = "Postmark"

    line = transport(api).check()

    assert "sandbox" in line
    assert "unsubscribe link of its own" in line


def test_a_wrong_stream_is_named(api: FakePostmark) -> None:
    """The setting to mend is in the message."""
    with pytest.raises(RefusedSenderError, match="no message stream 'brodcast'"):
        transport(api, stream="brodcast").check()


def test_a_revoked_token_is_our_trouble_and_stays_hidden(
    api: FakePostmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The edition is held; the token is in no message."""
    monkeypatch.setenv("POSTMARK_TOKEN", "revoked-token")
    with pytest.raises(RefusedSenderError) as checked:
        transport(api).check()
    with pytest.raises(RefusedSenderError) as sent:
        send(api, letter())
    assert "revoked-token" not in f"{checked.value!r} {sent.value!r}"


def test_a_missing_token_is_a_mistake_in_the_settings(
    api: FakePostmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is claimed."""
    monkeypatch.delenv("POSTMARK_TOKEN")
    with pytest.raises(ConfigError, match="POSTMARK_TOKEN"):
        transport(api).connect()


def test_letters_in_doubt_are_found_in_the_activity(api: FakePostmark) -> None:
    """Evidence resolves what a lost answer left open, one way or not at all."""
    api.faults = [LOST["dropped after accepting"], LOST["dropped after reading"]]
    send(api, letter(1))
    send(api, letter(2))

    found = transport(api).look_up([letter(1).message_id, letter(2).message_id])

    assert found == {letter(1).message_id: Receipt("pm-1", reply="Sent")}


def test_the_activity_of_another_stream_is_no_evidence(api: FakePostmark) -> None:
    """The search looks where the letters went."""
    send(api, letter(1), stream="outbound")

    assert transport(api).look_up([letter(1).message_id]) == {}


@pytest.mark.parametrize(
    "url", ["http://api.postmarkapp.com", "api.postmarkapp.com", "https://a b", "https://x?y"]
)
def test_a_token_never_travels_in_the_open(url: str) -> None:
    """Only https leaves the machine."""
    with pytest.raises(ValueError, match="must look like"):
        Postmark(name="main", token=Secret("env", "X"), url=url)


def test_a_window_that_is_too_large_is_refused() -> None:
    """Postmark takes 500 messages."""
    with pytest.raises(ValueError, match="at most 500"):
        Postmark(name="main", token=Secret("env", "X"), window=501)
    with pytest.raises(ValueError, match="timeout_s"):
        Postmark(name="main", token=Secret("env", "X"), timeout_s=0)
