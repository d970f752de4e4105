"""Short ways to send a window to a server that speaks the API of Amazon SES."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from newsletter.errors import DeliveryError
from newsletter.mail.base import OutgoingLetter
from newsletter.mail.ses import Ses
from newsletter.secret import Secret
from tests.mail.fake_ses import KEY_ID, REGION, SECRET

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

    from newsletter.model import Receipt

MESSAGE = (
    b"From: River Trust <news@rivertrust.example>\r\nTo: Asha <asha@example.org>\r\n"
    b"Subject: Otters\r\nDate: Mon, 02 Mar 2026 09:00:00 +0000\r\nMessage-ID: <k7@rivertrust.example>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nThey are back.=20\r\n"
)


def forget_own_aws(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let nothing of this machine's AWS configuration into a test; what it has is in files of ``folder``."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "aws-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("RIVER_KEY_ID", KEY_ID)
    monkeypatch.setenv("RIVER_SECRET", SECRET)


def transport(url: str, **settings: Any) -> Ses:
    """Return a transport with keys of its own that leads to a server."""
    given: dict[str, Any] = {
        "region": REGION,
        "endpoint_url": url,
        "timeout_s": 10,
        "access_key_id": Secret("env", "RIVER_KEY_ID"),
        "secret_access_key": Secret("env", "RIVER_SECRET"),
    }
    return Ses(name="main", **(given | settings))


def letter(key: str = "e1-1", **settings: Any) -> OutgoingLetter:
    """Return a letter for one person."""
    facts = {"sender": "bounces@rivertrust.example", "recipient": "asha@example.org", "message": MESSAGE}
    return OutgoingLetter(key=key, **(facts | settings))


def letters(count: int) -> list[OutgoingLetter]:
    """Return so many letters."""
    return [letter(f"e1-{number}", recipient=f"reader{number}@example.org") for number in range(count)]


def send(url: str, *window: OutgoingLetter, **settings: Any) -> Sequence[Receipt | DeliveryError | None]:
    """Send one window over a session of its own."""
    session = transport(url, **settings).connect()
    try:
        return session.send(window)
    finally:
        session.close()


def outcome_of(url: str, outgoing: OutgoingLetter | None = None, **settings: Any) -> Any:
    """Return what becomes of one letter, whether it is returned or raised."""
    try:
        (outcome,) = send(url, outgoing or letter(), **settings)
    except DeliveryError as error:
        return error
    return outcome
