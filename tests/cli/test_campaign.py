"""``newsletter campaign``: from nothing to a plan that builds."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from newsletter import workspace
from newsletter.cli.main import main

POST = "willows-by-lunchtime"


class Plans:
    """The starter workspace and its campaign commands."""

    def __init__(self, root: Path) -> None:
        """Make the workspace."""
        workspace.create(root)
        self.root = root

    def run(self, *words: str, code: int = 0) -> str:
        """Run ``newsletter campaign …``; return what it printed."""
        result = CliRunner().invoke(main, ["-C", str(self.root), "campaign", *words])
        assert result.exit_code == code, result.output
        return result.output

    def facts(self, *words: str) -> Any:
        """Run with --json."""
        return json.loads(self.run(*words, "--json"))


@pytest.fixture
def plans(tmp_path: Path) -> Plans:
    """Return a fresh starter workspace."""
    return Plans(tmp_path / "ws")


def test_a_new_campaign_takes_the_first_posts_title_and_can_be_shown(plans: Plans) -> None:
    """Posts, call to action and its source, audience, accounts."""
    ask = ("--cta", "Will you plant with us?", "--cta-url", "https://rivertrust.example/plant")
    made = plans.facts("new", "november", "--post", POST, "--list", "supporters", *ask)
    assert made == {"campaign": "november", "path": str(plans.root / "campaigns/november/campaign.toml")}

    shown = plans.facts("show", "november")

    assert shown["subject"] == shown["posts"][0]["title"]
    assert [post["slug"] for post in shown["posts"]] == [POST]
    assert shown["call_to_action"]["question"] == "Will you plant with us?"
    assert shown["call_to_action"]["url"] == "https://rivertrust.example/plant"
    assert shown["call_to_action"]["source"] == "the campaign"
    assert shown["lists"] == ["supporters"]
    assert shown["accounts"]


def test_without_an_ask_the_post_or_the_organisation_asks(plans: Plans) -> None:
    """And the command says which; without a list it says that sending needs one."""
    said = plans.run("new", "november", "--post", POST)

    assert "Sending needs a list" in said
    assert "(from " in plans.run("show", "november")


def test_without_posts_the_newest_are_taken(plans: Plans) -> None:
    """Subject from the newest."""
    plans.run("new", "november")

    shown = plans.facts("show", "november")
    assert len(shown["posts"]) == 3
    assert shown["subject"] == shown["posts"][0]["title"]


def test_a_workspace_without_posts_gets_a_plan_with_a_date(plans: Plans) -> None:
    """Posts may come later; the date keeps builds repeatable."""
    import shutil

    shutil.rmtree(plans.root / "posts")

    plans.run("new", "november")

    text = (plans.root / "campaigns/november/campaign.toml").read_text(encoding="utf-8")
    assert 'subject = "News from River Trust"' in text
    assert "\ndate = 20" in text


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (
            ("new", "november", "--post", "willows"),
            2,
            f"--post: there is no post 'willows'; did you mean '{POST}'?",
        ),
        (("new", "November"), 2, "'November' is not a name for a campaign"),
        (("new", "autumn-digest"), 2, "this campaign is there already"),
        (("new", "november", "--cta-url", "https://x.example"), 2, "add --cta QUESTION"),
        (("new", "november", "--cta", "?", "--cta-url", "x.example"), 2, "must be one web address"),
        (("show", "autum-digest"), 2, "did you mean 'autumn-digest'?"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(
    plans: Plans, words: tuple[str, ...], code: int, message: str
) -> None:
    """Exit code 2."""
    assert message in plans.run(*words, code=code)
    assert not (plans.root / "campaigns" / "november").exists()


def test_the_list_has_names_and_subjects(plans: Plans) -> None:
    """For people and for scripts."""
    assert "autumn-digest" in plans.run("list")
    assert [row["campaign"] for row in plans.facts("list")] == ["autumn-digest"]
