"""Ctrl-C and SIGTERM."""

from __future__ import annotations

import os
import signal

import pytest

from newsletter.cli.signals import until_signal


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_asks_and_the_second_one_ends(number: signal.Signals) -> None:
    """After the first, the program's own handlers are back."""
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    with until_signal() as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        assert stop.wait(5)
        assert {one: signal.getsignal(one) for one in before} == before

    assert {one: signal.getsignal(one) for one in before} == before
