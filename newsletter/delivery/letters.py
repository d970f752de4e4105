"""Write one person's letter from the compiled one."""

from __future__ import annotations

from email.utils import parseaddr
from typing import TYPE_CHECKING

from newsletter.audience import signing
from newsletter.editions import compiled, headers
from newsletter.mail.base import OutgoingLetter

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.editions.edition import Edition
    from newsletter.outbox.window import Delivery


class LetterWriter:
    """Everything of an edition's letters that is the same for everybody, worked out once."""

    def __init__(self, edition: Edition, *, signing_key: bytes, public_url: str) -> None:
        """Prepare the letters of an edition; ``public_url`` is where its links lead."""
        self._edition = edition
        self._key = signing_key
        self._public_url = public_url.rstrip("/")
        self._sender = headers.ascii_address(parseaddr(edition.sender)[1])
        self._domain = headers.domain_of(edition.sender)

    def write(self, delivery: Delivery, now: datetime) -> OutgoingLetter:
        """Return the letter of one delivery; only its Date differs from one attempt to the next.

        Raises:
            ConfigError: the address is not one.
        """
        message_id = headers.message_id(self._key, self._edition.id, delivery.recipient, self._domain)
        values = {
            **delivery.values,
            "email": delivery.recipient,
            "unsubscribe_url": self._link("u", "unsubscribe", delivery.id),
            "preferences_url": self._link("p", "preferences", delivery.id),
            "view_url": self._link("v", "view", delivery.id),
            "to": headers.mailbox(delivery.values.get("name", ""), delivery.recipient),
            "date": headers.date_line(now),
            "message_id": message_id,
        }
        return OutgoingLetter(
            key=delivery.key,
            sender=self._sender,
            recipient=delivery.recipient,
            message=compiled.fill(self._edition.letter, values),
            message_id=message_id,
        )

    def _link(self, page: str, purpose: signing.Purpose, delivery_id: int) -> str:
        return f"{self._public_url}/{page}/{signing.token(self._key, purpose, delivery_id)}"
