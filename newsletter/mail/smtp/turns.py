"""Keep several connections busy in one thread: whichever has an answer goes on.

Threads would do the same for several times the price: each of them lets go of
the interpreter for every read and write, and waits to have it back.
"""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

    from newsletter.mail.smtp.line import Line

AT_ONCE_S: Final = 0.001
"""How long a line that was given up waits once more, for its read to say so."""


def take_turns(work: Mapping[Line, Generator[None]], idle: Callable[[], object]) -> None:
    """Run what every line has to do until all of it is done; ``idle`` is done when all of them wait."""
    if len(work) == 1:
        for _ in next(iter(work.values())):
            idle()
        return
    until: dict[Line, float] = {}
    for line in work:
        _go_on(line, work[line], until)
    while until:
        ready = _ready(until, 0)
        if not ready:
            idle()
            ready = _ready(until, max(0.0, min(until.values()) - time.monotonic()))
        for line in ready or _given_up(until):
            _go_on(line, work[line], until)


def _go_on(line: Line, work: Generator[None], until: dict[Line, float]) -> None:
    """Let a line do what it can without waiting; note until when it waits then."""
    for _ in work:
        assert line.server is not None
        until[line] = time.monotonic() + line.server.patience_s
        return
    until.pop(line, None)


def _ready(waiting: Iterable[Line], timeout_s: float) -> list[Line]:
    """Return the lines whose server has said something, or has gone."""
    sockets = {}
    for line in waiting:
        server = line.server
        assert server is not None
        if server.sock is None or server.has_more:
            return [line]
        sockets[server.sock] = line
    readable, _, _ = select.select(list(sockets), (), (), timeout_s)
    return [sockets[sock] for sock in readable]


def _given_up(until: Mapping[Line, float]) -> list[Line]:
    """Return the lines whose server has taken too long; their next read ends at once."""
    now = time.monotonic()
    late = [line for line, moment in until.items() if moment <= now]
    for line in late:
        assert line.server is not None
        line.server.patience_s = AT_ONCE_S
    return late
