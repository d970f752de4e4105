"""A ledger that cannot be written for a while: locked, full, gone."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from tests.faults.row import POLICIES, POSTGRES, Row, crossed
from tests.faults.sender import REFUSED
from tests.faults.setting import Contents, Ways
from tests.faults.verdict import judge
from tests.outbox.audience import states

if TYPE_CHECKING:
    from random import Random

    from tests.faults.scene import Scene
    from tests.faults.setting import Stage
    from tests.faults.verdict import Trial

PEOPLE: Final = 200
BUSY_S: Final = 0.05
"""How long the sender waits for another program; the lock is held longer."""


def locked(stage: Stage, dice: Random, *, policy: str, connections: int) -> Trial:
    """Have another program hold the database exclusively, from some letter on until the sender gives up."""
    with stage.scene(Contents(PEOPLE, policy=policy), Ways(connections=connections)) as scene:
        sender = scene.start(busy_timeout_s=BUSY_S)
        scene.relay.wait_for(dice.randint(0, PEOPLE // 2), sender.ended)
        held = sqlite3.connect(scene.root / "newsletter.db", timeout=10, isolation_level=None)
        held.execute("BEGIN EXCLUSIVE")
        code = scene.wait_for(sender)
        held.execute("ROLLBACK")
        held.close()
        if code == 0 and scene.is_through():
            # Its last window was settled before the lock was had.
            return judge(scene, in_doubt=0)
        scene.faults = 1
        told = code == REFUSED and "another program holds" in sender.words
        scene.resume()
        return judge(scene, broken=() if told else (_said(sender.words),))


def full(stage: Stage, dice: Random, *, policy: str, manner: str) -> Trial:
    """Have no room left for the ledger, then room again."""
    with stage.scene(Contents(PEOPLE, policy=policy), Ways()) as scene:
        with scene.database.read() as connection:
            pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        if manner == "pages":
            sender = scene.run(most_pages=pages)
            if sender.code == 0:
                # Updates in place found room; a longer reply does not.
                scene.resume()
                return judge(scene, in_doubt=0)
        else:
            size = (scene.root / "newsletter.db").stat().st_size
            sender = scene.run(largest_file_bytes=dice.randint(4_096, max(8_192, size // 2)))
        scene.faults = 1
        told = sender.code == REFUSED and ("full" in sender.words or "disk" in sender.words)
        scene.resume()
        return judge(scene, broken=() if told else (_said(sender.words),))


def cut_off(stage: Stage, dice: Random, *, policy: str, connections: int) -> Trial:
    """End every connection to the database server, again and again in the middle of windows."""
    with stage.scene(Contents(PEOPLE, policy=policy), Ways(connections=connections)) as scene:
        sender = scene.start()
        for _ in range(2):
            scene.relay.wait_for(dice.randint(1, PEOPLE), sender.ended)
            _end_connections(stage, scene)
            threading.Event().wait(dice.uniform(0, 0.02))
        scene.wait_for(sender)
        scene.faults = 2
        scene.resume()
        return judge(scene)


def _end_connections(stage: Stage, scene: Scene) -> None:
    assert stage.postgres is not None
    scene.database.close()
    stage.postgres.end_connections(scene.url.rpartition("/")[2])
    assert states(scene.database)


def _said(words: str) -> str:
    return f"the sender did not say what is wrong: {words or 'nothing'}"


ROWS: Final = (
    Row(
        "locked",
        "another program holds the database for longer than the sender waits",
        locked,
        crossed(policy=POLICIES, connections=(1, 3)),
        short=20,
        full=60,
        expected="the sender says so and stops",
    ),
    Row(
        "full",
        "no room for the database: SQLITE_FULL, and the kernel refuses to let a file grow",
        full,
        crossed(policy=POLICIES, manner=("pages", "file")),
        short=20,
        full=60,
        expected="the sender says so and stops",
    ),
    Row(
        "cut-off",
        "the database server ends every connection in the middle of windows",
        cut_off,
        crossed(policy=POLICIES, connections=(1, 3)),
        short=20,
        full=60,
        on=(POSTGRES,),
    ),
)
