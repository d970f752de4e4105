"""Amazon SES: keys and where they are found, settings, and what the account may do."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.errors import ConfigError, RefusedSenderError, TransientError
from newsletter.secret import Secret
from tests.mail.fake_ses import KEY_ID, SECRET, FakeSes
from tests.mail.through_ses import forget_own_aws, letter, outcome_of, send, transport

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


def test_a_wrong_secret_makes_a_signature_that_is_refused(
    api: FakeSes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fake works the signature out by itself; the secret is in no message."""
    monkeypatch.setenv("RIVER_SECRET", "another-secret-88")

    with pytest.raises(RefusedSenderError, match=r"InvalidSignature.*check the access key") as caught:
        send(api.url, letter())
    assert "another-secret-88" not in str(caught.value)
    assert api.taken == []


@pytest.mark.parametrize(
    "settings",
    [{"region": "us-east-1"}, {"access_key_id": Secret("env", "HOME")}, {"configuration_set": "gone"}],
)
def test_settings_of_another_account_are_refused(api: FakeSes, settings: dict[str, Any]) -> None:
    """Each of them is for a person to mend."""
    with pytest.raises(RefusedSenderError):
        send(api.url, letter(), **settings)
    assert api.taken == []


OWN_KEYS = {"access_key_id": None, "secret_access_key": None}


def test_keys_are_found_where_aws_programs_look(
    api: FakeSes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Environment, with and without a session token, and a profile."""
    keys = f"aws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n"
    (tmp_path / "aws-credentials").write_text(f"[river]\n{keys}", encoding="utf-8")
    send(api.url, letter(), profile="river", **OWN_KEYS)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    send(api.url, letter(), **OWN_KEYS)
    api.token = "for-an-hour"
    assert isinstance(outcome_of(api.url, **OWN_KEYS), RefusedSenderError)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "for-an-hour")
    send(api.url, letter(), **OWN_KEYS)

    assert len(api.taken) == 3


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (OWN_KEYS, "there are no AWS credentials; set access_key_id"),
        ({**OWN_KEYS, "profile": "nobody"}, r"profile \(nobody\) could not be found"),
        ({**OWN_KEYS, "profile": "broken"}, "Error when retrieving credentials"),
        ({"region": "somewhere in Ireland"}, "must look like 'eu-west-1'"),
    ],
)
def test_connect_says_what_is_missing(settings: dict[str, Any], why: str, tmp_path: Path) -> None:
    """Before a letter is marked as on its way."""
    (tmp_path / "aws-config").write_text("[profile broken]\ncredential_process = false\n", encoding="utf-8")

    with pytest.raises(RefusedSenderError, match=why) as caught:
        transport("", **settings).connect()
    assert caught.value.where.startswith("email.")


def test_without_boto3_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The base installation goes without its 27 MB."""
    monkeypatch.setitem(sys.modules, "boto3", None)

    with pytest.raises(ConfigError, match=r"pip install 'newsletter-studio\[ses\]'"):
        transport("").connect()


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"secret_access_key": None}, "belong together"),
        ({"profile": "river"}, "not both"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"endpoint_url": "http://ses.example"}, "must look like"),
        ({"endpoint_url": "ses.example"}, "must look like"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], why: str) -> None:
    """When config.toml is read, not when the edition is due."""
    with pytest.raises(ValueError, match=why):
        transport("", **settings)


def test_check_says_what_the_account_may_do(api: FakeSes) -> None:
    """In plain words, with the setting that keeps us below the rate; nothing is sent."""
    line = transport(api.url).check()

    assert line == (
        "may send from eu-west-1; 1,234 of 50,000 letters used in 24 hours, 48,766 left; "
        "14 letters a second at most; set per_second = 14 in config.toml"
    )
    assert "per_second" not in transport(api.url, per_second=14).check()
    assert api.taken == []


def test_check_says_that_the_account_is_in_the_sandbox_or_under_review(api: FakeSes) -> None:
    """Both are found out before the edition goes."""
    api.account |= {
        "ProductionAccessEnabled": False,
        "EnforcementStatus": "PROBATION",
        "SendQuota": {"Max24HourSend": -1.0, "SentLast24Hours": 7.0},
    }

    line = transport(api.url).check()

    assert "in the SES sandbox; ask AWS" in line
    assert "under review" in line
    assert "7 letters in 24 hours, no limit" in line


@pytest.mark.parametrize("account", [{"SendingEnabled": False}, {"EnforcementStatus": "SHUTDOWN"}])
def test_check_fails_when_sending_is_paused(api: FakeSes, account: dict[str, Any]) -> None:
    """It would not work now."""
    api.account |= account

    with pytest.raises(RefusedSenderError, match="sending is paused"):
        transport(api.url).check()


def test_check_knows_a_wrong_key_and_a_service_that_is_down(
    api: FakeSes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking is harmless, so a lost answer is no riddle."""
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(TransientError, match="did not come in time"),
    ):
        transport(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.2).check()
    monkeypatch.setenv("RIVER_SECRET", "another-secret-88")
    with pytest.raises(RefusedSenderError, match="check the access key"):
        transport(api.url).check()
