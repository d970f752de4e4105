"""Short ways to send a window to the fake of Brevo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from newsletter.mail.brevo import Brevo
from newsletter.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.errors import DeliveryError
    from newsletter.mail.base import OutgoingLetter
    from newsletter.model import Receipt
    from tests.mail.fake_brevo import FakeBrevo


def transport(api: FakeBrevo, **settings: Any) -> Brevo:
    """Return a transport that leads to the fake."""
    key = Secret("env", "BREVO_KEY", where="config.toml:5 (key)")
    given: dict[str, Any] = {"url": api.url, "timeout_s": 10}
    return Brevo(name="main", key=key, **(given | settings))


def send(
    api: FakeBrevo, *letters: OutgoingLetter, **settings: Any
) -> Sequence[Receipt | DeliveryError | None]:
    """Send one window over a session of its own."""
    session = transport(api, **settings).connect()
    try:
        return session.send(letters)
    finally:
        session.close()
