"""The clock of `newsletter run`: calls functions every few seconds. What is due is the database's to say."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from newsletter.errors import NewsletterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TICK_S = 5
"""Seconds between two calls of the same function."""

_log = logging.getLogger(__name__)


@contextmanager
def ticking(*steps: Callable[[], object], every_s: float = TICK_S) -> Iterator[None]:
    """Call each of ``steps`` now and then every ``every_s``, in threads, while the block runs.

    They start one shortly after the other, so that a step finds what the one
    before it made ready. A step never runs twice at once: one that takes long skips its turns, and
    does not hold up the others. The end of the block waits for steps under way.
    """
    from apscheduler.schedulers.background import BackgroundScheduler

    # A turn skipped because the last one still sends is no news.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(timezone=UTC)
    start = datetime.now(UTC)
    for place, step in enumerate(steps):
        scheduler.add_job(
            step,
            "interval",
            seconds=every_s,
            next_run_time=start + timedelta(seconds=every_s / 10 * place),
            max_instances=1,
            coalesce=True,
            # None: however late the machine wakes up, the step runs.
            misfire_grace_time=None,
        )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=True)


def attempt(step: Callable[[], bool], say: Callable[[str], None]) -> bool:
    """Run a step and return what it returns; trouble becomes one line and False, and the next turn comes."""
    try:
        return step()
    except NewsletterError as error:
        for line in str(error).splitlines():
            say(f"error: {line}")
    except Exception as error:  # noqa: BLE001 - whatever it is, what is due in five seconds must still leave
        _log.debug("a step failed", exc_info=True)
        say(f"error: {type(error).__name__}: {error}")
    return False
