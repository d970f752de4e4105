"""A power cut: the database's log is cut anywhere behind what was acknowledged."""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING, Final

from tests.faults.row import Row
from tests.faults.setting import Contents, Ways
from tests.faults.verdict import judge

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from tests.faults.setting import Stage
    from tests.faults.verdict import Trial

CUTS: Final = 10
"""Of the same log, at random bytes."""
PEOPLE: Final = 200


def cut(stage: Stage, dice: Random) -> Trial:
    """Kill a sender, and reopen its database with a part of what came after an acknowledged commit."""
    with stage.scene(Contents(PEOPLE), Ways()) as scene:
        log = scene.root / "newsletter.db-wal"
        keep_open = sqlite3.connect(scene.root / "newsletter.db")
        keep_open.execute("SELECT count(*) FROM delivery").fetchone()
        sender = scene.start()
        scene.relay.wait_for(dice.randint(20, PEOPLE - 40), sender.ended)
        # What is in the log now was written before this look; SQLite synchronised it before it said so.
        acknowledged = _sent(scene.root / "newsletter.db")
        synced_bytes = log.stat().st_size if log.exists() else 0
        scene.kill(sender)
        broken: tuple[str, ...] = ()
        for number in range(CUTS):
            broken += _lost_in_cut(scene.root, scene.root / f"cut{number}", dice, acknowledged, synced_bytes)
        keep_open.close()
        scene.resume()
        return judge(scene, broken=broken)


def _lost_in_cut(
    root: Path, folder: Path, dice: Random, acknowledged: set[int], synced_bytes: int
) -> tuple[str, ...]:
    folder.mkdir()
    for name in ("newsletter.db", "newsletter.db-wal"):
        if (root / name).exists():
            shutil.copy(root / name, folder / name)
    log = folder / "newsletter.db-wal"
    if log.exists():
        size = log.stat().st_size
        with log.open("r+b") as file:
            file.truncate(dice.randint(min(synced_bytes, size), size))
    with sqlite3.connect(folder / "newsletter.db") as opened:
        (verdict,) = opened.execute("PRAGMA integrity_check").fetchone()
    opened.close()
    broken: tuple[str, ...] = ()
    if verdict != "ok":
        broken += (f"the database is damaged after a cut: {verdict}",)
    if forgotten := acknowledged - _sent(folder / "newsletter.db"):
        broken += (f"{len(forgotten)} letters that were acknowledged as sent are forgotten after a cut",)
    shutil.rmtree(folder)
    return broken


def _sent(path: Path) -> set[int]:
    opened = sqlite3.connect(path, timeout=10)
    found = {row[0] for row in opened.execute("SELECT id FROM delivery WHERE state = 'sent'")}
    opened.close()
    return found


ROWS: Final = (
    Row(
        "power-cut",
        f"a power cut: the log is cut at {CUTS} places behind what was acknowledged",
        cut,
        ({},),
        short=20,
        full=60,
        expected="the database is whole and forgets nothing that was acknowledged",
    ),
)
