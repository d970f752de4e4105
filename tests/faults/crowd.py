"""Several programs on one database at once: two senders and two schedulers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from newsletter import clock
from newsletter.delivery import schedule
from newsletter.storage.tables import occurrence
from newsletter.when import When
from tests.faults.row import POSTGRES, SQLITE, Row, crossed
from tests.faults.setting import Contents, Ways
from tests.faults.verdict import judge

if TYPE_CHECKING:
    from random import Random

    from tests.faults.senders import Sender
    from tests.faults.setting import Stage
    from tests.faults.verdict import Trial

CAMPAIGNS: Final = 2
PEOPLE: Final = 100


def at_once(stage: Stage, dice: Random, *, connections: int) -> Trial:
    """Have two schedulers and two senders begin the same moment, or while another one is at work."""
    contents = Contents(PEOPLE, editions=CAMPAIGNS, frozen=False)
    with stage.scene(contents, Ways(connections=connections)) as scene:
        due = (clock.now() - timedelta(minutes=1)).replace(tzinfo=None, second=0, microsecond=0)
        with scene.database.write() as connection:
            for number in range(CAMPAIGNS):
                schedule.add(
                    connection,
                    f"otters-{number}",
                    When(due, ZoneInfo("UTC")),
                    None,
                    now=clock.now() - timedelta(hours=1),
                )
        tasks = ["schedule", "schedule", "send", "send"]
        dice.shuffle(tasks)
        programs: list[Sender] = []
        for task in tasks:
            programs.append(scene.start(task=task))
            # The next one comes at once, or into the middle of what this one sends.
            scene.relay.wait_for(dice.choice((0, 0, dice.randint(1, PEOPLE))), programs[-1].ended)
        codes = [scene.wait_for(program) for program in programs]
        broken: tuple[str, ...] = () if not any(codes) else (f"programs ended with {codes}",)
        scene.resume()
        with scene.database.read() as connection:
            begun = connection.execute(select(func.count()).select_from(occurrence)).scalar_one()
        if begun != CAMPAIGNS:
            broken += (f"{begun} occurrences of {CAMPAIGNS} campaigns",)
        return judge(scene, in_doubt=0, broken=broken)


ROWS: Final = (
    Row(
        "at-once",
        "two schedulers and two senders on one database",
        at_once,
        crossed(connections=(1, 3)),
        short=20,
        full=60,
        on=(SQLITE, POSTGRES),
        expected="every occurrence once, everybody once",
    ),
)
