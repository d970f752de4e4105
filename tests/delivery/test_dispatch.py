"""Editions leave, over real SMTP and into folders, and the ledger says what happened."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from newsletter.audience import signing, suppression
from newsletter.delivery import mailing
from newsletter.delivery.dispatch import dispatch
from newsletter.errors import PermanentError, RefusedSenderError, TransientError, UnknownOutcomeError
from newsletter.outbox import hold, ledger, upkeep
from newsletter.reports.numbers import numbers
from newsletter.social.folder import Folder
from newsletter.storage.database import DatabaseProblemError, open_database
from newsletter.storage.tables import delivery, slice_
from tests.delivery.studio import Clock, account, command, freeze, opened, write_config
from tests.mail.relay import HANG_UP, Relay
from tests.outbox.audience import later, row_of, states, subscribe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter.app import App
    from newsletter.model import Receipt

pytestmark = pytest.mark.usefixtures("workspace_database")


@pytest.fixture
def relay() -> Iterator[Relay]:
    """Return a mail server."""
    with Relay() as running:
        yield running


@pytest.fixture
def app(tmp_path: Path, workspace_database: str, relay: Relay) -> Iterator[App]:
    """Return a workspace that sends to the relay, with one social account."""
    write_config(tmp_path, port=relay.port, mail="+connections = 2", social=account("posts"))
    with opened(tmp_path) as found:
        yield found


def state_of(app: App) -> str:
    """Return the state of the only edition."""
    with app.database.read() as connection:
        return ledger.find(connection, "autumn").state


def test_everybody_gets_it_once_on_every_channel(app: App, relay: Relay) -> None:
    """Over several connections; the relay's tally agrees with the ledger."""
    everybody = subscribe(app.database, 1_012)
    made = freeze(app, accounts=("posts",))
    summary = dispatch(app)

    assert relay.tally() == dict.fromkeys(everybody, 1)
    assert summary.counts == {"sent": 1_013}
    assert summary.troubles == ()
    assert states(app.database) == {"sent": 1_013}
    assert state_of(app) == "finished"
    assert [path.suffix for path in (app.workspace.root / "social").iterdir()] == [".txt"]
    with app.database.read() as connection:
        facts = numbers(connection, made.id)
    assert facts["total"] == sum(facts["states"].values()) == 1_013


def test_a_second_dispatch_sends_nothing(app: App, relay: Relay) -> None:
    """Nothing is due."""
    subscribe(app.database, 3)
    freeze(app)
    dispatch(app)

    assert dispatch(app).counts == {}
    assert len(relay.received) == 3


def test_only_the_edition_asked_for_leaves(app: App, relay: Relay) -> None:
    """Another one may be waiting for a reason."""
    subscribe(app.database, 2)
    one, other = freeze(app), freeze(app, subject="Otters again", text="Again.")
    dispatch(app, edition_id=other.id)

    assert len(relay.received) == 2
    with app.database.read() as connection:
        assert ledger.find(connection, one.id).state == "sending"
        assert ledger.find(connection, other.id).state == "finished"


def test_every_answer_of_the_server_becomes_its_state(app: App, relay: Relay) -> None:
    """And its words are kept."""
    subscribe(app.database, 6)
    relay.script["RCPT", "reader1@example.org"] = ["550 5.1.1 no such user"]
    relay.script["RCPT", "reader2@example.org"] = ["451 4.7.1 greylisted"]
    relay.script["DOT", "reader3@example.org"] = [HANG_UP]
    freeze(app)
    dispatch(app)

    assert states(app.database) == {"sent": 3, "failed": 1, "deferred": 1, "unknown": 1}
    failed, waiting = row_of(app.database, "reader1@example.org"), row_of(app.database, "reader2@example.org")
    assert (failed.code, failed.reply) == ("550", "550 5.1.1 no such user")
    assert waiting.next_attempt_at == later(minutes=5)
    assert row_of(app.database, "reader0@example.org").remote_id == "4F1A2"
    assert state_of(app) == "sending"


def test_a_greylisted_letter_arrives_at_its_second_try(app: App, relay: Relay) -> None:
    """With the same Message-ID, and not before its time."""
    subscribe(app.database, 1)
    relay.script["RCPT", "reader0@example.org"] = ["451 4.7.1 greylisted"]
    freeze(app)
    dispatch(app)
    assert isinstance(app.now, Clock)
    app.now.moment = later(minutes=4)
    assert dispatch(app).counts == {}
    app.now.moment = later(minutes=5)
    dispatch(app)

    assert len(relay.received) == 1
    assert states(app.database) == {"sent": 1}
    assert row_of(app.database, "reader0@example.org").attempts == 2
    assert state_of(app) == "finished"


def test_a_doubtful_letter_that_is_sent_again_is_the_same_letter(app: App, relay: Relay) -> None:
    """Only a person, or the policy, sends it twice."""
    subscribe(app.database, 1)
    relay.script["DOT", "reader0@example.org"] = [HANG_UP]
    freeze(app)
    dispatch(app)
    assert dispatch(app).counts == {}
    with app.database.write() as connection:
        upkeep.resolve(connection, ledger.find(connection, "autumn"), "resend", app.now())
    dispatch(app)

    first, second = (message for _, message in relay.received)
    assert first == second
    assert states(app.database) == {"sent": 1}


def test_who_unsubscribed_since_the_freeze_gets_nothing(app: App, relay: Relay) -> None:
    """Also in the middle of a send."""
    subscribe(app.database, 3)
    freeze(app)
    with app.database.write() as connection:
        key = signing.signing_key(connection, app.now())
        suppression.suppress(connection, key, "reader1@example.org", "unsubscribed", "link", app.now())
    dispatch(app)

    assert relay.tally() == {"reader0@example.org": 1, "reader2@example.org": 1}
    assert states(app.database) == {"sent": 2, "suppressed": 1}
    assert state_of(app) == "finished"


def test_a_dead_relay_costs_nobody_anything(tmp_path: Path) -> None:
    """The letters wait; the snippet leaves."""
    with Relay() as gone:
        port = gone.port
    write_config(tmp_path, port=port, social=account("posts"))
    with opened(tmp_path) as app:
        subscribe(app.database, 7)
        freeze(app, accounts=("posts",))
        summary = dispatch(app)

        assert states(app.database) == {"pending": 7, "sent": 1}
        assert len(summary.troubles) == 1
        assert f"127.0.0.1:{port}: the mail server cannot be reached" in summary.troubles[0]
        assert row_of(app.database, "reader0@example.org").attempts == 0
        assert state_of(app) == "sending"


def test_a_refused_sender_pauses_the_edition_and_the_snippet_still_leaves(app: App, relay: Relay) -> None:
    """No subscriber is blamed; after resume everybody gets it."""
    subscribe(app.database, 20)
    relay.script["MAIL", "news@rivertrust.example"] = ["550 5.7.1 you are blocked"] * 2
    freeze(app, accounts=("posts",))
    summary = dispatch(app)

    assert states(app.database) == {"pending": 20, "sent": 1}
    assert any("550 5.7.1 you are blocked" in line for line in summary.troubles)
    assert state_of(app) == "paused"
    relay.script.clear()
    with app.database.write() as connection:
        hold.resume(connection, ledger.find(connection, "autumn"))
    dispatch(app)
    assert states(app.database) == {"sent": 21}
    assert set(relay.tally().values()) == {1}


def test_a_wrong_password_is_tried_once_however_many_lanes_there_are(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten failed logins lock an account."""
    tries: list[int] = []

    def refuse(_transport: Any) -> Any:
        tries.append(1)
        raise RefusedSenderError("535 5.7.8 wrong password", where="mail.example:587", code="535")

    monkeypatch.setattr("newsletter.mail.smtp.Smtp.connect", refuse)
    subscribe(app.database, 1_200)
    freeze(app)
    dispatch(app)

    assert len(tries) == 1
    assert states(app.database) == {"pending": 1_200}
    assert state_of(app) == "paused"


def test_one_account_that_fails_hides_and_delays_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every kind of failure, and a bug, beside one that works."""
    failures: dict[str, BaseException] = {
        "refused": RefusedSenderError("the token was revoked", code="401"),
        "busy": TransientError("too many", code="429", retry_after_s=7200),
        "wrong": PermanentError("too long", code="422"),
        "lost": UnknownOutcomeError("no answer", code="timeout"),
        "broken": KeyError("id"),
    }
    real = Folder.publish

    def publish(self: Folder, *arguments: Any, **options: Any) -> Receipt:
        if self.name in failures:
            raise failures[self.name]
        return real(self, *arguments, **options)

    monkeypatch.setattr(Folder, "publish", publish)
    names = (*failures, "good")
    write_config(tmp_path, mail='type = "folder"\npath = "mail"', social="\n".join(map(account, names)))
    with opened(tmp_path) as app:
        subscribe(app.database, 2)
        freeze(app, accounts=names)
        summary = dispatch(app)

        found = {name: row_of(app.database, name) for name in names}
        assert {name: row.state for name, row in found.items()} == {
            "refused": "failed",
            "busy": "deferred",
            "wrong": "failed",
            "lost": "deferred",
            "broken": "deferred",
            "good": "sent",
        }
        assert found["busy"].next_attempt_at == later(hours=2)
        assert found["refused"].reply == "the token was revoked"
        assert found["lost"].code == found["broken"].code == "in-doubt"
        assert summary.troubles == ("broken: the program failed while it was sending: KeyError: 'id'",)
        assert row_of(app.database, "reader0@example.org").state == "sent"


def test_frozen_files_that_were_changed_pause_the_edition(app: App, relay: Relay) -> None:
    """What was approved is what is sent, or nothing is."""
    subscribe(app.database, 2)
    made = freeze(app)
    (made.folder / "email.txt").write_text("Something else.", encoding="utf-8")
    summary = dispatch(app)

    assert relay.received == []
    assert states(app.database) == {"pending": 2}
    assert state_of(app) == "paused"
    assert "changed after it was built" in summary.troubles[0]


def test_a_channel_that_is_gone_from_the_settings_is_named(app: App, tmp_path: Path, relay: Relay) -> None:
    """Its deliveries wait; nobody else does."""
    subscribe(app.database, 2)
    freeze(app, accounts=("posts",))
    write_config(tmp_path, port=relay.port)
    with opened(tmp_path) as without:
        summary = dispatch(without)

    assert summary.counts == {"sent": 2}
    assert "'posts'" in summary.troubles[0]
    assert "[[social]]" in summary.troubles[0]


def test_stopping_finishes_the_window_on_the_wire_and_starts_none(app: App, relay: Relay) -> None:
    """No doubt is left behind."""
    subscribe(app.database, 60)
    freeze(app)
    stop = threading.Event()
    dispatch(app, stop=stop, on_progress=lambda counts: stop.set() if counts else None)

    found = states(app.database)
    assert set(found) == {"sent", "pending"}
    assert found["sent"] == len(relay.received) <= 30
    dispatch(app)
    assert states(app.database) == {"sent": 60}
    assert set(relay.tally().values()) == {1}


@pytest.mark.parametrize("fresh_database", ["sqlite"], indirect=True)
def test_outcomes_that_cannot_be_written_are_in_doubt_and_never_sent_again(
    app: App, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fills up, or another program holds the database, between the wire and the ledger."""
    subscribe(app.database, 12)
    freeze(app)
    path = app.workspace.root / "newsletter.db"
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    quick = open_database("sqlite:///newsletter.db", app.workspace.root, busy_timeout_s=0.2)
    real = mailing.MailCarrier.carry

    def carry(self: Any, *arguments: Any) -> Any:
        outcomes = real(self, *arguments)
        holder.execute("BEGIN EXCLUSIVE")
        return outcomes

    with monkeypatch.context() as patched, pytest.raises(DatabaseProblemError, match="holds the database"):
        patched.setitem(vars(app), "database", quick)
        patched.setattr(mailing.MailCarrier, "carry", carry)
        dispatch(app)
    holder.execute("ROLLBACK")
    holder.close()
    quick.close()
    assert states(app.database) == {"sending": 10, "pending": 2}  # a window for each of two connections

    with app.database.write() as connection:
        connection.execute(update(slice_).values(lease_until=app.now()))
    dispatch(app)
    assert states(app.database) == {"unknown": 10, "sent": 2}
    assert set(relay.tally().values()) == {1}


def test_two_dispatchers_on_one_database_write_to_nobody_twice(tmp_path: Path) -> None:
    """Two programs, started together."""
    with Relay() as relay:
        write_config(tmp_path, port=relay.port, mail="+connections = 2")
        with opened(tmp_path) as app:
            everybody = subscribe(app.database, 2_100)
            freeze(app)
            programs = [subprocess.Popen(command(tmp_path)) for _ in range(2)]
            assert [program.wait(60) for program in programs] == [0, 0]

            assert relay.tally() == dict.fromkeys(everybody, 1)
            assert states(app.database) == {"sent": 2_100}
            assert state_of(app) == "finished"


@pytest.mark.parametrize("policy", ["hold", "resend"])
def test_a_killed_sender_loses_nobody(tmp_path: Path, policy: str) -> None:
    """Killed in the middle of an edition, again and again; the relay's own tally is the judge.

    Under ``hold`` nobody gets it twice, and at most a window per kill is in doubt.
    """
    kills, window = 6, 5
    with Relay() as relay:
        write_config(tmp_path, port=relay.port, sending=f'on_unknown = "{policy}"')
        with opened(tmp_path) as app:
            everybody = subscribe(app.database, 200)
            freeze(app)
            for number in range(1, kills + 1):
                killed_after(relay, number * 25, tmp_path)
            assert subprocess.run(command(tmp_path), check=False, timeout=60).returncode == 0

            found, tally = states(app.database), relay.tally()
            with app.database.read() as connection:
                sent = set(
                    connection.execute(
                        select(delivery.c.recipient).where(delivery.c.state == "sent")
                    ).scalars()
                )
            assert sum(found.values()) == 200
            assert sent <= set(tally)
            if policy == "hold":
                assert set(tally.values()) == {1}
                assert set(found) <= {"sent", "unknown"}
                assert found.get("unknown", 0) <= kills * window
            else:
                assert found == {"sent": 200}
                assert set(tally) == set(everybody)
                assert sum(tally.values()) - 200 <= kills * window
            assert state_of(app) == "finished"


def killed_after(relay: Relay, count: int, root: Path) -> None:
    """Run a sender, and kill it with SIGKILL when the relay has so many letters."""
    program = subprocess.Popen(command(root), start_new_session=True)
    while len(relay.received) < count and program.poll() is None:
        relay.arrived.wait(0.2)
        relay.arrived.clear()
    os.kill(program.pid, signal.SIGKILL)
    program.wait(30)
