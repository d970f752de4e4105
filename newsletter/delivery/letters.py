"""Write one person's letter from the compiled one."""

from __future__ import annotations

from email.utils import make_msgid, parseaddr
from typing import TYPE_CHECKING, Final

from newsletter.audience import signing
from newsletter.audience.bounce_address import bounce_address
from newsletter.delivery.dkim import signer_of
from newsletter.editions import headers
from newsletter.editions.fields import Fields
from newsletter.editions.filling import Filler
from newsletter.mail.base import OutgoingLetter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from newsletter.config import Config
    from newsletter.delivery.dkim import Signer
    from newsletter.editions.edition import Edition
    from newsletter.mail.base import MailTransport
    from newsletter.outbox.window import Delivery

_LINKS: Final[tuple[tuple[str, str, signing.Purpose], ...]] = (
    ("unsubscribe_url", "u", "unsubscribe"),
    ("preferences_url", "p", "preferences"),
    ("view_url", "v", "view"),
)
"""Merge value, page it leads to, what its token may do."""


class LetterWriter:
    """Everything of an edition's letters that is the same for everybody, worked out once; for one thread."""

    def __init__(  # noqa: PLR0913 - what an edition's letters have in common
        self,
        edition: Edition,
        *,
        signing_key: bytes,
        public_url: str,
        bounces: str = "",
        signer: Signer | None = None,
        fields: bool = False,
    ) -> None:
        """Prepare the letters of an edition.

        Args:
            edition: what they are made of.
            signing_key: the installation's.
            public_url: where their links lead.
            bounces: the address whose variants undeliverable letters come back to; empty: the sender.
            signer: signs every letter; None leaves them unsigned.
            fields: letters bring their template.
        """
        self._edition_id = edition.id
        self._key = signing_key
        self._sender = headers.ascii_address(parseaddr(edition.sender)[1])
        self._domain = headers.domain_of(edition.sender)
        self._bounces = headers.ascii_address(bounces) if bounces else ""
        self._filler = Filler(edition.letter)
        asked, base = self._filler.names, public_url.rstrip("/")
        self._links = [(name, purpose, f"{base}/{page}/") for name, page, purpose in _LINKS if name in asked]
        self._fields = Fields(edition) if fields else None
        self._signer = signer
        self._second, self._date = -1, ""

    def write(self, delivery: Delivery, now: datetime) -> OutgoingLetter:
        """Return the letter of one delivery; only its Date differs from one attempt to the next.

        Raises:
            ConfigError: the address is not one.
        """
        number = delivery.id
        values = dict(delivery.values)
        for name, purpose, base in self._links:
            values[name] = base + signing.token(self._key, purpose, number)
        values["message_id"] = headers.message_id(
            self._key, self._edition_id, delivery.recipient, self._domain
        )
        sender = bounce_address(self._bounces, self._key, number) if self._bounces else self._sender
        return self._letter(delivery.recipient, values, now, key=delivery.key, sender=sender)

    def write_copy(
        self, recipient: str, values: Mapping[str, str], now: datetime, *, key: str
    ) -> OutgoingLetter:
        """Return a letter that is no delivery: its links are those in ``values``, it bounces to the sender.

        Raises:
            ConfigError: the address is not one.
        """
        own = {**values, "message_id": make_msgid(domain=self._domain)}
        return self._letter(recipient, own, now, key=key, sender=self._sender)

    def _letter(
        self, recipient: str, values: dict[str, str], now: datetime, *, key: str, sender: str
    ) -> OutgoingLetter:
        name = values.get("name", "")
        values["email"] = recipient
        values["to"] = headers.mailbox(name, recipient)
        values["date"] = self._date_line(now)
        message = self._filler.fill(values)
        if self._signer is not None:
            message = self._signer.sign(message, now)
        letter = (key, sender, recipient, message, values["message_id"], headers.single_spaced(name))
        if self._fields is None:
            return OutgoingLetter(*letter)
        return OutgoingLetter(*letter, self._fields.template, self._fields.values(values))

    def _date_line(self, now: datetime) -> str:
        """Return the Date of a moment; a window's letters share it."""
        if (second := int(now.timestamp())) != self._second:
            self._second, self._date = second, headers.date_line(now)
        return self._date


def writer_for(
    edition: Edition, config: Config, transport: MailTransport, *, signing_key: bytes
) -> LetterWriter:
    """Return the writer of an edition's letters as config.toml and the transport want them.

    Raises:
        ConfigError: a key of ``[dkim]`` cannot be used.
    """
    fields = transport.takes_fields
    return LetterWriter(
        edition,
        signing_key=signing_key,
        public_url=config.organisation.public_url,
        bounces=config.sending.bounce_address,
        # A service that takes fields writes the message itself, and signs what it has written.
        signer=None if fields else signer_of(config.dkim, unsigned=transport.replaced_headers),
        fields=fields,
    )
