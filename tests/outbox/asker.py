"""A program that asks for tokens as a sender does, until its time is over; tests run several at once.

``python asker.py URL ROOT RATE SECONDS``: prints "ready", waits for a line,
then prints how many letters it was granted, and when it asked last (seconds since 1970).
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from pathlib import Path

from newsletter import clock
from newsletter.outbox import limits
from newsletter.outbox.bucket import Limit
from newsletter.outbox.limits import Grant, Limits
from newsletter.storage.database import Database, open_database

WINDOW = 50


def ask(database: Database, rate: float) -> Grant:
    """Ask for one window."""
    with database.write() as connection:
        return limits.grant(
            connection,
            Limits(channels={"main": Limit(per_second=rate)}),
            channel="main",
            sender_domain="river.example",
            recipient_domains=["example.org"] * WINDOW,
            most=WINDOW,
            now=clock.now(),
        )


def main(url: str, root: str, rate: str, seconds: str) -> None:
    """Ask again whenever it is worth it, and once more at the end."""
    database = open_database(url, Path(root))
    print("ready", flush=True)  # noqa: T201 - the test reads it
    sys.stdin.readline()
    end, granted = clock.now() + timedelta(seconds=float(seconds)), 0
    while (now := clock.now()) < end:
        answer = ask(database, float(rate))
        granted += len(answer.granted)
        if answer.again_at:
            time.sleep(max(0.0, (min(answer.again_at, end) - now).total_seconds()))
    granted += len(ask(database, float(rate)).granted)
    last = clock.now().timestamp()
    database.close()
    print(granted, last)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
