"""Windows of letters over one connection after the other."""

from __future__ import annotations

import smtplib
from functools import partial
from typing import TYPE_CHECKING

from newsletter.errors import DeliveryError, RefusedSenderError
from newsletter.mail.smtp.connection import describe, open_connection
from newsletter.mail.smtp.transaction import Transactions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.mail.base import OutgoingLetter
    from newsletter.mail.smtp import Smtp
    from newsletter.mail.smtp.wire import Wire
    from newsletter.model import Receipt

GOODBYE_S = 5.0
"""How long a server may take to say goodbye."""
MOST_BROKEN = 2
"""Connections that may break off in a row; the rest of the window is left for later."""


class SmtpSession:
    """One connection after the other, one letter at a time."""

    def __init__(self, settings: Smtp) -> None:
        """Connect, encrypt and log in.

        Raises:
            RefusedSenderError: login or TLS was refused.
            TransientError: the server cannot be reached now.
        """
        self._settings = settings
        self._server: Wire | None = None
        self._meanwhile = partial(_have_written, (), 0)
        self._transactions = self._open()

    def send(self, window: Sequence[OutgoingLetter]) -> Sequence[Receipt | DeliveryError | None]:
        """Send every letter; see `newsletter.mail.base.MailSession.send`."""
        try:
            return self._send(window)
        finally:
            if self._server is not None and not self._transactions.at_rest:
                # Broken off, or with an envelope under way: a goodbye might be taken for a letter's text.
                self._drop()

    def describe(self) -> str:
        """Return one line about the server: its name, encryption, login, and what it offers."""
        assert self._server is not None
        return describe(self._server, self._settings.username)

    def close(self) -> None:
        """Say goodbye; a server that does not answer is left."""
        if self._server is None:
            return
        try:
            if self._server.sock is not None:
                self._server.sock.settimeout(GOODBYE_S)
            self._server.quit()
        except (OSError, smtplib.SMTPException):
            pass
        self._drop()

    def _send(self, window: Sequence[OutgoingLetter]) -> Sequence[Receipt | DeliveryError | None]:
        outcomes: list[Receipt | DeliveryError | None] = [None] * len(window)
        self._transactions.fresh = False
        broken = 0
        for place, letter in enumerate(window):
            following = window[place + 1] if place + 1 < len(window) else None
            self._meanwhile = partial(_have_written, window, place + 2)
            try:
                outcome = self._send_one(letter, following)
            except DeliveryError:
                if place == 0:
                    raise
                break
            outcomes[place] = outcome
            broken = 0 if self._transactions.usable else broken + 1
            if isinstance(outcome, RefusedSenderError) or broken == MOST_BROKEN:
                break
        return outcomes

    def _send_one(self, letter: OutgoingLetter, following: OutgoingLetter | None) -> Receipt | DeliveryError:
        """Return what became of a letter; raise when there is no connection to try it over."""
        outcome = self._attempt(letter, following)
        if self._transactions.spent:
            self._leave()
            outcome = self._attempt(letter, following)
        return outcome

    def _attempt(self, letter: OutgoingLetter, following: OutgoingLetter | None) -> Receipt | DeliveryError:
        most = self._settings.messages_per_connection
        if not self._transactions.usable or self._transactions.taken >= most:
            self._leave()
        if self._server is None:
            self._transactions = self._open()
        transactions = self._transactions
        transactions.meanwhile = self._meanwhile
        outcome = transactions.attempt(letter, following if transactions.taken + 1 < most else None)
        transactions.fresh = False
        return outcome

    def _open(self) -> Transactions:
        self._server = open_connection(self._settings)
        return Transactions(self._server, self._settings)

    def _leave(self) -> None:
        """End the connection as politely as its state allows."""
        if self._transactions.at_rest:
            self.close()
        else:
            self._drop()

    def _drop(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server = None


def _have_written(window: Sequence[OutgoingLetter], place: int) -> None:
    """Have a letter written that is written when it is first asked for."""
    if place < len(window):
        window[place]
