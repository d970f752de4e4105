"""Which transport takes a letter now: the first in order that may, answers, and has some of its day left."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter.outbox import health, limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from newsletter.errors import DeliveryError
    from newsletter.mail.base import MailTransport
    from newsletter.outbox.limits import Limits
    from newsletter.storage.database import Database


class Routes:
    """The transports of one round, and which of them can be used; shared by its lanes."""

    def __init__(
        self, transports: Sequence[MailTransport], database: Database, now: Callable[[], datetime]
    ) -> None:
        """Know of no trouble yet; `look` reads what other programs know."""
        self.troubles: dict[str, str] = {}
        """Channel → why it cannot be used in this round."""
        self._transports = transports
        self._database = database
        self._now = now
        self._lock = threading.Lock()
        self._closed: Mapping[str, str] = {}
        self._spent: set[str] = set()
        self._failing: set[str] = set()

    def look(self, connection: Connection, held_to: Limits, patience_s: float) -> None:
        """Learn which channels are left alone now, and which have nothing left for today."""
        now = self._now()
        closed = health.closed(connection, now)
        soon = now + timedelta(seconds=patience_s)
        spent = {
            name
            for name in held_to.channels
            if limits.left(connection, held_to, name, now).available_at > soon
        }
        with self._lock:
            self._closed, self._spent = closed, spent
            self._failing = health.failing(connection)

    def choose(self, sender_domain: str) -> MailTransport | None:
        """Return the transport for letters from a domain; None when none can take them now."""
        with self._lock:
            usable = [
                transport
                for transport in self._transports
                if takes(transport, sender_domain)
                and transport.name not in self.troubles
                and transport.name not in self._closed
            ]
            # One that has nothing left says so to the slice itself, which then waits for the next day.
            return next((one for one in usable if one.name not in self._spent), next(iter(usable), None))

    def why_not(self, sender_domain: str) -> str:
        """Say why nothing takes letters from a domain now."""
        eligible = [one.name for one in self._transports if takes(one, sender_domain)]
        if not eligible:
            return (
                f"no [[mail]] of config.toml takes letters from {sender_domain}; "
                "add one, or cancel the edition"
            )
        with self._lock:
            return "; ".join(
                self.troubles.get(name) or f"{name}: {self._closed.get(name)}" for name in eligible
            )

    def close(self, channel: str, error: DeliveryError, *, refused: bool) -> None:
        """Leave a channel alone for the rest of this round, and let other programs know."""
        with self._lock:
            if channel in self.troubles:
                return
            self.troubles[channel] = f"{channel}: {error}"
        with self._database.write() as connection:
            health.note_failure(connection, channel, str(error), self._now(), refused=refused)

    def opened(self, channel: str) -> None:
        """Note that a channel answers again."""
        with self._lock:
            if channel not in self._failing:
                return
            self._failing.discard(channel)
        with self._database.write() as connection:
            health.note_success(connection, channel)


def takes(transport: MailTransport, sender_domain: str) -> bool:
    """Tell whether a transport may send letters from a domain."""
    return not transport.sender_domains or sender_domain in transport.sender_domains
