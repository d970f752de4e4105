"""Sending, holding, looking and mending, as people type it."""

from __future__ import annotations

import csv
import email
import email.policy
import io
import json
import re
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from newsletter.cli import send as command
from newsletter.cli.main import main
from tests.mail.relay import HANG_UP, Relay

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CAMPAIGN = "autumn-digest"
STATES = {"pending", "sending", "sent", "deferred", "failed", "unknown", "suppressed", "cancelled"}


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a workspace with an audience, once."""
    root = tmp_path_factory.mktemp("pristine") / "ws"
    people = root / "campaigns" / CAMPAIGN / "subscribers.csv"
    for words in (
        ["init", str(root)],
        ["-C", str(root), "audience", "import", str(people), "--list", "supporters"],
    ):
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0, result.output
    return root


@pytest.fixture
def relay() -> Iterator[Relay]:
    """Return a mail server."""
    with Relay() as running:
        yield running


@pytest.fixture
def root(pristine: Path, tmp_path: Path, relay: Relay) -> Path:
    """Return a workspace of its own that sends to the relay."""
    root = tmp_path / "ws"
    shutil.copytree(pristine, root)
    config = root / "config.toml"
    text = config.read_text(encoding="utf-8")
    smtp = f'type = "smtp"\nhost = "127.0.0.1"\nport = {relay.port}\ntls = "none"\n'
    assert 'type = "folder"\npath = "out/sent"\n' in text
    config.write_text(text.replace('type = "folder"\npath = "out/sent"\n', smtp, 1), encoding="utf-8")
    return root


def run(root: Path, *words: str, code: int = 0, typed: str | None = None) -> Any:
    """Run a command; its exit code is part of the test."""
    result = CliRunner().invoke(main, ["-C", str(root), *words], input=typed)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


def facts(root: Path, *words: str, code: int = 0) -> Any:
    """Run a command with --json."""
    return json.loads(run(root, *words, "--json", code=code).stdout)


def change_subject(root: Path, subject: str) -> None:
    """Edit the campaign, so that it becomes another edition."""
    path = root / "campaigns" / CAMPAIGN / "campaign.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("subject ="))
    lines[at] = f'subject = "{subject}"'
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def rows(root: Path) -> int:
    """Count the deliveries with another program."""
    connection = sqlite3.connect(root / "newsletter.db")
    (count,) = connection.execute("SELECT count(*) FROM delivery").fetchone()
    connection.close()
    return int(count)


def test_a_dry_run_counts_and_changes_nothing(root: Path, relay: Relay) -> None:
    """The same shape as a report."""
    plan = facts(root, "send", CAMPAIGN, "--dry-run")

    assert {channel["kind"]: channel["total"] for channel in plan["channels"]} == {"mail": 25, "social": 1}
    assert plan["states"]["pending"] == plan["total"] == 26
    assert set(plan["states"]) == STATES
    assert rows(root) == 0
    assert relay.received == []
    assert "nothing was sent" in run(root, "send", CAMPAIGN, "--dry-run").stdout


def test_what_a_send_prints_for_scripts_is_what_the_report_says(root: Path, relay: Relay) -> None:
    """One document on stdout; the states add up."""
    sent = facts(root, "send", CAMPAIGN)

    assert sent["state"] == "finished"
    assert sent["states"]["sent"] == sent["total"] == sum(sent["states"].values()) == 26
    assert len(relay.received) == 25
    reported = facts(root, "report", CAMPAIGN)
    assert reported == {key: value for key, value in sent.items() if key != "troubles"}
    (listed,) = facts(root, "report")
    assert listed["edition"] == sent["edition"]


def test_progress_is_told_in_lines_where_there_is_no_terminal(root: Path) -> None:
    """In tenths, not in hundreds of lines."""
    lines = run(root, "send", CAMPAIGN).stdout.splitlines()

    assert "26 of 26" in lines
    assert sum(" of 26" in line for line in lines) <= 10


def test_the_same_edition_again_writes_to_nobody(root: Path, relay: Relay) -> None:
    """And says when it went out."""
    run(root, "send", CAMPAIGN)
    again = run(root, "send", CAMPAIGN)

    assert "already frozen on" in again.stdout
    assert "nobody gets it twice" in again.stdout
    assert len(relay.received) == 25


def test_a_changed_campaign_is_not_sent_to_the_same_people_by_accident(root: Path, relay: Relay) -> None:
    """Without a terminal only --yes says that it is meant."""
    run(root, "send", CAMPAIGN)
    change_subject(root, "A correction")
    refused = run(root, "send", CAMPAIGN, code=5)

    assert "another edition of autumn-digest" in refused.stderr
    assert "26 recipients" in refused.stderr
    assert len(relay.received) == 25
    run(root, "send", CAMPAIGN, "--yes")
    assert len(relay.received) == 50


@pytest.mark.parametrize(("typed", "code"), [("n\n", 1), ("y\n", 0)])
def test_a_person_is_asked_above_a_number(
    root: Path, relay: Relay, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    """The question names the count."""
    monkeypatch.setattr(command, "_on_terminal", lambda: True)
    monkeypatch.setattr(command, "_ASK_ABOVE", 20)
    result = run(root, "send", CAMPAIGN, code=code, typed=typed)

    assert "to 26 recipients?" in result.stderr
    assert (len(relay.received), rows(root)) == ((25, 26) if typed == "y\n" else (0, 0))


def test_a_person_is_asked_before_a_second_edition(
    root: Path, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the date and the count of the first."""
    run(root, "send", CAMPAIGN)
    change_subject(root, "A correction")
    monkeypatch.setattr(command, "_on_terminal", lambda: True)
    result = run(root, "send", CAMPAIGN, code=1, typed="n\n")

    assert "Another edition of autumn-digest" in result.stderr
    assert len(relay.received) == 25


def test_a_second_edition_waits_until_the_first_has_left_or_is_dropped(root: Path, relay: Relay) -> None:
    """Not even --yes: both would go on, and everybody would get two."""
    run(root, "send", CAMPAIGN)
    connection = sqlite3.connect(root / "newsletter.db")
    with connection:
        connection.execute("UPDATE edition SET state = 'paused'")
    connection.close()
    change_subject(root, "A correction")
    refused = run(root, "send", CAMPAIGN, "--yes", code=5)
    first = re.findall(r"newsletter cancel (\w+)", refused.stderr)[0]

    assert len(relay.received) == 25
    run(root, "cancel", first)
    run(root, "send", CAMPAIGN, "--yes")
    assert len(relay.received) == 50


def test_two_answers_to_one_question_settle_nothing(root: Path) -> None:
    """The last one must not win by accident."""
    run(root, "send", CAMPAIGN)

    assert (
        "--sent, --resend, --failed or --ask, one of them"
        in run(root, "outbox", "resolve", CAMPAIGN, "--sent", "--failed", code=2).stderr
    )


def test_errors_block_until_they_are_overridden_and_then_are_recorded(root: Path, relay: Relay) -> None:
    """The findings are listed both times."""
    change_subject(root, "A subject " + "that goes on and on " * 20)
    config = root / "config.toml"
    text = config.read_text(encoding="utf-8").replace("https://news.rivertrust.example", "http://localhost:1")
    config.write_text(text, encoding="utf-8")
    blocked = run(root, "send", CAMPAIGN, code=5)
    wrong = json.loads(run(root, "send", CAMPAIGN, "--json", code=5).stdout)

    assert "newsletter check autumn-digest" in blocked.stderr
    assert wrong["error"]["kind"] == "blocked"
    assert rows(root) == 0
    forced = run(root, "send", CAMPAIGN, "--force")
    assert "ignored: " in forced.stderr
    connection = sqlite3.connect(root / "newsletter.db")
    (recorded,) = connection.execute("SELECT ignored_findings FROM edition").fetchone()
    connection.close()
    assert len(json.loads(recorded)) == forced.stderr.count("ignored: ")
    assert len(relay.received) == 25


def test_failures_and_doubts_are_told_with_the_way_on(root: Path, relay: Relay) -> None:
    """Then a retry and a person's word settle them."""
    plan = facts(root, "send", CAMPAIGN, "--dry-run")
    connection = sqlite3.connect(root / "newsletter.db")
    addresses = [row[0] for row in connection.execute("SELECT email FROM subscriber ORDER BY id")]
    connection.close()
    relay.script["RCPT", addresses[3]] = ["552 5.2.2 mailbox full"]
    relay.script["DOT", addresses[4]] = [HANG_UP]
    result = run(root, "send", CAMPAIGN, code=4)

    assert "1 failed; see: newsletter outbox list" in result.stderr
    assert "1 may have arrived" in result.stderr
    shown = run(root, "outbox", "list", CAMPAIGN, "--state", "failed").stdout
    assert addresses[3] in shown
    assert "552 5.2.2 mailbox full" in shown
    (doubt,) = facts(root, "outbox", "list", CAMPAIGN, "--state", "unknown")
    assert doubt["recipient"] == addresses[4]
    assert doubt["edition"] == plan["edition"]

    assert facts(root, "outbox", "resolve", CAMPAIGN, "--sent") == {"edition": plan["edition"], "count": 1}
    assert "1 deliveries" in run(root, "outbox", "retry", CAMPAIGN, "--state", "failed").stdout
    run(root, "send", plan["edition"])
    assert facts(root, "report", CAMPAIGN)["states"]["sent"] == 26
    assert set(relay.tally().values()) == {1}


def test_resolve_wants_an_answer(root: Path) -> None:
    """A slip of the keyboard decides nothing."""
    run(root, "send", CAMPAIGN)

    asked = run(root, "outbox", "resolve", CAMPAIGN, code=2).stderr
    assert "--sent, --resend, --failed or --ask" in asked


def test_a_paused_edition_says_why_and_goes_on_when_resumed(root: Path, relay: Relay) -> None:
    """A refusal of us is nobody's fault."""
    relay.script["MAIL", "news@rivertrust.example"] = ["550 5.7.1 you are blocked"]
    result = run(root, "send", CAMPAIGN, code=4)

    assert "550 5.7.1 you are blocked" in result.stderr
    assert "newsletter resume" in result.stderr
    run(root, "send", CAMPAIGN, code=4)
    assert relay.received == []
    run(root, "resume", CAMPAIGN)
    run(root, "send", CAMPAIGN)
    assert len(relay.received) == 25


def test_a_cancelled_edition_stays_cancelled(root: Path, relay: Relay) -> None:
    """What has not left never leaves."""
    relay.script["MAIL", "news@rivertrust.example"] = ["550 5.7.1 you are blocked"]
    run(root, "send", CAMPAIGN, code=4)
    assert facts(root, "cancel", CAMPAIGN)["cancelled"] == 25

    assert "was cancelled" in run(root, "send", CAMPAIGN, code=1).stderr
    assert "nothing is left to cancel" in run(root, "cancel", CAMPAIGN, code=1).stderr
    assert "not paused" in run(root, "resume", CAMPAIGN, code=1).stderr
    assert "not being sent" in run(root, "pause", CAMPAIGN, code=1).stderr
    assert facts(root, "report", CAMPAIGN)["states"]["cancelled"] == 25
    assert relay.received == []


def test_the_report_is_a_spreadsheet_too(root: Path) -> None:
    """One edition by channel, or every edition."""
    run(root, "send", CAMPAIGN)
    channels = list(csv.DictReader(io.StringIO(run(root, "report", CAMPAIGN, "--csv").stdout)))
    editions = list(csv.DictReader(io.StringIO(run(root, "report", "--csv").stdout)))

    assert [row["total"] for row in channels] == ["25", "1"]
    assert channels[0].keys() >= STATES
    assert editions[0]["campaign"] == CAMPAIGN


@pytest.mark.parametrize("words", [("report",), ("pause",), ("resume",), ("outbox", "list")])
def test_what_was_never_sent_is_not_found(root: Path, words: tuple[str, ...]) -> None:
    """One line, with the way to look."""
    result = run(root, *words, "winter", code=1)

    assert (
        result.stderr == "error: nothing called 'winter' was sent yet; see what was with: newsletter report\n"
    )


def test_a_workspace_that_has_sent_nothing_says_so(root: Path) -> None:
    """Not an empty table."""
    assert "Nothing has been sent yet" in run(root, "report").stdout
    assert run(root, "outbox", "list").stdout == "No such delivery.\n"


def test_a_proof_is_marked_and_leaves_no_trace_in_the_ledger(root: Path, relay: Relay) -> None:
    """A stranger gets the fallbacks, a subscriber the own name."""
    results = facts(root, "proof", CAMPAIGN, "--to", "me@example.org", "--to", "ana.sousa@example.org")

    assert [(result["to"], result["state"]) for result in results] == [
        ("me@example.org", "sent"),
        ("ana.sousa@example.org", "sent"),
    ]
    letters = [
        email.message_from_bytes(message, policy=email.policy.default) for _, message in relay.received
    ]
    assert letters[0]["Subject"] == "[Proof] Dear friend, the otters are back"
    assert letters[1]["Subject"] == "[Proof] Ana, the otters are back"
    assert letters[1]["To"] == "Ana Sousa <ana.sousa@example.org>"
    assert letters[0]["List-Unsubscribe"] == "<https://news.rivertrust.example/u/sample>"
    assert rows(root) == 0


def test_a_proof_that_is_refused_says_so(root: Path, relay: Relay) -> None:
    """Exit code 4 and the server's words."""
    relay.script["RCPT", "me@example.org"] = ["550 5.1.1 no such user"]

    assert "550 5.1.1 no such user" in run(root, "proof", CAMPAIGN, "--to", "me@example.org", code=4).stdout


def test_a_proof_to_what_is_no_address_is_refused(root: Path, relay: Relay) -> None:
    """Before anything is sent."""
    run(root, "proof", CAMPAIGN, "--to", "me@example.org", "--to", "nobody", code=3)

    assert relay.received == []
