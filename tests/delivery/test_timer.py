"""The clock calls, and nothing that happens in a step stops it."""

import logging
import threading

import pytest

from newsletter.delivery import timer
from newsletter.errors import ConfigError, Problem
from newsletter.storage.database import DatabaseProblemError

PATIENCE_S = 30
"""How long a test waits for what must come; it comes at once."""


def test_every_step_is_called_at_once_and_again() -> None:
    """Without waiting for the first turn of the clock."""
    thrice = [threading.Semaphore(0), threading.Semaphore(0)]

    with timer.ticking(*(calls.release for calls in thrice), every_s=0.05):
        for calls in thrice:
            for _ in range(3):
                assert calls.acquire(timeout=PATIENCE_S)


def test_a_step_that_takes_long_is_not_run_twice_and_holds_nobody_up() -> None:
    """A send of hours must not keep another campaign from beginning."""
    begun, go_on, others = threading.Semaphore(0), threading.Event(), threading.Semaphore(0)

    def send() -> None:
        begun.release()
        go_on.wait(PATIENCE_S)

    with timer.ticking(send, others.release, every_s=0.02):
        for _ in range(5):
            assert others.acquire(timeout=PATIENCE_S)
        assert begun.acquire(blocking=False)
        assert not begun.acquire(blocking=False)
        go_on.set()


def test_the_end_waits_for_the_step_under_way() -> None:
    """The window on the wire is finished."""
    begun, ended = threading.Event(), threading.Event()
    stop = threading.Event()

    def send() -> None:
        begun.set()
        stop.wait(PATIENCE_S)
        ended.set()

    with timer.ticking(send):
        assert begun.wait(PATIENCE_S)
        stop.set()

    assert ended.is_set()


def test_the_clock_does_not_chatter_about_skipped_turns(caplog: pytest.LogCaptureFixture) -> None:
    """They are the rule while a send runs."""
    go_on, others = threading.Event(), threading.Semaphore(0)

    with (
        caplog.at_level(logging.WARNING),
        timer.ticking(lambda: go_on.wait(PATIENCE_S), others.release, every_s=0.02),
    ):
        for _ in range(5):
            assert others.acquire(timeout=PATIENCE_S)
        go_on.set()

    assert caplog.records == []


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (DatabaseProblemError("another program holds the database", where="l.db"), 1),
        (ConfigError("", problems=[Problem("one", "a:1"), Problem("two", "a:2")]), 2),
        (KeyError("surprise"), 1),
        (OSError(28, "No space left on device"), 1),
    ],
)
def test_trouble_in_a_step_is_told_and_the_next_turn_comes(error: Exception, lines: int) -> None:
    """No traceback, and no end of the program."""
    said: list[str] = []

    def step() -> bool:
        raise error

    assert timer.attempt(step, said.append) is False
    assert len(said) == lines
    assert all(line.startswith("error: ") and "\n" not in line for line in said)
    assert timer.attempt(lambda: True, said.append) is True
