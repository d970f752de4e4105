"""A sender that is stopped for longer than its lease, and wakes up when another one has taken its place."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from newsletter.outbox.claim import LEASE_S
from newsletter.storage.tables import delivery, edition, slice_
from tests.faults.row import POLICIES, POSTGRES, SQLITE, Row, crossed
from tests.faults.sender import REFUSED
from tests.faults.setting import Contents, Ways
from tests.faults.strike import Signal
from tests.faults.verdict import judge

if TYPE_CHECKING:
    from random import Random

    from tests.faults.scene import Scene
    from tests.faults.setting import Stage
    from tests.faults.verdict import Trial

MOMENTS: Final = ("MAIL", "DATA", "DOT")


def stopped(stage: Stage, dice: Random, *, policy: str, connections: int) -> Trial:
    """Stop a sender in the middle of a window; let another one finish its work; wake it up."""
    with stage.scene(Contents(200, policy=policy), Ways(connections=connections)) as scene:
        strike = Signal(dice.choice(MOMENTS), dice.randint(1, 100), signal.SIGSTOP)
        scene.relay.strike = strike
        sender = strike.aim(scene.start())
        assert strike.done.wait(30)
        scene.faults = 1
        # The lease is over by the clock of the second sender; the first one does not live through the time.
        scene.shift_s = 2 * LEASE_S
        rival = scene.start(busy_timeout_s=0.3)
        took_over = rival.wait() != REFUSED
        before = _written(scene)
        sender.signal(signal.SIGCONT)
        assert scene.wait_for(sender) == 0, sender.words
        broken: tuple[str, ...] = ()
        if took_over and connections == 1:
            if _written(scene) != before:
                broken += ("the sender that woke up changed the ledger",)
            if "another sender has taken over" not in sender.words:
                broken += (f"the sender that woke up does not know of the other one: {sender.words}",)
        scene.resume()
        return judge(scene, broken=broken)


def _written(scene: Scene) -> list[Any]:
    """Return everything that senders write."""
    with scene.database.read() as connection:
        return [
            connection.execute(select(table).order_by(table.c.id)).all()
            for table in (edition, slice_, delivery)
        ]


ROWS: Final = (
    Row(
        "stopped",
        "SIGSTOP for longer than the lease, then SIGCONT",
        stopped,
        (*crossed(connections=(1, 1, 1, 3), policy=POLICIES),),
        short=20,
        full=96,
        on=(SQLITE, POSTGRES),
        expected="the sender that wakes up changes nothing",
    ),
)
