"""SIGKILL at random moments, at every named failpoint, and at every moment of the SMTP dialogue."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.faults.row import POLICIES, POSTGRES, SQLITE, Row, crossed
from tests.faults.setting import Contents, Ways
from tests.faults.strike import Signal
from tests.faults.verdict import judge

if TYPE_CHECKING:
    from random import Random

    from tests.faults.setting import Stage
    from tests.faults.verdict import Trial

KILLS: Final = 3
"""In one trial, one sender after the other."""
STARTING_S: Final = 0.06
"""A sender has its first letter on the wire after about so long."""
MOMENT_S: Final = 0.004
"""A small window is settled within about so long."""
LONG_LETTER_BYTES: Final = 300_000
"""It takes several writes."""
FAILPOINTS: Final = {
    "recovered": 1,
    "slice-claimed": 5,
    "slice-committed": 5,
    "window-marked": 15,
    "window-committed": 15,
    "window-answered": 10,
    "finished": 1,
}
"""Name → how often a send reaches it at least, so that a trial may choose one of these times."""
FREEZING: Final = ("freeze-begun", "freeze-written")
"""Reached while an edition is frozen."""
MOMENTS: Final = (
    {"step": "CONNECT", "most": 1},
    {"step": "EHLO", "most": 1},
    {"step": "MAIL", "most": 150},
    {"step": "RCPT", "most": 150},
    {"step": "DATA", "most": 150},
    {"step": "BODY", "most": 20, "reply": "drop after {octets}", "letter_bytes": LONG_LETTER_BYTES},
    {"step": "DOT", "most": 150},
    {"step": "DOT", "most": 150, "reply": "drop"},
)
"""Moments of the dialogue; the MAIL of a letter comes right after the 250 of the one before it."""


def killed_at_random(stage: Stage, dice: Random, *, policy: str, window: int, connections: int) -> Trial:
    """Kill one sender after the other, while it starts or after some letter."""
    with stage.scene(Contents(300, policy=policy), Ways(window, connections)) as scene:
        for _ in range(KILLS):
            sender = scene.start()
            if dice.random() < 0.25:
                sender.ended.wait(dice.uniform(0, STARTING_S))
            else:
                scene.relay.wait_for(max(len(scene.relay.taken), dice.randint(0, 300)), sender.ended)
                time.sleep(dice.uniform(0, MOMENT_S))
            scene.kill(sender)
        scene.resume()
        return judge(scene)


def killed_at_failpoint(stage: Stage, dice: Random, *, name: str, most: int, policy: str) -> Trial:
    """Have a sender kill itself at a named moment."""
    with stage.scene(Contents(300, policy=policy), Ways(connections=dice.choice((1, 3)))) as scene:
        sender = scene.run(failpoint=f"{name}:{dice.randint(1, most)}")
        assert sender.code == -signal.SIGKILL, f"{name} was not reached: {sender.words}"
        scene.faults = 1
        scene.resume()
        return judge(scene)


def killed_while_freezing(stage: Stage, dice: Random, *, name: str, policy: str) -> Trial:
    """Leave all of an edition in the ledger or nothing; a second freeze is the first or changes nothing."""
    with stage.scene(Contents(300, policy=policy, frozen=False), Ways()) as scene:
        (latest,) = scene.root.glob("out/*/latest")
        edition = str(Path("out", latest.parent.name, latest.read_text(encoding="utf-8").strip()))
        sender = scene.run(task="freeze", edition=edition, failpoint=name)
        assert sender.code == -signal.SIGKILL
        scene.faults = 1
        for _ in range(dice.randint(1, 2)):
            assert scene.run(task="freeze", edition=edition).code == 0
        scene.resume()
        return judge(scene, in_doubt=0)


def killed_in_the_dialogue(  # noqa: PLR0917 - the settings of a variant
    stage: Stage, dice: Random, step: str, most: int, policy: str, reply: str = "", letter_bytes: int = 0
) -> Trial:
    """Have the mail server kill the sender at one of its commands."""
    people = 30 if letter_bytes else 200
    ways = Ways(connections=dice.choice((1, 3)))
    with stage.scene(Contents(people, policy=policy, letter_bytes=letter_bytes), ways) as scene:
        said = reply.format(octets=dice.randint(1, LONG_LETTER_BYTES - 1)) or None
        strike = scene.relay.strike = Signal(step, dice.randint(1, most), signal.SIGKILL, said)
        sender = strike.aim(scene.start())
        assert scene.wait_for(sender) == -signal.SIGKILL
        scene.faults = 1
        scene.resume()
        return judge(scene)


BOTH: Final = (SQLITE, POSTGRES)
ROWS: Final = (
    Row(
        "killed-at-random",
        "SIGKILL at random moments, windows of 1, 10 and 50, 1 and 3 connections",
        killed_at_random,
        crossed(policy=POLICIES, connections=(1, 3), window=(1, 10, 50)),
        short=24,
        full=120,
        on=BOTH,
    ),
    Row(
        "killed-at-failpoint",
        "SIGKILL at every named moment of a send",
        killed_at_failpoint,
        tuple(
            {"name": name, "most": most, "policy": policy}
            for name, most in FAILPOINTS.items()
            for policy in POLICIES
        ),
        short=28,
        full=140,
        on=BOTH,
    ),
    Row(
        "killed-while-freezing",
        "SIGKILL while an edition is frozen",
        killed_while_freezing,
        crossed(name=FREEZING, policy=POLICIES),
        short=20,
        full=40,
        on=BOTH,
    ),
    Row(
        "killed-in-the-dialogue",
        "SIGKILL by the mail server at connect, EHLO, MAIL, RCPT, DATA, in the body, at the dot, after it",
        killed_in_the_dialogue,
        tuple({**moment, "policy": policy} for moment in MOMENTS for policy in POLICIES),
        short=24,
        full=160,
        on=BOTH,
    ),
)
