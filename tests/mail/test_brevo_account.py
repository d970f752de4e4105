"""Brevo: the account and its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter.errors import ConfigError, RefusedSenderError
from newsletter.mail.brevo import Brevo
from newsletter.secret import Secret
from tests.mail.api_faults import Fault, told
from tests.mail.fake_brevo import KEY, FakeBrevo
from tests.mail.field_letters import letter
from tests.mail.through_brevo import send, transport

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBrevo]:
    """Return a server that must have understood everything in the end."""
    monkeypatch.setenv("BREVO_KEY", KEY)
    with FakeBrevo() as running:
        yield running
    assert running.problems == []


def test_an_account_is_described(api: FakeBrevo) -> None:
    """Staff see whose account the key belongs to, and whether the edition fits into the plan."""
    line = "River Trust (office@rivertrust.example), 300 letters left (free)"
    assert transport(api).check() == line


def test_an_account_that_cannot_send_yet_is_told(api: FakeBrevo) -> None:
    """Brevo activates the sending of mail by hand."""
    api.account["relay"]["enabled"] = False
    with pytest.raises(RefusedSenderError, match="not activated"):
        transport(api).check()


def test_a_revoked_key_is_our_trouble_and_stays_hidden(
    api: FakeBrevo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The edition is held; the key is in no message."""
    monkeypatch.setenv("BREVO_KEY", "revoked-key")
    with pytest.raises(RefusedSenderError, match="Key not found; the key is wrong") as checked:
        transport(api).check()
    with pytest.raises(RefusedSenderError) as sent:
        send(api, letter())
    assert "revoked-key" not in f"{checked.value!r} {sent.value!r}"


def test_a_key_that_brevo_repeats_is_hidden(api: FakeBrevo) -> None:
    """Whatever the service says, the key is not in our words."""
    api.faults = [Fault(told(400, {"code": "bad_request", "message": f"what is {KEY}?"}))]
    with pytest.raises(RefusedSenderError) as caught:
        send(api, letter())
    assert KEY not in repr(caught.value)


def test_a_missing_key_is_a_mistake_in_the_settings(api: FakeBrevo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is claimed."""
    monkeypatch.delenv("BREVO_KEY")
    with pytest.raises(ConfigError, match="BREVO_KEY"):
        transport(api).connect()


def test_settings_that_cannot_work_are_refused() -> None:
    """A key never travels in the open; a request takes 1000 letters."""
    key = Secret("env", "X")
    with pytest.raises(ValueError, match="must look like"):
        Brevo(name="main", key=key, url="http://api.brevo.com/v3")
    with pytest.raises(ValueError, match="at most 1000"):
        Brevo(name="main", key=key, window=1001)
    with pytest.raises(ValueError, match="timeout_s"):
        Brevo(name="main", key=key, timeout_s=0)
