"""One lane: takes slices of one channel and sends them, window by window, until nothing is due."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from newsletter import failpoint
from newsletter.errors import NewsletterError, RefusedSenderError, TransientError, UnknownOutcomeError
from newsletter.outbox import hold
from newsletter.outbox.claim import LostSliceError
from newsletter.storage.database import DatabaseProblemError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from newsletter.outbox.claim import Sender, Step
    from newsletter.outbox.settle import Outcome
    from newsletter.outbox.window import Claim, Delivery
    from newsletter.storage.database import Database

RETRIES_S: Final = (0.5, 2.0)
"""Waits before the ledger is tried again: its server may be starting anew."""
_log = logging.getLogger(__name__)


class Carrier(Protocol):
    """What takes a window to its channel; used by one lane."""

    connections: int
    """How many it uses at once."""

    def prepare(self, claim: Claim) -> None:
        """Make ready to send; raises `NewsletterError` before anything is marked as on the wire.

        A `TransientError` is about the channel, everything else about the edition.
        """

    def carry(self, claim: Claim, window: Sequence[Delivery]) -> Sequence[Outcome]:
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
    size: int
    """Letters of a window."""
    hand_over: Callable[[Claim], bool]
    """Asked when a limit keeps back a slice: whether another channel takes it."""
    sender_domains: Callable[[], Collection[str]] | None = None
    """The domains whose letters go this way now; None for an account."""
    edition_id: str | None = None
    """Take slices of this edition only."""
    claims: int = 0
    """Slices it has taken."""
    troubles: list[str] = field(default_factory=list)
    """What a person should know, one line each."""
    waits: list[str] = field(default_factory=list)
    """What it had to leave for later because of a limit, one line each."""
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
                claim = self._claim()
                going = claim is not None and self._send(claim)
        except LostSliceError as error:
            self.troubles.append(str(error))
        finally:
            self.begun.set()
            self.carrier.close()

    def _claim(self) -> Claim | None:
        domains = self.sender_domains() if self.sender_domains else None
        with self.database.write() as connection:
            claim = self.sender.claim(
                connection, self.channel, self.now(), edition_id=self.edition_id, sender_domains=domains
            )
            failpoint.reach("slice-claimed")
        failpoint.reach("slice-committed")
        self.claims += claim is not None
        return claim

    def _send(self, claim: Claim) -> bool:
        """Send a slice; False when the channel cannot go on."""
        try:
            self.carrier.prepare(claim)
        except TransientError as error:
            self.troubles.append(f"{self.channel}: {error}")
            self._advance(claim, (), size=0)
            return False
        except NewsletterError as error:
            self._hold(claim, str(error))
            return True
        failpoint.reach("slice-prepared")
        usable = True
        step = self._advance(claim, (), size=self.size)
        while step.window or step.again_at:
            self.begun.set()
            outcomes: Sequence[tuple[Delivery, Outcome]] = ()
            refusal = None
            if step.again_at:
                self._wait((step.again_at - self.now()).total_seconds())
            else:
                outcomes, refusal, usable = self._carry(claim, step.window)
                failpoint.reach("window-answered")
            size = self.size if usable and not self.stopped() else 0
            step = self._advance(claim, outcomes, size=size, refusal=refusal)
        return usable

    def _wait(self, seconds: float) -> None:
        """Let a limit have its time, in small pieces so that a stop is heard."""
        until = time.monotonic() + seconds
        while not self.stopped() and (left_s := until - time.monotonic()) > 0:
            time.sleep(min(left_s, 0.1))

    def _carry(
        self, claim: Claim, window: Sequence[Delivery]
    ) -> tuple[Sequence[tuple[Delivery, Outcome]], RefusedSenderError | None, bool]:
        """Return what became of a window, what refused all of it, and whether the channel can go on."""
        try:
            return list(zip(window, self.carrier.carry(claim, window), strict=True)), None, True
        except RefusedSenderError as error:
            return [(delivery, None) for delivery in window], error, True
        except TransientError as error:
            self.troubles.append(f"{self.channel}: {error}")
            return [(delivery, None) for delivery in window], None, False
        except Exception as error:  # noqa: BLE001 - an adapter's mistake must not make anybody's letter go twice
            _log.debug("an adapter failed", exc_info=True)
            why = f"the program failed while it was sending: {type(error).__name__}: {error}"
            self.troubles.append(f"{self.channel}: {why}")
            return [(delivery, UnknownOutcomeError(why, code="program")) for delivery in window], None, False

    def _advance(
        self,
        claim: Claim,
        outcomes: Sequence[tuple[Delivery, Outcome]],
        *,
        size: int,
        refusal: RefusedSenderError | None = None,
    ) -> Step:
        step = self._written(claim, outcomes, size, refusal)
        failpoint.reach("window-committed")
        self.progress(step.counts)
        if step.paused:
            self.troubles.append(f"edition {claim.edition_id} is paused: {step.paused}")
        if step.waits and not self.hand_over(claim):
            self.waits.append(step.waits)
        return step

    def _written(
        self,
        claim: Claim,
        outcomes: Sequence[tuple[Delivery, Outcome]],
        size: int,
        refusal: RefusedSenderError | None,
    ) -> Step:
        """Take the step in the ledger, trying again when its database fails for a moment."""
        again = False
        for wait_s in (*RETRIES_S, None):
            try:
                with self.database.write() as connection:
                    step = self.sender.advance(
                        connection, claim, outcomes, size=size, now=self.now(), refusal=refusal, again=again
                    )
                    failpoint.reach("window-marked")
            except DatabaseProblemError:
                if wait_s is None:
                    raise
                time.sleep(wait_s)
                again = True
            else:
                break
        return step

    def _hold(self, claim: Claim, why: str) -> None:
        """Pause the edition and give its slice back."""
        with self.database.write() as connection:
            self.sender.advance(connection, claim, (), size=0, now=self.now())
            hold.pause(connection, claim.edition_id, why)
        self.troubles.append(f"edition {claim.edition_id} is paused: {why}")
