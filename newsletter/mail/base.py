"""What every mail transport promises.

A transport is a frozen dataclass in a file of its own; the file's name is its
``type`` in config.toml and its fields are its settings. It holds no state: the
state of a connection lives in the session that `MailTransport.connect` opens.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from newsletter.tomlfile import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.errors import DeliveryError
    from newsletter.model import Receipt


@dataclass(frozen=True)
class OutgoingLetter:
    """One letter for one person, ready for the wire."""

    key: str
    """Identity of the delivery; the same on every attempt."""
    sender: str
    """Envelope sender, a bare address."""
    recipient: str
    """Envelope recipient, a bare address."""
    message: bytes
    """The whole MIME message with CRLF line ends, not dot-stuffed."""
    message_id: str = ""
    """Value of the Message-ID header, angle brackets included; the same on every attempt."""


class MailSession(Protocol):
    """An open connection to one transport, used by one thread."""

    def send(self, window: Sequence[OutgoingLetter]) -> Sequence[Receipt | DeliveryError]:
        """Send every letter of the window; return one outcome each, in the order given.

        Never raises for one letter. When the connection dies, letters that
        were not handed over are `TransientError`, those whose answer is
        missing are `UnknownOutcomeError`.

        Raises:
            RefusedSenderError: the service refuses us (login, TLS, policy), nothing of the window was sent.
            TransientError: the service cannot be reached, nothing of the window was sent.
        """

    def close(self) -> None:
        """End the connection; never raises."""


@dataclass(frozen=True)
class MailTransport(Table, ABC):
    """One way to send letters."""

    name: str
    """What the channel is called in reports."""

    @abstractmethod
    def connect(self) -> MailSession:
        """Open a session.

        Raises:
            RefusedSenderError: login or TLS was refused.
            TransientError: the service cannot be reached now.
        """
