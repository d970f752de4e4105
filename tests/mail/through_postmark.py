"""Short ways to send a window to the fake of Postmark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from newsletter.mail.postmark import Postmark
from newsletter.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.errors import DeliveryError
    from newsletter.mail.base import OutgoingLetter
    from newsletter.model import Receipt
    from tests.mail.fake_postmark import FakePostmark


def transport(api: FakePostmark, **settings: Any) -> Postmark:
    """Return a transport that leads to the fake."""
    token = Secret("env", "POSTMARK_TOKEN", where="config.toml:5 (token)")
    given: dict[str, Any] = {"url": api.url, "timeout_s": 10}
    return Postmark(name="main", token=token, **(given | settings))


def send(
    api: FakePostmark, *letters: OutgoingLetter, **settings: Any
) -> Sequence[Receipt | DeliveryError | None]:
    """Send one window over a session of its own."""
    session = transport(api, **settings).connect()
    try:
        return session.send(letters)
    finally:
        session.close()
