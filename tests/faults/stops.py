"""People who step in while letters leave: readers unsubscribe, everything is held, a copy is made."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Final

from sqlalchemy import select, text

from newsletter.audience import signing, suppression
from newsletter.outbox import emergency
from newsletter.storage.tables import delivery
from tests.faults.row import POSTGRES, SQLITE, Row, crossed
from tests.faults.setting import Contents, Ways
from tests.faults.verdict import judge
from tests.outbox.audience import NOW

if TYPE_CHECKING:
    from random import Random

    from tests.faults.setting import Stage
    from tests.faults.verdict import Trial

PEOPLE: Final = 300
LEAVERS: Final = 10


def unsubscribed(stage: Stage, dice: Random, *, connections: int) -> Trial:
    """Have readers leave at random moments; whoever left before his window was marked gets nothing."""
    with stage.scene(Contents(PEOPLE), Ways(connections=connections)) as scene:
        sender = scene.start()
        left: dict[str, int] = {}
        marked: set[str] = set()
        for number in dice.sample(range(PEOPLE), LEAVERS):
            scene.relay.wait_for(dice.randint(0, PEOPLE // 2), sender.ended)
            address = f"reader{number}@example.org"
            with scene.database.write() as connection:
                if stage.postgres:
                    # Windows are marked before this or after it, as they are on SQLite by themselves.
                    connection.execute(text("LOCK TABLE delivery IN EXCLUSIVE MODE"))
                key = signing.signing_key(connection, NOW)
                suppression.suppress(connection, key, address, "unsubscribed", "link", NOW)
                state = select(delivery.c.state).where(delivery.c.recipient == address)
                if connection.execute(state).scalar_one() != "pending":
                    marked.add(address)
            left[address] = time.monotonic_ns()
        scene.wait_for(sender)
        late = [
            letter.recipient
            for letter in scene.relay.taken
            if letter.recipient in left
            and letter.at_ns > left[letter.recipient]
            and letter.recipient not in marked
        ]
        broken = tuple(f"{address} got a letter after leaving" for address in late)
        scene.resume()
        return judge(scene, in_doubt=0, broken=broken)


def paused(stage: Stage, dice: Random, *, connections: int) -> Trial:
    """Hold everything from another program: at most the windows that are marked still leave."""
    with stage.scene(Contents(PEOPLE), Ways(connections=connections)) as scene:
        sender = scene.start()
        scene.relay.wait_for(dice.randint(1, PEOPLE // 2), sender.ended)
        with scene.database.write() as connection:
            emergency.hold_all(connection, "by hand", NOW)
        before = len(scene.relay.taken)
        scene.wait_for(sender)
        after = len(scene.relay.taken)
        broken: tuple[str, ...] = ()
        if after - before > scene.in_flight:
            broken += (
                f"{after - before} letters left after the hold, {scene.in_flight} were marked at most",
            )
        scene.run()
        if len(scene.relay.taken) != after:
            broken += ("a sender started while everything was held",)
        with scene.database.write() as connection:
            emergency.release_all(connection, NOW)
        scene.resume()
        return judge(scene, in_doubt=0, broken=broken)


def copied(stage: Stage, dice: Random, *, begun: bool) -> Trial:
    """Copy a workspace that sends; the copy keeps still until a person says that it is the one."""
    with stage.scene(Contents(100), Ways()) as scene:
        scene.run(failpoint=f"window-committed:{dice.randint(2, 6)}" if begun else "recovered:1")
        if not begun:
            scene.run(failpoint="slice-claimed:1")
        scene.faults = 1
        scene.database.close()
        scratch = scene.root.with_name(f"{scene.root.name}-copy")
        shutil.copytree(scene.root, scratch)
        shutil.rmtree(scene.root)
        scratch.rename(scene.root)
        before = len(scene.relay.taken)
        words = scene.run().words
        broken: tuple[str, ...] = ()
        if len(scene.relay.taken) != before or "resume --all" not in words:
            broken += (f"the copy sent something, or did not say why not: {words}",)
        with scene.database.write() as connection:
            emergency.release_all(connection, NOW)
        scene.resume()
        return judge(scene, broken=broken)


BOTH: Final = (SQLITE, POSTGRES)
ROWS: Final = (
    Row(
        "unsubscribed",
        "readers unsubscribe during a send",
        unsubscribed,
        crossed(connections=(1, 3)),
        short=20,
        full=60,
        on=BOTH,
        expected="nobody gets a letter that was not marked before",
    ),
    Row(
        "held",
        "everything is held by another program during a send",
        paused,
        crossed(connections=(1, 3)),
        short=20,
        full=60,
        on=BOTH,
        expected="it takes effect within one window",
    ),
    Row(
        "copied",
        "a workspace is copied while it sends, and the copy is started",
        copied,
        crossed(begun=(True, False)),
        short=20,
        full=40,
        expected="the copy sends nothing before a person confirms",
    ),
)
