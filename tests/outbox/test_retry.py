"""The waits between attempts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.outbox.retry import delay_s


def test_the_waits_grow_and_end() -> None:
    """Five minutes outlasts greylisting; a day is the horizon."""
    waits = [delay_s(attempts, give_up_after_h=24) for attempts in range(1, 9)]

    assert waits == [300, 900, 3600, 14400, 28800, 28800, None, None]


@pytest.mark.parametrize(("asked_for_s", "wait"), [(None, 300), (30, 300), (7200, 7200)])
def test_a_service_that_asks_for_patience_gets_it(asked_for_s: float | None, wait: float) -> None:
    """Never earlier than it said, never earlier than we would."""
    assert delay_s(1, give_up_after_h=24, asked_for_s=asked_for_s) == wait


def test_a_service_that_asks_for_more_than_the_horizon_gets_no_further_try() -> None:
    """Old news is not sent, and an edition ends."""
    assert delay_s(1, give_up_after_h=24, asked_for_s=25 * 3600) is None


@given(hours=st.floats(0.1, 200), attempts=st.integers(1, 50))
def test_nothing_is_given_up_before_the_horizon_and_everything_after_it(hours: float, attempts: int) -> None:
    """The waits so far, and the one that would follow, decide."""
    waits = [delay_s(number, give_up_after_h=10_000) or 0 for number in range(1, attempts + 1)]

    assert (delay_s(attempts, give_up_after_h=hours) is None) == (sum(waits) > hours * 3600)
