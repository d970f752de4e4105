"""Carry the letters of a window to a mail transport."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from newsletter.delivery.letters import writer_for
from newsletter.editions import frozen
from newsletter.errors import (
    DeliveryError,
    NewsletterError,
    PermanentError,
    RefusedSenderError,
    TransientError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from newsletter.delivery.letters import LetterWriter
    from newsletter.delivery.release import Opened
    from newsletter.delivery.routing import Routes
    from newsletter.mail.base import MailSession, MailTransport, OutgoingLetter
    from newsletter.outbox.settle import Outcome
    from newsletter.outbox.window import Claim, Delivery


class Door:
    """The way into one transport, shared by its lanes: they log in one after the other.

    When one is turned away, the others do not knock: ten lanes with a wrong
    password are ten failed logins, and a locked account.
    """

    def __init__(self, transport: MailTransport, routes: Routes) -> None:
        """Open nothing yet."""
        self.transport = transport
        self._routes = routes
        self._lock = threading.Lock()

    def enter(self) -> MailSession:
        """Open a session.

        Raises:
            NewsletterError: as `MailTransport.connect`, or as it said to another lane.
        """
        with self._lock:
            if trouble := self._routes.troubles.get(self.transport.name):
                raise TransientError(trouble)
            session = self.transport.connect()
        self._routes.opened(self.transport.name)
        return session

    def shut(self, error: DeliveryError, sender_domain: str) -> NewsletterError:
        """Leave the transport alone for now; return what that means for letters from a domain.

        A refusal of ours holds the edition, unless another transport takes over.
        """
        refused = isinstance(error, RefusedSenderError)
        self._routes.close(self.transport.name, error, refused=refused)
        if refused and self._routes.choose(sender_domain) is None:
            return error
        return error if isinstance(error, TransientError) else TransientError(error.why, where=error.where)


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
            TransientError: the transport cannot be used; its letters wait, or go another way.
            NewsletterError: the frozen files are gone, or we are refused.
        """
        if claim.edition_id not in self._writers:
            edition = frozen.read(self._opened.workspace.root / claim.path)
            self._writers[claim.edition_id] = writer_for(
                edition, self._opened.loaded.config, self._door.transport, signing_key=self._key
            )
        if self._session is None:
            try:
                self._session = self._door.enter()
            except DeliveryError as error:
                raise self._door.shut(error, claim.sender_domain) from error

    def carry(self, claim: Claim, window: Sequence[Delivery]) -> Sequence[Outcome]:
        """Send a window; one outcome each, in the order given.

        Raises:
            RefusedSenderError: the transport refuses us; nothing was sent.
            TransientError: the transport cannot be reached; nothing was sent.
        """
        assert self._session is not None
        now = self._opened.now()
        written = [self._write(claim, delivery, now) for delivery in window]
        letters = [letter for letter in written if not isinstance(letter, DeliveryError)]
        try:
            answers = self._session.send(letters) if letters else ()
        except DeliveryError as error:
            self.close()
            raise self._door.shut(error, claim.sender_domain) from error
        if len(letters) == len(written):
            return answers
        rest = iter(answers)
        return [letter if isinstance(letter, DeliveryError) else next(rest) for letter in written]

    def close(self) -> None:
        """End the session."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _write(self, claim: Claim, delivery: Delivery, now: datetime) -> OutgoingLetter | DeliveryError:
        try:
            return self._writers[claim.edition_id].write(delivery, now)
        except NewsletterError as error:
            return PermanentError(str(error), code="address")
