"""`newsletter schedule`: what is planned is said in full, and mistakes show when it is planned."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import time_machine
from click.testing import CliRunner, Result

from newsletter import workspace
from newsletter.cli.main import main

CAMPAIGN = "autumn-digest"
MONDAY = "2026-11-23T18:00:00+00:00"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A fresh workspace with an audience."""
    root = workspace.create(tmp_path / "ws").workspace.root
    people = root / "campaigns" / CAMPAIGN / "subscribers.csv"
    assert newsletter(root, "audience", "import", str(people), "--list", "supporters").exit_code == 0
    return root


def newsletter(root: Path, *words: str) -> Result:
    """Run a command on Monday 23 November 2026, 18:00 in London."""
    with time_machine.travel(MONDAY, tick=False):
        return CliRunner().invoke(main, ["-C", str(root), *words])


def facts(root: Path, *words: str) -> Any:
    """Run a command with --json and return what it printed."""
    result = newsletter(root, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def campaign_file(root: Path) -> Path:
    """Return the campaign's file."""
    return root / "campaigns" / CAMPAIGN / "campaign.toml"


def change(path: Path, old: str, new: str) -> None:
    """Edit a file as a person would."""
    words = path.read_text(encoding="utf-8")
    assert old in words
    path.write_text(words.replace(old, new, 1), encoding="utf-8")


def test_the_time_is_said_in_full(root: Path) -> None:
    """With weekday, year, zone and distance, and how it goes on."""
    result = newsletter(root, "schedule", CAMPAIGN, "--at", "Tue 09:00", "--every", "2 weeks")

    assert result.exit_code == 0, result.output
    said = "autumn-digest leaves Tuesday 24 November 2026, 09:00 Europe/London (in 15 h), then every 2 weeks"
    assert f"{said}  [schedule 1]" in result.stdout
    assert "newsletter run" in result.stdout


def test_the_campaigns_own_schedule_is_planned_without_options(root: Path) -> None:
    """``at``, ``every`` and ``timezone`` under [schedule] in campaign.toml."""
    change(
        campaign_file(root),
        'at = "Tue 09:00"',
        'at = "1 December at noon"\nevery = "month"\ntimezone = "Africa/Cairo"',
    )

    planned = facts(root, "schedule", CAMPAIGN)

    assert planned == {
        "schedule": 1,
        "campaign": CAMPAIGN,
        "at": "2026-12-01T10:00:00+00:00",
        "timezone": "Africa/Cairo",
        "every": "month",
    }


def test_a_time_of_its_own_is_for_once(root: Path) -> None:
    """The campaign's ``every`` belongs to the campaign's ``at``."""
    change(campaign_file(root), 'at = "Tue 09:00"', 'at = "Tue 09:00"\nevery = "month"')

    planned = facts(root, "schedule", CAMPAIGN, "--at", "Wed 09:00", "--timezone", "UTC+2")

    assert (planned["every"], planned["timezone"]) == ("", "UTC+02:00")


def test_a_mistake_in_the_campaigns_schedule_names_its_line(root: Path) -> None:
    """The file is to be mended, not the command."""
    change(campaign_file(root), 'at = "Tue 09:00"', 'at = "next Tuesday 9am"')

    result = newsletter(root, "schedule", CAMPAIGN)

    assert result.exit_code == 2
    assert "campaign.toml:" in result.stderr
    assert "(schedule.at): 'next tuesday 9am' can mean Tuesday 24 November" in result.stderr


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (["--at", "2020-01-01 09:00"], 2, "Wednesday 1 January 2020, 09:00 Europe/London"),
        (["--at", "soon"], 2, "'Tue 09:00'"),
        (["--at", "9am", "--every", "fortnight"], 2, "--every: 'fortnight'"),
        (["--at", "9am", "--timezone", "Mars"], 2, "--timezone: 'Mars'"),
    ],
)
def test_a_slip_is_one_line_and_plans_nothing(root: Path, words: list[str], code: int, part: str) -> None:
    """With exit code 2 and the option."""
    result = newsletter(root, "schedule", CAMPAIGN, *words)

    assert result.exit_code == code
    assert part in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert facts(root, "schedule", "list") == []


def test_a_campaign_that_is_not_there_is_one_line(root: Path) -> None:
    """The first word may also be a mistyped command."""
    result = newsletter(root, "schedule", "autum-digest", "--at", "9am")

    assert result.exit_code == 2
    assert "did you mean 'autumn-digest'?" in result.stderr


def test_a_campaign_may_be_called_like_a_command(root: Path) -> None:
    """`schedule add list` reaches it."""
    campaign_file(root).parent.rename(root / "campaigns" / "list")

    assert facts(root, "schedule", "add", "list", "--at", "9am")["campaign"] == "list"


def test_a_broken_campaign_is_not_planned(root: Path) -> None:
    """Mistakes show now, not on Tuesday at nine."""
    change(campaign_file(root), 'template = "digest"', 'template = "no-such"')

    result = newsletter(root, "schedule", CAMPAIGN, "--at", "Tue 09:00")

    assert result.exit_code in {2, 3}
    assert "no-such" in result.stderr
    assert facts(root, "schedule", "list") == []


def test_findings_that_block_stop_the_plan_unless_forced(root: Path) -> None:
    """They are listed; who forces it has to mend them before the time comes."""
    change(campaign_file(root), "date = 2026-10-14", "date = 2036-10-14")

    refused = newsletter(root, "schedule", CAMPAIGN, "--at", "Tue 09:00")
    forced = newsletter(root, "schedule", CAMPAIGN, "--at", "Tue 09:00", "--force")

    assert refused.exit_code == 5
    assert "P2" in refused.stderr
    assert "nothing was planned" in refused.stderr
    assert forced.exit_code == 0
    assert "P2" in forced.stderr
    assert len(facts(root, "schedule", "list")) == 1


def test_an_empty_list_is_a_warning_while_there_is_time(root: Path) -> None:
    """People may still be imported."""
    change(campaign_file(root), '"supporters"', '"volunteers"')

    result = newsletter(root, "schedule", CAMPAIGN, "--at", "Tue 09:00")

    assert result.exit_code == 0, result.output
    assert "nobody is subscribed to volunteers yet" in result.stderr


def test_an_edition_that_went_out_is_told(root: Path) -> None:
    """Otherwise staff would wait for a letter that nobody gets."""
    assert newsletter(root, "send", CAMPAIGN, "--yes").exit_code == 0

    result = newsletter(root, "schedule", CAMPAIGN, "--at", "Tue 09:00")

    assert result.exit_code == 0
    assert "this very edition went out on 2026-11-23 18:00 UTC" in result.stderr


def test_the_list_shows_what_comes_and_what_became_of_the_last(root: Path) -> None:
    """Trouble is told there too."""
    newsletter(root, "schedule", CAMPAIGN, "--at", "Tue 09:00", "--every", "week")
    with sqlite3.connect(root / "newsletter.db") as connection:
        connection.execute(
            "INSERT INTO occurrence (schedule_id, local_wall_time, due_at, state, why, at) "
            "VALUES (1, '2026-11-17T09:00', ?, 'failed', 'the roof fell in', ?)",
            ("2026-11-17 09:00:00", "2026-11-17 09:00:01"),
        )
    connection.close()

    shown = newsletter(root, "schedule", "list").stdout
    (listed,) = facts(root, "schedule", "list")

    assert "Tuesday 24 November 2026, 09:00 Europe/London (in 15 h)  every week" in shown
    assert (
        "last: Tuesday 17 November 2026, 09:00 Europe/London (6 days 9 h ago) failed: the roof fell in"
        in shown
    )
    assert listed["next_at"] == "2026-11-24T09:00:00+00:00"
    assert listed["last"]["why"] == "the roof fell in"


def test_cancelling_says_what_was_cancelled(root: Path) -> None:
    """By campaign or by number; a second time there is nothing."""
    newsletter(root, "schedule", CAMPAIGN, "--at", "Tue 09:00")
    newsletter(root, "schedule", CAMPAIGN, "--at", "Wed 09:00")

    first = newsletter(root, "schedule", "cancel", "2")
    rest = newsletter(root, "schedule", "cancel", CAMPAIGN)
    again = newsletter(root, "schedule", "cancel", CAMPAIGN)

    assert first.stdout == "cancelled schedule 2\n"
    assert rest.stdout == "cancelled schedule 1\n"
    assert again.exit_code == 1
    assert "nothing is planned" in newsletter(root, "schedule", "list").stdout


def test_a_time_that_clocks_skip_is_told(root: Path) -> None:
    """London has no 01:30 on 28 March 2027."""
    result = newsletter(root, "schedule", CAMPAIGN, "--at", "2027-03-28 01:30")

    assert "02:00 Europe/London" in result.stdout
    assert "clocks skip 01:30 that day" in result.stdout


def test_the_bare_command_shows_its_help(root: Path) -> None:
    """With the short form of adding."""
    result = newsletter(root, "schedule")

    assert "is short for" in result.output
