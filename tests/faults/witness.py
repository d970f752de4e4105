"""The mail server of a trial: it keeps the tally that is the truth, and strikes at any moment."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.mail.conversation import Conversation
from tests.mail.relay import Relay

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_SUBJECT = re.compile(rb"^Subject: (.*?)\r$", re.MULTILINE)
QUIET_S = 20.0
"""What a killed sender has written is read within this time."""


@dataclass(frozen=True)
class Taken:
    """One letter that was taken."""

    at_ns: int
    """When, on the clock that all programs of a machine share."""
    subject: str
    """Which edition it is."""
    recipient: str
    """Who has it now."""


class Witness(Relay):
    """A relay that knows when it took what, and may be told to strike."""

    def __init__(self, strike: Callable[[str, int], str | None] | None = None, **options: Any) -> None:
        """``strike`` is asked at every step, with its name and count; what it returns is said there."""
        super().__init__(**options)
        self.strike = strike
        self.taken: list[Taken] = []
        """Every letter, in order."""
        self._counts: Counter[str] = Counter()
        self._talking = 0
        self._changed = threading.Condition()

    def answer(self, step: str, who: str) -> str:
        """Return what is to be said instead of yes."""
        self._counts[step] += 1
        said = self.strike(step, self._counts[step]) if self.strike else None
        return super().answer(step, who) if said is None else said

    def take(self, recipient: str, message: bytes) -> None:
        """Note a letter before anybody hears of it."""
        found = _SUBJECT.search(message)
        subject = found[1].decode() if found else ""
        with self._changed:
            self.taken.append(Taken(time.monotonic_ns(), subject, recipient))
            self._changed.notify_all()

    def tally_by_edition(self) -> Counter[tuple[str, str]]:
        """Return (subject, recipient) → letters taken."""
        return Counter((letter.subject, letter.recipient) for letter in self.taken)

    def wait_for(self, count: int, unless: threading.Event) -> None:
        """Wait until so many letters were taken, or ``unless`` is set."""
        with self._changed:
            while len(self.taken) < count and not unless.is_set():
                self._changed.wait(0.02)

    def settle(self) -> None:
        """Wait until everything was read that dead senders have written."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._talking, QUIET_S):
                raise AssertionError("a connection of a dead sender stays open")

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._count(1)
        try:
            await Conversation(self, reader, writer).run()
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._changed:
            self._talking += change
            self._changed.notify_all()
