"""An ordinary day, from a new workspace to the report, over real SMTP."""

from __future__ import annotations

import email
import email.policy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from newsletter.cli.demo import _use_catcher, mail_catcher
from newsletter.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

CAMPAIGN = "november"


class Day:
    """A workspace, a mail catcher, and the commands of a day."""

    def __init__(self, root: Path, caught: Path) -> None:
        """Remember where things are."""
        self.root = root
        self.caught = caught

    def run(self, *words: str, code: int = 0) -> str:
        """Run a command; its exit code is part of the test."""
        result = CliRunner().invoke(main, ["-C", str(self.root), *words])
        assert result.exit_code == code, result.output
        return result.stdout

    def facts(self, *words: str, code: int = 0) -> Any:
        """Run a command with --json."""
        return json.loads(self.run(*words, "--json", code=code))

    def letters(self) -> dict[str, EmailMessage]:
        """Return what the catcher holds, by recipient."""
        return {
            path.stem: email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in self.caught.glob("*.eml")
        }


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """A workspace whose campaign has been sent to a catcher."""
    root = tmp_path_factory.mktemp("day")
    with mail_catcher(root / "caught") as port:
        day = Day(root / "ws", root / "caught")
        assert CliRunner().invoke(main, ["init", str(day.root)]).exit_code == 0
        _use_catcher(day.root / "config.toml", port)
        sources = sorted((day.root / "campaigns/autumn-digest/sources").glob("*.txt"))
        day.added = day.facts("post", "add", *map(str, sources))  # type: ignore[attr-defined]
        people = str(day.root / "campaigns/autumn-digest/subscribers.csv")
        day.imported = day.facts("audience", "import", people, "--list", "supporters")  # type: ignore[attr-defined]
        ask = ["--cta", "Will you count with us?", "--cta-url", "https://rivertrust.example/count"]
        day.run("campaign", "new", CAMPAIGN, "--post", day.added[0]["slug"], "--list", "supporters", *ask)  # type: ignore[attr-defined]
        day.built = day.facts("build", CAMPAIGN)  # type: ignore[attr-defined]
        day.sent = day.facts("send", CAMPAIGN, "--yes")  # type: ignore[attr-defined]
        yield day


def test_the_copied_text_became_a_post(day: Any) -> None:
    """Title, byline, date and call to action are recognised."""
    (added,) = day.added

    assert added.keys() >= {
        "source",
        "slug",
        "path",
        "title",
        "author",
        "published_at",
        "call_to_action",
        "updated",
    }
    assert added["author"]
    assert added["published_at"]
    assert added["call_to_action"].endswith("?")


def test_everybody_of_the_file_is_imported(day: Any) -> None:
    """With the shape that scripts rely on."""
    expected = {"rows": 25, "added": 25, "updated": 0, "skipped": 0, "errors": []}

    assert {key: day.imported[key] for key in expected} == expected


def test_the_edition_has_every_channel(day: Any) -> None:
    """Files exist; snippets are within their limits."""
    built = day.built

    assert built.keys() >= {"campaign", "edition", "path", "html", "text", "message", "snippets"}
    assert all(Path(built[key]).is_file() for key in ("html", "text", "message"))
    assert built["snippets"]
    for snippet in built["snippets"]:
        assert snippet.keys() >= {"account", "network", "path", "length", "limit"}
        assert 0 < snippet["length"] <= snippet["limit"]
        assert "Will you count with us?" in Path(snippet["path"]).read_text(encoding="utf-8")


def test_the_edition_has_no_errors(day: Any) -> None:
    """The checks say so, in the shape that scripts rely on."""
    found = day.facts("check", CAMPAIGN)

    assert found["edition"] == day.built["edition"]
    assert [f for f in found["findings"] if f["severity"] == "error"] == []
    for finding in found["findings"]:
        assert finding.keys() >= {"id", "severity", "where", "why", "mend"}


def test_everybody_got_one_letter_and_the_ledger_adds_up(day: Any) -> None:
    """The catcher's tally is the truth."""
    assert day.sent["states"]["sent"] == day.sent["total"] == 26
    assert sum(day.sent["states"].values()) == day.sent["total"]
    assert {channel["channel"]: channel["total"] for channel in day.sent["channels"]} == {
        "catcher": 25,
        "folder": 1,
    }
    assert len(day.letters()) == 25


def test_every_letter_has_two_parts_and_a_one_click_unsubscribe(day: Any) -> None:
    """RFC 8058; each link is the person's own."""
    letters = day.letters()
    for letter in letters.values():
        assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
        assert letter["List-Unsubscribe"].startswith("<https://news.rivertrust.example/u/")
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert "qzmerge" not in letter.as_string()

    assert len({letter["List-Unsubscribe"] for letter in letters.values()}) == 25
    assert len({letter["Message-ID"] for letter in letters.values()}) == 25


def test_both_parts_carry_the_call_to_action_and_the_postal_address(day: Any) -> None:
    """Nobody gets less because of their mail program."""
    for letter in day.letters().values():
        for part in letter.iter_parts():
            words = " ".join(part.get_content().split())
            assert "Will you count with us?" in words
            assert "1 Quay Street" in words
            assert "https://rivertrust.example/count" in words


def test_a_second_send_writes_to_nobody(day: Any) -> None:
    """And says so."""
    before = {path: path.stat().st_mtime_ns for path in day.caught.glob("*.eml")}

    said = day.run("send", CAMPAIGN, "--yes")

    assert {path: path.stat().st_mtime_ns for path in day.caught.glob("*.eml")} == before
    assert "already" in said


def test_the_report_agrees_with_the_send(day: Any) -> None:
    """The same numbers, later."""
    reported = day.facts("report", CAMPAIGN)

    assert reported["total"] == day.sent["total"]
    assert reported["states"] == day.sent["states"]


def test_the_outbox_lists_every_delivery(day: Any) -> None:
    """With the server's own words."""
    rows = day.facts("outbox", "list", CAMPAIGN)

    assert len(rows) == 26
    assert rows[0].keys() >= {"edition", "channel", "recipient", "state", "attempts", "code", "reply", "at"}
    assert any("caught" in row["reply"] for row in rows)
