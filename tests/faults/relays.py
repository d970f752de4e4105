"""Mail servers that drop, hang, talk nonsense, refuse, or are not there."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from tests.faults.row import POLICIES, Row, crossed
from tests.faults.setting import Contents, Ways
from tests.faults.strike import Answer
from tests.faults.verdict import judge
from tests.outbox.audience import states

if TYPE_CHECKING:
    from random import Random

    from tests.faults.scene import Scene
    from tests.faults.setting import Stage
    from tests.faults.verdict import Trial

HANG_S: Final = 0.25
"""How long a sender waits where the mail server hangs."""
LONG_LETTER_BYTES: Final = 100_000
BEFORE_THE_BODY: Final = tuple(
    {"step": step, "reply": reply}
    for step in ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA")
    for reply in ("drop", "close", "silence", "what was the question?", "999 odd")
)
AFTER_THE_DOT: Final = (
    {"step": "BODY", "reply": "drop after {octets}"},
    {"step": "BODY", "reply": "close after {octets}"},
    *(
        {"step": "DOT", "reply": reply}
        for reply in ("hang up", "drop", "close", "silence", "what was the question?", "354 go on")
    ),
)
"""The letter was taken, but for ``drop`` and ``close``; the sender cannot tell.

In the body, too: its dot is in the machine's buffers long before the server has read so far.
"""
FOR_NOW: Final = ("421", "450", "451", "452", "454")
FOR_GOOD: Final = ("550", "552", "553", "554")
ABOUT_US: Final = ("CONNECT", "EHLO", "MAIL")
ABOUT_THE_LETTER: Final = ("RCPT", "DATA", "DOT")


def broken_off(stage: Stage, dice: Random, *, step: str, reply: str, policy: str, doubtful: bool) -> Trial:
    """Break a few letters off; what was not handed over whole is never in doubt."""
    people = 30 if step == "BODY" else 60
    octets = dice.randint(1, LONG_LETTER_BYTES - 1)
    contents = Contents(people, policy=policy, letter_bytes=LONG_LETTER_BYTES if step == "BODY" else 0)
    ways = Ways(window=dice.choice((1, 10)), connections=dice.choice((1, 2)), timeout_s=HANG_S)
    with stage.scene(contents, ways) as scene:
        scene.relay.offer.pipelining = dice.random() < 0.75
        counts = {1} if step in {"CONNECT", "EHLO"} else set(dice.sample(range(1, people), 3))
        said = scene.relay.strike = Answer(step, reply.format(octets=octets), counts)
        scene.run()
        scene.resume()
        scene.faults = said.said
        return judge(scene, in_doubt=said.said if doubtful else 0)


def refused(stage: Stage, dice: Random, *, step: str, code: str) -> Trial:
    """Refuse a few letters, for now or for good; nobody else is concerned."""
    with stage.scene(Contents(60), Ways(connections=dice.choice((1, 2)))) as scene:
        scene.relay.offer.pipelining = dice.random() < 0.75
        # EHLO is followed by a HELO, which is refused too.
        counts = {1, 2} if step in {"CONNECT", "EHLO"} else set(dice.sample(range(1, 60), 3))
        said = scene.relay.strike = Answer(step, f"{code} not this one", counts)
        scene.run()
        at_once = states(scene.database)
        scene.resume()
        scene.faults = said.said
        return judge(scene, in_doubt=0, broken=_wrong_states(scene, step, code, at_once))


def _wrong_states(scene: Scene, step: str, code: str, at_once: dict[str, int]) -> tuple[str, ...]:
    failed = scene.faults if code in FOR_GOOD and step in ABOUT_THE_LETTER else 0
    wanted = {"sent": scene.people - failed} | ({"failed": failed} if failed else {})
    found = states(scene.database)
    broken: tuple[str, ...] = () if found == wanted else (f"{found} after {code} at {step}, not {wanted}",)
    if code in FOR_NOW and "failed" in at_once:
        broken += (f"{code} at {step} made letters fail at once",)
    return broken


def away(stage: Stage, dice: Random, *, manner: str, from_letter: int) -> Trial:
    """Have no mail server for a while, from the start or in the middle; then it is back."""
    with stage.scene(Contents(120), Ways(connections=2, timeout_s=HANG_S)) as scene:
        config = scene.root / "config.toml"
        text = config.read_text(encoding="utf-8")
        if from_letter:
            _send_some(scene, from_letter + dice.randint(0, 20))
        before = len(scene.relay.taken)
        if manner == "refused":
            config.write_text(text.replace(f"port = {scene.relay.port}", f"port = {_closed_port()}"), "utf-8")
        else:
            scene.relay.strike = Answer("CONNECT", manner, range(1, 1000))
        words = [scene.run().words for _ in range(dice.randint(1, 4))]
        config.write_text(text, encoding="utf-8")
        scene.relay.strike = None
        scene.faults = len(words)
        broken: tuple[str, ...] = ()
        if len(scene.relay.taken) != before:
            broken += ("a letter left while the mail server was away",)
        if not all(words):
            broken += ("nobody was told that the mail server is away",)
        if set(found := states(scene.database)) - {"pending", "sent", "deferred"}:
            broken += (f"while the mail server was away: {found}",)
        scene.resume()
        return judge(scene, in_doubt=0, broken=broken)


def _send_some(scene: Scene, count: int) -> None:
    """Have the connections break before the dot of a letter, and refuse new ones."""

    def strike(step: str, _count: int) -> str | None:
        if len(scene.relay.taken) < count:
            return None
        return "drop" if step in {"CONNECT", "MAIL"} else None

    scene.relay.strike = strike
    scene.run()


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


ROWS: Final = (
    Row(
        "broken-off-before-the-body",
        "connection dropped, closed, hanging or garbled at connect, EHLO, MAIL, RCPT, DATA",
        broken_off,
        tuple(
            {**moment, "policy": policy, "doubtful": False}
            for moment in BEFORE_THE_BODY
            for policy in POLICIES
        ),
        short=50,
        full=150,
        expected="never in doubt, never twice",
    ),
    Row(
        "broken-off-after-the-dot",
        "connection dropped, closed, hanging or garbled in the body and after the dot, taken or not",
        broken_off,
        tuple(
            {**moment, "policy": policy, "doubtful": True} for moment in AFTER_THE_DOT for policy in POLICIES
        ),
        short=24,
        full=128,
        expected="in doubt one by one",
    ),
    Row(
        "refused",
        "421 450 451 452 454 and 550 552 553 554 at connect, EHLO, MAIL, RCPT, DATA and the dot",
        refused,
        crossed(step=(*ABOUT_US, *ABOUT_THE_LETTER), code=(*FOR_NOW, *FOR_GOOD)),
        short=54,
        full=162,
        expected="4xx never fails before the horizon; 5xx about us fails nobody",
    ),
    Row(
        "away",
        "no mail server at the start, or all at once in the middle",
        away,
        crossed(from_letter=(0, 0, 40), manner=("refused", "close", "silence", "421 4.3.2 shutting down")),
        short=24,
        full=48,
        expected="nothing leaves, nothing fails, somebody is told",
    ),
)
