"""Carry the letters of a window to a mail transport."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from newsletter.delivery.letters import LetterWriter
from newsletter.editions import frozen
from newsletter.errors import DeliveryError, NewsletterError, PermanentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.delivery.release import Opened
    from newsletter.mail.base import MailSession, MailTransport, OutgoingLetter
    from newsletter.outbox.settle import Outcome
    from newsletter.outbox.window import Claim, Delivery


class Door:
    """The way into one transport, shared by its lanes: they log in one after the other.

    When one is turned away, the others do not knock: ten lanes with a wrong
    password are ten failed logins, and a locked account.
    """

    def __init__(self, transport: MailTransport) -> None:
        """Open nothing yet."""
        self._transport = transport
        self._lock = threading.Lock()
        self._turned_away: NewsletterError | None = None

    def enter(self) -> MailSession:
        """Open a session.

        Raises:
            NewsletterError: as `MailTransport.connect`, or as it said to another lane.
        """
        with self._lock:
            if self._turned_away is not None:
                raise self._turned_away
            try:
                return self._transport.connect()
            except NewsletterError as error:
                self._turned_away = error
                raise


class MailCarrier:
    """One lane's session with a transport."""

    def __init__(self, opened: Opened, door: Door, signing_key: bytes) -> None:
        """Open nothing yet."""
        self._opened = opened
        self._door = door
        self._key = signing_key
        self._session: MailSession | None = None
        self._writers: dict[str, LetterWriter] = {}

    def prepare(self, claim: Claim) -> None:
        """Read the edition and open the session, before anything is marked as on the wire.

        Raises:
            NewsletterError: the frozen files are gone, or the transport cannot be used.
        """
        if claim.edition_id not in self._writers:
            edition = frozen.read(self._opened.workspace.root / claim.path)
            self._writers[claim.edition_id] = LetterWriter(
                edition,
                signing_key=self._key,
                public_url=self._opened.loaded.config.organisation.public_url,
            )
        if self._session is None:
            self._session = self._door.enter()

    def carry(self, claim: Claim, window: Sequence[Delivery]) -> list[Outcome]:
        """Send a window; one outcome each, in the order given.

        Raises:
            RefusedSenderError: the transport refuses us; nothing was sent.
            TransientError: the transport cannot be reached; nothing was sent.
        """
        assert self._session is not None
        written = [self._write(claim, delivery) for delivery in window]
        letters = [letter for letter in written if not isinstance(letter, DeliveryError)]
        try:
            answers = iter(self._session.send(letters) if letters else ())
        except DeliveryError:
            self.close()
            raise
        return [letter if isinstance(letter, DeliveryError) else next(answers) for letter in written]

    def close(self) -> None:
        """End the session."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _write(self, claim: Claim, delivery: Delivery) -> OutgoingLetter | DeliveryError:
        try:
            return self._writers[claim.edition_id].write(delivery, self._opened.now())
        except NewsletterError as error:
            return PermanentError(str(error), code="address")
