"""One lane: takes slices of one channel and sends them, window by window, until nothing is due."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from newsletter.errors import NewsletterError, RefusedSenderError, TransientError, UnknownOutcomeError
from newsletter.outbox import hold
from newsletter.outbox.claim import LostSliceError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from newsletter.outbox.claim import Sender, Step
    from newsletter.outbox.settle import Outcome
    from newsletter.outbox.window import Claim, Delivery
    from newsletter.storage.database import Database

_log = logging.getLogger(__name__)


class Carrier(Protocol):
    """What takes a window to its channel; used by one lane."""

    def prepare(self, claim: Claim) -> None:
        """Make ready to send; raises `NewsletterError` before anything is marked as on the wire."""

    def carry(self, claim: Claim, window: Sequence[Delivery]) -> list[Outcome]:
        """Send; one outcome each. Raises `RefusedSenderError` or `TransientError` when nothing was sent."""

    def close(self) -> None:
        """End what was opened."""


@dataclass
class Lane:
    """One thread's way through the outbox."""

    channel: str
    """Whose slices it takes."""
    carrier: Carrier
    """What sends them."""
    sender: Sender
    """Who claims."""
    database: Database
    """The ledger."""
    now: Callable[[], datetime]
    """The clock."""
    stopped: Callable[[], bool]
    """Whether to end after the window that is on the wire."""
    progress: Callable[[Counter[str]], None]
    """Told what every window came to."""
    edition_id: str | None = None
    """Take slices of this edition only."""
    troubles: list[str] = field(default_factory=list)
    """What a person should know, one line each."""
    begun: threading.Event = field(default_factory=threading.Event)
    """Set once its first window is on the wire, or there is none."""

    def run(self) -> None:
        """Send until nothing is due, the channel fails, or it is told to stop.

        Raises:
            DatabaseProblemError: the ledger cannot be written. What is on the wire stays marked, and is
                unknown once this sender is gone; it is never taken for unsent.
        """
        try:
            going = True
            while going and not self.stopped():
                with self.database.write() as connection:
                    claim = self.sender.claim(
                        connection, self.channel, self.now(), edition_id=self.edition_id
                    )
                going = claim is not None and self._send(claim)
        except LostSliceError as error:
            self.troubles.append(str(error))
        finally:
            self.begun.set()
            self.carrier.close()

    def _send(self, claim: Claim) -> bool:
        """Send a slice; False when the channel cannot go on."""
        try:
            self.carrier.prepare(claim)
        except TransientError as error:
            self.troubles.append(str(error))
            self._advance(claim, (), size=0)
            return False
        except NewsletterError as error:
            self._hold(claim, str(error))
            return True
        usable = True
        step = self._advance(claim, (), size=self.sender.rules.window)
        while step.window:
            self.begun.set()
            outcomes, usable = self._carry(claim, step.window)
            size = self.sender.rules.window if usable and not self.stopped() else 0
            step = self._advance(claim, outcomes, size=size)
        return usable

    def _carry(
        self, claim: Claim, window: Sequence[Delivery]
    ) -> tuple[Sequence[tuple[Delivery, Outcome]], bool]:
        """Return what became of a window, whatever happens, and whether the channel can go on."""
        try:
            return list(zip(window, self.carrier.carry(claim, window), strict=True)), True
        except RefusedSenderError as error:
            return [(delivery, error) for delivery in window], True
        except TransientError as error:
            self.troubles.append(str(error))
            return [(delivery, None) for delivery in window], False
        except Exception as error:  # noqa: BLE001 - an adapter's mistake must not make anybody's letter go twice
            _log.debug("an adapter failed", exc_info=True)
            why = f"the program failed while it was sending: {type(error).__name__}: {error}"
            self.troubles.append(f"{self.channel}: {why}")
            return [(delivery, UnknownOutcomeError(why, code="program")) for delivery in window], False

    def _advance(self, claim: Claim, outcomes: Sequence[tuple[Delivery, Outcome]], *, size: int) -> Step:
        with self.database.write() as connection:
            step = self.sender.advance(connection, claim, outcomes, size=size, now=self.now())
        self.progress(step.counts)
        if step.refusal is not None:
            self.troubles.append(f"edition {claim.edition_id} is paused: {step.refusal}")
        return step

    def _hold(self, claim: Claim, why: str) -> None:
        """Pause the edition and give its slice back."""
        with self.database.write() as connection:
            hold.pause(connection, claim.edition_id, why)
            self.sender.advance(connection, claim, (), size=0, now=self.now())
        self.troubles.append(f"edition {claim.edition_id} is paused: {why}")
