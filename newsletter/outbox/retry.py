"""When a deferred delivery is tried again, and when it is given up."""

from __future__ import annotations

from typing import Final

DELAYS_S: Final = (300, 900, 3_600, 4 * 3_600, 8 * 3_600)
"""Waits after the first, second, … refusal; the last one repeats.

The first is long enough for greylisting (RFC 6647 §5); mail servers keep trying
for days (RFC 5321 §4.5.4.1), but old news is spam, so the horizon is in hours.
"""


def delay_s(attempts: int, *, give_up_after_h: float, asked_for_s: float | None = None) -> float | None:
    """Return how long to wait after ``attempts`` refusals, or None: give it up.

    The horizon counts the waits themselves, not the clock: a pause or a computer
    that was switched off takes nothing away from a recipient.

    Args:
        attempts: how often it was tried, at least 1.
        give_up_after_h: hours of waiting after which it is given up.
        asked_for_s: what the service asked for; it is never tried earlier.

    >>> [delay_s(n, give_up_after_h=24) for n in (1, 2, 6, 7)]
    [300, 900, 28800, None]
    """
    waits = [_step(number) for number in range(attempts)]
    wait_s = max(waits[-1], asked_for_s or 0)
    if sum(waits[:-1]) + wait_s > give_up_after_h * 3600:
        return None
    return wait_s


def _step(number: int) -> int:
    return DELAYS_S[min(number, len(DELAYS_S) - 1)]
