"""Why a bucket keeps letters back, and until when: one line for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter import clock
from newsletter.outbox.bucket import DAY_S, moment_of

if TYPE_CHECKING:
    from newsletter.outbox.bucket import Bucket


def why(bucket: Bucket) -> str:
    """Say what keeps letters back at the moment that the bucket is counted to.

    ``main: 500 of 500 letters of today are used; goes on at 00:00 UTC``
    """
    kind, _, name = bucket.key.partition(":")
    subject = {"channel": name, "from": f"letters from {name}", "to": f"letters to {name}"}[kind]
    words = _used_up(bucket)
    if not words and bucket.is_closed:
        words = "the service asked us to wait"
    if words:
        return f"{subject}: {words}; goes on {_when(bucket.opens_at, bucket.at)}"
    if bucket.is_slowed:
        return f"{subject}: the service said that we are too fast; {_pace(bucket.rate)} at most for now"
    return f"{subject}: {_pace(bucket.rate)} at most"


def _used_up(bucket: Bucket) -> str:
    """Return which cap is reached; empty when none is."""
    limit = bucket.limit
    if bucket.month_left == 0:
        return f"{bucket.month_used} of {limit.per_month} letters of this month are used"
    if bucket.today_left != 0:
        return ""
    warming = (
        f" (day {bucket.days_before + 1} of its warm-up)" if bucket.days_before < len(limit.warm_up) else ""
    )
    return f"{bucket.day_used} of {limit.of_day(bucket.days_before)} letters of today are used{warming}"


def _pace(rate: float) -> str:
    return f"{rate:.3g} letters a second" if rate >= 1 else f"{rate * 60:.3g} letters a minute"


def _when(at: float, now: float) -> str:
    moment = moment_of(at)
    time = f"{moment:%H:%M:%S}".removesuffix(":00")
    return f"at {time} UTC" if at - now <= DAY_S else f"{clock.in_words(moment)}, {time} UTC"
