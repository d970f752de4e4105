"""Taking over from the dead."""

from __future__ import annotations

import dataclasses
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from newsletter.config import Sending
from newsletter.outbox import hold, ledger
from newsletter.outbox.claim import LEASE_S, Sender
from newsletter.outbox.ledger import IN_DOUBT
from newsletter.outbox.recover import WHY, at_work, is_gone, recover
from newsletter.storage.tables import delivery, slice_
from tests.outbox.audience import NOW, edition_in, frozen_in, later, states, subscribe

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.storage.database import Database

LONG_AGO = later(seconds=-1)
SOON = later(seconds=60)


@pytest.fixture
def dead_pid() -> int:
    """Return the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def die_sending(database: Database, owner: str, channel: str = "main") -> Sender:
    """Mark a window and never come back; return another sender."""
    dead = Sender(signing_key=b"k" * 32, rules=Sending(window=2), owner=owner)
    with database.write() as connection:
        held = dead.claim(connection, channel, NOW)
        assert held is not None
        dead.advance(connection, held, (), size=2, now=NOW)
    return dataclasses.replace(dead, owner=f"{socket.gethostname()}:{os.getpid()}:alive")


def recovered(database: Database, sender: Sender, now: Any = NOW) -> dict[str, int]:
    """Recover, and return the counts."""
    with database.write() as connection:
        return dict(recover(connection, sender, now))


def test_a_process_that_is_gone_is_dead_at_once(dead_pid: int) -> None:
    """On this machine there is no need to wait for a lease."""
    host = socket.gethostname()

    assert is_gone(f"{host}:{dead_pid}:ab", SOON, NOW)
    assert not is_gone(f"{host}:1:ab", SOON, NOW)
    assert not is_gone(f"elsewhere:{dead_pid}:ab", SOON, NOW)


def test_of_this_process_only_those_at_work_are_alive() -> None:
    """One that ended in trouble left its slices behind."""
    owner = f"{socket.gethostname()}:{os.getpid()}:ab"

    with at_work(owner):
        assert not is_gone(owner, SOON, NOW)
    assert is_gone(owner, SOON, NOW)


def test_a_sender_elsewhere_is_dead_when_its_lease_has_run_out(dead_pid: int) -> None:
    """Also one whose number another process has taken."""
    assert is_gone(f"elsewhere:{dead_pid}:ab", LONG_AGO, NOW)
    assert is_gone(f"{socket.gethostname()}:{os.getpid()}:ab", LONG_AGO, NOW)
    assert is_gone("elsewhere:1:ab", None, NOW)


def test_what_was_on_the_wire_is_in_doubt_and_the_rest_is_not(
    database: Database, tmp_path: Path, dead_pid: int
) -> None:
    """At most a window; the slice is free for others."""
    subscribe(database, 5)
    frozen_in(database, edition_in(tmp_path), tmp_path)
    alive = die_sending(database, f"{socket.gethostname()}:{dead_pid}:ab")

    assert recovered(database, alive) == {"unknown": 2}
    assert states(database) == {"unknown": 2, "pending": 3}
    with database.read() as connection:
        doubts = select(delivery.c.reply).where(delivery.c.state == "unknown")
        assert set(connection.execute(doubts).scalars()) == {WHY}
        assert connection.execute(select(slice_.c.owner, slice_.c.fence)).one() == ("", 2)
    with database.write() as connection:
        assert alive.claim(connection, "main", NOW) is not None


def test_a_living_sender_is_left_alone_until_its_lease_ends(database: Database, tmp_path: Path) -> None:
    """It may be on another machine."""
    subscribe(database, 3)
    frozen_in(database, edition_in(tmp_path), tmp_path)
    alive = die_sending(database, "elsewhere:77:ab")

    assert recovered(database, alive, later(seconds=LEASE_S - 1)) == {}
    assert recovered(database, alive, later(seconds=LEASE_S)) == {"unknown": 2}


def test_with_the_policy_resend_the_doubtful_go_again(
    database: Database, tmp_path: Path, dead_pid: int
) -> None:
    """With the same key and Message-ID; the attempt counts."""
    subscribe(database, 3)
    frozen_in(database, edition_in(tmp_path), tmp_path, on_unknown="resend")
    alive = die_sending(database, f"{socket.gethostname()}:{dead_pid}:ab")

    assert recovered(database, alive) == {"pending": 2}
    with database.write() as connection:
        held = alive.claim(connection, "main", NOW)
        assert held is not None
        window = alive.advance(connection, held, (), size=3, now=NOW).window
    assert [one.attempts for one in window] == [2, 2, 1]


def test_a_network_that_drops_repeats_gets_one_while_it_still_remembers(
    database: Database, tmp_path: Path, dead_pid: int
) -> None:
    """Otherwise a person decides."""
    frozen_in(database, edition_in(tmp_path, lists=(), accounts=("toots", "posts")), tmp_path)
    owner = f"{socket.gethostname()}:{dead_pid}:ab"
    die_sending(database, owner, "posts")
    alive = dataclasses.replace(die_sending(database, owner, "toots"), honours_key_for_s={"toots": 3600})

    assert recovered(database, alive, later(minutes=30)) == {"pending": 1, "unknown": 1}
    with database.read() as connection:
        row = connection.execute(select(delivery).where(delivery.c.state == "pending")).one()
    assert (row.recipient, row.code, row.at) == ("toots", IN_DOUBT, NOW)


def test_a_repeat_that_comes_too_late_for_the_key_is_not_made(
    database: Database, tmp_path: Path, dead_pid: int
) -> None:
    """It would be published twice."""
    frozen_in(database, edition_in(tmp_path, lists=(), accounts=("toots",)), tmp_path)
    alive = die_sending(database, f"{socket.gethostname()}:{dead_pid}:ab", "toots")
    alive = dataclasses.replace(alive, honours_key_for_s={"toots": 3600})
    recovered(database, alive, later(minutes=30))
    with database.write() as connection:
        held = alive.claim(connection, "toots", later(minutes=61))
        assert held is not None
        step = alive.advance(connection, held, (), size=1, now=later(minutes=61))

    assert step.window == ()
    assert states(database) == {"unknown": 1}


def test_nothing_of_a_cancelled_edition_comes_back(database: Database, tmp_path: Path, dead_pid: int) -> None:
    """Not even with the policy resend."""
    subscribe(database, 3)
    frozen_in(database, edition_in(tmp_path), tmp_path, on_unknown="resend")
    alive = die_sending(database, f"{socket.gethostname()}:{dead_pid}:ab")
    with database.write() as connection:
        hold.cancel(connection, ledger.find(connection, "autumn"), NOW)

    assert recovered(database, alive) == {"unknown": 2}
    assert states(database) == {"unknown": 2, "cancelled": 1}
