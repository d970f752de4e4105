"""A disk that fails: every write or every synchronisation of the database says EIO for a while."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.faults.row import POLICIES, Row, crossed
from tests.faults.sender import REFUSED
from tests.faults.setting import Contents, Ways
from tests.faults.verdict import judge

if TYPE_CHECKING:
    from random import Random

    from tests.faults.setting import Stage
    from tests.faults.verdict import Trial

SOURCE: Final = Path(__file__).with_name("broken_disk.c")
PEOPLE: Final = 200
FOREVER: Final = 1_000_000


def library(folder: Path) -> Path | None:
    """Compile what makes the disk fail; None where that is not possible: no Linux, no C compiler."""
    compiler = shutil.which("cc") if sys.platform == "linux" else None
    if compiler is None:
        return None
    made = folder / "broken_disk.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", made, SOURCE, "-ldl"], check=True)
    return made


def failing(stage: Stage, dice: Random, *, what: str, count: int, policy: str, connections: int) -> Trial:
    """Have the disk fail from some call on, in the middle of a send, and then be mended."""
    with stage.scene(Contents(PEOPLE, policy=policy), Ways(connections=connections)) as scene:
        # Three connections commit less often: the send is over after a dozen times.
        order = f"{what}:{dice.randint(1, 10)}:{count}"
        sender = scene.run(environment={"BROKEN_DISK": order})
        scene.faults = 1
        if count == FOREVER:
            told = sender.code == REFUSED and "disk" in sender.words
        else:
            told = sender.code == 0 or "disk" in sender.words
        scene.resume()
        broken = (
            () if told else (f"{order}: the sender ended with {sender.code}: {sender.words or 'silence'}",)
        )
        return judge(scene, broken=broken)


ROWS: Final = (
    Row(
        "failing-disk",
        "the disk says EIO when the database is written or synchronised, for a moment or for good",
        failing,
        crossed(policy=POLICIES, connections=(1, 3), what=("sync", "write"), count=(1, FOREVER)),
        short=32,
        full=96,
        breaks_disk=True,
        expected="the sender tries again or says so and stops",
    ),
)
