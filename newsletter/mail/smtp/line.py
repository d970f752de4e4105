"""One connection after the other to the same server, one letter at a time."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING, Final

from newsletter.mail.smtp.connection import describe, open_connection
from newsletter.mail.smtp.transaction import Transactions

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from newsletter.errors import DeliveryError
    from newsletter.mail.base import OutgoingLetter
    from newsletter.mail.smtp import Smtp
    from newsletter.mail.smtp.wire import Wire
    from newsletter.model import Receipt

GOODBYE_S: Final = 5.0
"""How long a server may take to say goodbye."""


class Line:
    """A connection, and the one that takes its place when it is used up or broken."""

    def __init__(self, settings: Smtp) -> None:
        """Connect, encrypt and log in.

        Raises:
            RefusedSenderError: login or TLS was refused.
            TransientError: the server cannot be reached now.
        """
        self._settings = settings
        self._transactions = self._open()

    @property
    def server(self) -> Wire | None:
        """The open connection; None between two of them."""
        return self._server

    @property
    def usable(self) -> bool:
        """Whether the connection can take another letter."""
        return self._transactions.usable

    def send(
        self, letter: OutgoingLetter, following: Callable[[], OutgoingLetter | None]
    ) -> Generator[None, None, Receipt | DeliveryError]:
        """Return what became of a letter; yields as `Transactions.attempt`.

        Raises:
            DeliveryError: there is no connection to try it over.
        """
        outcome = yield from self._attempt(letter, following)
        if self._transactions.spent:
            self._leave()
            outcome = yield from self._attempt(letter, following)
        return outcome

    def begin_window(self) -> None:
        """Expect that the connection, which has waited, may have been closed by the server."""
        self._transactions.fresh = False

    def end_window(self) -> None:
        """Give up a connection that does not wait for a command: a goodbye could end up in a letter."""
        if not self._transactions.at_rest:
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
            self._server.patience_s = GOODBYE_S
            self._server.quit()
        except (OSError, smtplib.SMTPException):
            pass
        self._drop()

    def _attempt(
        self, letter: OutgoingLetter, following: Callable[[], OutgoingLetter | None]
    ) -> Generator[None, None, Receipt | DeliveryError]:
        most = self._settings.messages_per_connection
        if not self._transactions.usable or self._transactions.taken >= most:
            self._leave()
        if self._server is None:
            self._transactions = self._open()
        transactions = self._transactions
        is_last = transactions.taken + 1 >= most
        outcome = yield from transactions.attempt(letter, _nobody if is_last else following)
        transactions.fresh = False
        return outcome

    def _open(self) -> Transactions:
        self._server: Wire | None = None
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


def _nobody() -> None:
    """Announce no further letter: the connection takes no more."""
