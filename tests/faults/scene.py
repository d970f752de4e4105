"""One trial's world: a workspace, a ledger, a mail server, and senders that come and go."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from newsletter.outbox import hold, ledger
from tests.faults.sender import BROKEN, Order

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.storage.database import Database
    from tests.faults.senders import Sender, Senders
    from tests.faults.witness import Witness

MOST_TURNS: Final = 12
"""Turns of a sender after which an edition has to be through."""
NEXT_TRY_S: Final = 9 * 3600.0
"""Longer than any deferred delivery waits for its next try."""


@dataclass
class Scene:
    """What there is, and what has happened so far."""

    root: Path
    """The workspace."""
    url: str
    """Address of its database."""
    database: Database
    """The ledger, as another program sees it."""
    relay: Witness
    """The mail server."""
    senders: Senders
    """Where senders come from."""
    policy: str
    """What becomes of letters whose outcome nobody knows."""
    people: int
    """Recipients of every edition."""
    editions: int
    """How many of them there are."""
    in_flight: int
    """Letters that one sender can have on the wire at once."""
    shift_s: float = 0.0
    """How far the senders' clock is ahead."""
    faults: int = 0
    """Kills, cuts and refusals so far."""
    resumed_s: float | None = None
    """From the start of the first sender after the last fault to its first letter."""

    def start(self, **conditions: Any) -> Sender:
        """Start a sender under these conditions, fields of `Order`."""
        return self.senders.start(replace(Order(str(self.root), shift_s=self.shift_s), **conditions))

    def run(self, **conditions: Any) -> Sender:
        """Have a sender do its turn; return it when it and its connections have ended."""
        sender = self.start(**conditions)
        self.wait_for(sender)
        return sender

    def wait_for(self, sender: Sender) -> int:
        """Wait for the end of a sender and of its connections; return its exit code.

        Raises:
            AssertionError: it ended with a traceback.
        """
        code = sender.wait()
        assert code != BROKEN, f"a traceback reached the user:\n{sender.words}"
        self.relay.settle()
        return code

    def kill(self, sender: Sender) -> None:
        """Kill a sender, and read what it has written."""
        self.faults += sender.kill()
        self.wait_for(sender)

    def resume(self) -> None:
        """Let senders do turn after turn until nothing is open: mend what was refused, let hours pass.

        Raises:
            AssertionError: it does not come to an end, or something leaves after it.
        """
        before, started_ns = len(self.relay.taken), time.monotonic_ns()
        for _ in range(MOST_TURNS):
            sender = self.run()
            assert sender.code == 0, f"a sender refuses to work: {sender.words}"
            if self.resumed_s is None and len(self.relay.taken) > before:
                self.resumed_s = (self.relay.taken[before].at_ns - started_ns) / 1e9
            if self.is_through():
                break
            self.shift_s += NEXT_TRY_S
        else:
            raise AssertionError(f"not through after {MOST_TURNS} turns; the last one said: {sender.words}")
        count = len(self.relay.taken)
        self.shift_s += 10 * NEXT_TRY_S
        assert self.run().code == 0
        assert len(self.relay.taken) == count, "something left after the end"

    def is_through(self) -> bool:
        """Tell whether every edition is over; let paused ones go on, as a person does after mending."""
        with self.database.write() as connection:
            entries = ledger.entries(connection)
            for entry in entries:
                if entry.state == "paused":
                    hold.resume(connection, entry)
        return all(entry.state in {"finished", "cancelled"} for entry in entries)
