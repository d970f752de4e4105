"""Tokens are taken for all programs together, in the transaction that marks the letters."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, select

from newsletter import clock, config
from newsletter.mail.folder import Folder
from newsletter.outbox import limits
from newsletter.outbox.bucket import Limit
from newsletter.outbox.limits import Grant, Limits, limits_of
from newsletter.storage.tables import bucket
from newsletter.workspace import Workspace
from tests.outbox import asker

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.storage.database import Database

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
MAIN_ONLY = Limits(channels={"main": Limit(per_second=10, per_day=25, per_month=40)})


def ask(
    database: Database,
    held_to: Limits,
    domains: list[str],
    *,
    most: int = 50,
    at: datetime = NOW,
    channel: str = "main",
) -> Grant:
    """Ask for letters of River's."""
    with database.write() as connection:
        return limits.grant(
            connection,
            held_to,
            channel=channel,
            sender_domain="river.example",
            recipient_domains=domains,
            most=most,
            now=at,
        )


def slow(database: Database, held_to: Limits, domain: str, retry_after_s: float | None = None) -> None:
    """Have a domain say that we are too fast."""
    with database.write() as connection:
        limits.slow_down(connection, held_to, domain, retry_after_s=retry_after_s, now=NOW)


def keys(database: Database) -> list[str]:
    """Return the keys that have a row."""
    with database.read() as connection:
        return list(connection.execute(select(bucket.c.key).order_by(bucket.c.key)).scalars())


def test_where_nothing_is_limited_one_look_is_all_it_costs(database: Database) -> None:
    """As many go as are wanted; no row is written."""
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: statements.append(str(given[2])))

    answer = ask(database, Limits(), ["a.example", "b.example", "c.example"], most=2)

    assert answer == Grant((0, 1))
    assert [words.split()[0] for words in statements if "bucket" in words] == ["SELECT"]
    assert keys(database) == []


def test_a_transport_gives_a_second_s_worth_then_its_rate_then_its_day_and_its_month(
    database: Database,
) -> None:
    """Each with the moment at which it goes on, and why."""
    letters = ["example.org"] * 50

    first = ask(database, MAIN_ONLY, letters)
    assert (len(first.granted), first.why) == (10, "main: 10 letters a second at most")
    assert first.again_at == NOW + timedelta(seconds=0.2)
    assert len(ask(database, MAIN_ONLY, letters, at=first.again_at).granted) == 2
    assert len(ask(database, MAIN_ONLY, letters, at=NOW + timedelta(seconds=1.2)).granted) == 10

    spent = ask(database, MAIN_ONLY, letters, at=NOW + timedelta(minutes=1))
    assert len(spent.granted) == 3
    assert spent.why == "main: 25 of 25 letters of today are used; goes on at 00:00 UTC"
    midnight = datetime(2026, 5, 5, tzinfo=UTC)
    assert spent.again_at == midnight

    assert len(ask(database, MAIN_ONLY, letters, at=midnight).granted) == 10
    last = ask(database, MAIN_ONLY, letters, at=midnight + timedelta(seconds=5))
    assert (len(last.granted), last.again_at) == (5, datetime(2026, 6, 1, tzinfo=UTC))
    assert last.why.startswith("main: 40 of 40 letters of this month are used; goes on Monday 1 June 2026")


def test_letters_to_other_domains_overtake_one_that_is_full(database: Database) -> None:
    """In the order they were given, as many as are wanted."""
    held_to = Limits(recipients={"slow.example": Limit(per_second=2)})
    domains = ["slow.example"] * 4 + ["a.example", "slow.example", "b.example", "c.example"]

    assert ask(database, held_to, domains, most=4).granted == (0, 1, 4, 6)
    later = ask(database, held_to, domains, most=4)
    assert later.granted == (4, 6, 7)
    assert later.why == "letters to slow.example: 2 letters a second at most"
    assert later.again_at == NOW + timedelta(seconds=0.5)


def test_a_letter_goes_when_none_of_its_three_keys_objects(database: Database) -> None:
    """What is waited for is the one that takes longest; others' letters do not count."""
    held_to = Limits(
        channels={"main": Limit(per_second=5)},
        senders={"river.example": Limit(per_day=3)},
        recipients={"a.example": Limit(per_second=1)},
    )

    answer = ask(database, held_to, ["a.example", "a.example", "b.example", "b.example", "b.example"])

    assert answer.granted == (0, 2, 3)
    assert answer.again_at == datetime(2026, 5, 5, tzinfo=UTC)
    assert answer.why.startswith("letters from river.example: 3 of 3")
    assert keys(database) == ["channel:main", "from:river.example", "to:a.example"]


def test_what_did_not_leave_is_given_back(database: Database) -> None:
    """To every key that had counted it."""
    held_to = Limits(
        channels={"main": Limit(per_second=5, per_day=5)}, recipients={"a.example": Limit(per_day=2)}
    )
    domains = ["a.example", "a.example", "b.example", "b.example", "b.example"]
    assert len(ask(database, held_to, domains).granted) == 5

    with database.write() as connection:
        limits.give_back(
            connection,
            held_to,
            channel="main",
            sender_domain="river.example",
            recipient_domains=["a.example", "b.example"],
            now=NOW,
        )

    assert ask(database, held_to, domains).granted == (0, 2)


def test_a_transaction_that_is_rolled_back_has_taken_nothing(database: Database) -> None:
    """The tokens belong to the ledger's own write."""
    with pytest.raises(RuntimeError), database.write() as connection:
        limits.grant(
            connection,
            MAIN_ONLY,
            channel="main",
            sender_domain="river.example",
            recipient_domains=["example.org"] * 50,
            most=50,
            now=NOW,
        )
        raise RuntimeError

    assert len(ask(database, MAIN_ONLY, ["example.org"] * 50).granted) == 10


def test_a_domain_that_says_we_are_too_fast_gets_less_and_recovers(database: Database) -> None:
    """Without any limit in config.toml; its row is gone once it is long over."""
    slow(database, Limits(), "busy.example")
    slow(database, Limits(), "busy.example")
    domains = ["busy.example"] * 3 + ["a.example"]

    answer = ask(database, Limits(), domains)
    assert answer.granted == (3,)
    assert answer.why.startswith(
        "letters to busy.example: the service said that we are too fast; 2.5 letters"
    )
    assert ask(database, Limits(), domains, at=NOW + timedelta(seconds=0.8)).granted == (0, 1, 3)
    assert ask(database, Limits(), domains, at=NOW + timedelta(minutes=10)).granted == (0, 1, 2, 3)

    with database.write() as connection:
        tomorrow = NOW + timedelta(days=1)
        limits.slow_down(connection, Limits(), "other.example", retry_after_s=None, now=tomorrow)
    assert keys(database) == ["to:other.example"]


def test_a_wish_to_be_left_alone_is_kept_to_the_second(database: Database) -> None:
    """Other domains are not concerned."""
    slow(database, MAIN_ONLY, "busy.example", retry_after_s=120)

    answer = ask(database, MAIN_ONLY, ["busy.example", "a.example"])
    assert (answer.granted, answer.again_at) == ((1,), NOW + timedelta(seconds=120))
    assert ask(database, MAIN_ONLY, ["busy.example"], at=NOW + timedelta(seconds=119)).granted == ()
    assert ask(database, MAIN_ONLY, ["busy.example"], at=NOW + timedelta(seconds=120)).granted == (0,)


def test_an_account_can_be_slowed_down_as_a_whole(database: Database) -> None:
    """A mail API that answers 429 means the account, whoever the letters are for."""
    with database.write() as connection:
        limits.slow_down(connection, Limits(), channel="main", retry_after_s=60, now=NOW)
        left = limits.left(connection, Limits(), "main", NOW)

    assert left.available_at == NOW + timedelta(seconds=60)
    assert left.why == "main: the service asked us to wait; goes on at 09:31 UTC"
    assert ask(database, Limits(), ["a.example"]).granted == ()
    assert ask(database, Limits(), ["a.example"], channel="other").granted == (0,)


def test_what_is_left_of_a_transport_s_day_and_month_can_be_told(database: Database) -> None:
    """Before, in between, and when it is used up."""
    letters = ["example.org"] * 10
    with database.read() as connection:
        fresh = limits.left(connection, MAIN_ONLY, "main", NOW)
        free = limits.left(connection, MAIN_ONLY, "other", NOW)
    ask(database, MAIN_ONLY, letters)
    ask(database, MAIN_ONLY, letters, at=NOW + timedelta(seconds=1))
    with database.read() as connection:
        used = limits.left(connection, MAIN_ONLY, "main", NOW + timedelta(seconds=1))
    ask(database, MAIN_ONLY, letters, at=NOW + timedelta(seconds=2))
    with database.read() as connection:
        spent = limits.left(connection, MAIN_ONLY, "main", NOW + timedelta(seconds=2))

    assert (fresh.today, fresh.this_month, fresh.available_at) == (25, 40, NOW)
    assert (free.today, free.this_month, free.available_at) == (None, None, NOW)
    assert (used.today, used.this_month, used.why) == (5, 20, "")
    assert (spent.today, spent.available_at) == (0, datetime(2026, 5, 5, tzinfo=UTC))
    assert spent.why == "main: 25 of 25 letters of today are used; goes on at 00:00 UTC"


def test_the_settings_become_limits_by_key(tmp_path: Path) -> None:
    """Domains as in the ledger: lower case, ASCII; a transport without limits is left out."""
    (tmp_path / "config.toml").write_text(
        """\
[organisation]
name = "River Trust"
sender = "River Trust <news@rivertrust.example>"
postal_address = "1 Quay Street, Bristol"
public_url = "https://news.rivertrust.example"
[[limit]]
recipient_domain = "Rivière.example"
per_second = 2
per_minute = 60
[[limit]]
sender_domain = "rivertrust.example"
per_month = 9000
warm_up = [50, 100]
""",
        encoding="utf-8",
    )
    settings = config.load(Workspace(tmp_path)).config
    free = Folder(name="free", path=tmp_path)

    found = limits_of(settings, [free, replace(free, name="main", per_day=500)])

    assert found == Limits(
        channels={"main": Limit(per_day=500)},
        senders={"rivertrust.example": Limit(per_month=9000, warm_up=(50, 100))},
        recipients={"xn--rivire-6ua.example": Limit(per_second=1)},
    )


def test_windows_that_name_domains_in_any_order_never_wait_for_each_other(database: Database) -> None:
    """Slowing down one domain and asking for another, both ways round, many times."""
    held_to = Limits(recipients={name: Limit(per_second=1000) for name in ("a.example", "b.example")})
    failures: list[BaseException] = []

    def turn(slowed: str, asked: str) -> None:
        try:
            for _ in range(40):
                with database.write() as connection:
                    limits.slow_down(connection, held_to, slowed, retry_after_s=None, now=clock.now())
                    limits.grant(
                        connection,
                        held_to,
                        channel="main",
                        sender_domain="river.example",
                        recipient_domains=[asked, slowed],
                        most=2,
                        now=clock.now(),
                    )
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            failures.append(error)

    pair = [("a.example", "b.example"), ("b.example", "a.example")]
    threads = [threading.Thread(target=turn, args=names) for names in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []


def test_four_programs_together_keep_to_the_limit_and_use_it(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    """At least 95 % of it, for three seconds of real time."""
    rate, seconds = 200, 3
    command = [sys.executable, asker.__file__, database_url, str(tmp_path), str(rate), str(seconds)]
    programs = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    while asker.ask(database, rate).granted:
        pass  # the burst of the first second is no part of the rate
    began = clock.now().timestamp()

    for program in programs:
        assert program.stdin is not None
        program.stdin.write("go\n")
        program.stdin.flush()
    answers = [program.communicate()[0].split() for program in programs]

    granted = sum(int(count) for count, _ in answers)
    lasted_s = max(float(last) for _, last in answers) - began
    assert 0.95 * rate * seconds <= granted <= rate * lasted_s + 1
