"""Short ways to send a window to the relay of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from newsletter.mail.base import OutgoingLetter
from newsletter.mail.smtp import Smtp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.errors import DeliveryError
    from newsletter.model import Receipt

    class Server(Protocol):
        """What listens on a port of this machine."""

        port: int


MESSAGE = b"From: news@rivertrust.example\r\nTo: you\r\nSubject: Otters\r\n\r\nThey are back.\r\n"


def letter(recipient: str = "asha@example.org", message: bytes = MESSAGE) -> OutgoingLetter:
    """Return a letter for one person."""
    return OutgoingLetter(
        key=recipient,
        sender="news@rivertrust.example",
        recipient=recipient,
        message=message,
    )


def transport(server: Server, **settings: Any) -> Smtp:
    """Return a transport that leads to the server."""
    given: dict[str, Any] = {
        "host": "127.0.0.1",
        "tls": "none",
        "timeout_s": 10,
        "reply_timeout_s": 10,
        "local_hostname": "studio.example",
    }
    return Smtp(name="main", port=server.port, **(given | settings))


def send(
    server: Server, *letters: OutgoingLetter, **settings: Any
) -> Sequence[Receipt | DeliveryError | None]:
    """Send one window over a connection of its own."""
    session = transport(server, **settings).connect()
    try:
        return session.send(letters)
    finally:
        session.close()


def people(count: int) -> list[OutgoingLetter]:
    """Return letters for so many people."""
    return [letter(f"reader{number}@example.org") for number in range(count)]


def kinds(outcomes: Sequence[Receipt | DeliveryError | None]) -> list[type]:
    """Return the classes of outcomes."""
    return [type(outcome) for outcome in outcomes]
