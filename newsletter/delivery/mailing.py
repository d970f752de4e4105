"""Carry the letters of a window to a mail transport."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, overload

from newsletter.delivery.letters import writer_for
from newsletter.editions import frozen, headers
from newsletter.errors import (
    DeliveryError,
    NewsletterError,
    PermanentError,
    RefusedSenderError,
    TransientError,
)
from newsletter.mail.base import OutgoingLetter

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.delivery.letters import LetterWriter
    from newsletter.delivery.release import Opened
    from newsletter.delivery.routing import Routes
    from newsletter.mail.base import MailSession, MailTransport
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

    def enter(self, connections: int) -> MailSession:
        """Open a session that uses so many connections.

        Raises:
            NewsletterError: as `MailTransport.connect`, or as it said to another lane.
        """
        with self._lock:
            if trouble := self._routes.troubles.get(self.transport.name):
                raise TransientError(trouble)
            session = replace(self.transport, connections=connections).connect()
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

    def __init__(self, opened: Opened, door: Door, signing_key: bytes, connections: int) -> None:
        """Open nothing yet."""
        self.connections = connections
        """How many the session may use at once."""
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
                self._session = self._door.enter(self.connections)
            except DeliveryError as error:
                raise self._door.shut(error, claim.sender_domain) from error

    def carry(self, claim: Claim, window: Sequence[Delivery]) -> Sequence[Outcome]:
        """Send a window; one outcome each, in the order given.

        Raises:
            RefusedSenderError: the transport refuses us; nothing was sent.
            TransientError: the transport cannot be reached; nothing was sent.
        """
        assert self._session is not None
        refusals = [_refusal(delivery.recipient) for delivery in window]
        fit = [one for one, refusal in zip(window, refusals, strict=True) if refusal is None]
        letters = Letters(self._writers[claim.edition_id], fit, self._opened.now())
        try:
            answers = self._session.send(letters) if fit else ()
        except DeliveryError as error:
            self.close()
            raise self._door.shut(error, claim.sender_domain) from error
        if len(fit) == len(window):
            return answers
        rest = iter(answers)
        return [next(rest) if refusal is None else refusal for refusal in refusals]

    def close(self) -> None:
        """End the session."""
        if self._session is not None:
            self._session.close()
            self._session = None


class Letters(Sequence[OutgoingLetter]):
    """The letters of a window, each written when it is first asked for.

    So the next one comes about while a server thinks about the last one.
    """

    def __init__(self, writer: LetterWriter, deliveries: Sequence[Delivery], now: datetime) -> None:
        """Write nothing yet."""
        self._writer = writer
        self._deliveries = deliveries
        self._now = now
        self._written: dict[int, OutgoingLetter] = {}

    def __len__(self) -> int:
        return len(self._deliveries)

    @overload
    def __getitem__(self, place: int) -> OutgoingLetter: ...

    @overload
    def __getitem__(self, place: slice) -> list[OutgoingLetter]: ...

    def __getitem__(self, place: int | slice) -> OutgoingLetter | list[OutgoingLetter]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        if place not in self._written:
            self._written[place] = self._writer.write(self._deliveries[place], self._now)
        return self._written[place]


def _refusal(address: str) -> PermanentError | None:
    """Return why no letter can be written to an address, or None."""
    if address.isascii():
        return None
    try:
        headers.ascii_address(address)
    except NewsletterError as error:
        return PermanentError(str(error), code="address")
    return None
