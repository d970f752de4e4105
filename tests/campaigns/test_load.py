"""campaign.toml as staff write it, right and wrong."""

from datetime import date
from pathlib import Path

import pytest

from newsletter.campaigns import load
from newsletter.campaigns.campaign import Campaign
from newsletter.errors import ConfigError
from newsletter.workspace import Workspace


def written(tmp_path: Path, text: str, name: str = "autumn") -> Workspace:
    """Return a workspace with one campaign."""
    path = tmp_path / "campaigns" / name / "campaign.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return Workspace(tmp_path)


def test_a_subject_is_enough(tmp_path: Path) -> None:
    """Everything else has a default; the name is the folder's."""
    assert load.load(written(tmp_path, 'subject = "Hello"'), "autumn") == Campaign("autumn", "Hello")


def test_every_table_is_read(tmp_path: Path) -> None:
    """Dates are dates, lists are tuples, tables are their own classes."""
    text = """
        subject = "Hello"
        date = 2026-10-06
        lists = ["supporters"]
        sender = "Asha Rao <asha@rivers.example>"
        [call_to_action]
        question = "Will you count?"
        url = "https://rivers.example/count"
        [posts]
        include = ["otters"]
        [social]
        accounts = []
        text = { main = "Own words" }
        [utm]
        enabled = false
        [schedule]
        at = "Tue 09:00"
    """
    found = load.load(written(tmp_path, text), "autumn")

    assert found.date == date(2026, 10, 6)
    assert found.lists == ("supporters",)
    assert found.call_to_action
    assert found.call_to_action.url == "https://rivers.example/count"
    assert found.social.accounts == ()
    assert found.social.text == {"main": "Own words"}
    assert not found.utm.enabled
    assert found.schedule.at == "Tue 09:00"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'subject = "x"\npreheadr = "x"',
            "toml:2 (preheadr): there is no setting called 'preheadr'; did you mean 'preheader'?",
        ),
        ("", "the setting 'subject' is missing"),
        ('subject = " "', "toml:1 (subject): the subject is empty"),
        ('subject = "a\\nb"', "toml:1 (subject): the subject is one line"),
        ('subject = "x"\npreheader = "a\\u0000"', "toml:2 (preheader): the preheader is one line"),
        ('subject = "x"\ntemplate = "../x"', "toml:2 (template): '../x' is not the name of a template"),
        ('subject = "x"\nlanguage = "english!"', "toml:2 (language): 'english!' is not a language"),
        ('subject = "x"\nsender = "River Trust"', "toml:2 (sender): write one address"),
        ('subject = "x"\nsender = "a@b.example\\r\\nBcc: c@d.example"', "toml:2 (sender): write one address"),
        ('subject = "x"\nreply_to = "a@b"', "toml:2 (reply_to): write one address"),
        (
            'subject = "x"\n[call_to_action]\nquestion = ""',
            "toml:3 (call_to_action.question): the call to action",
        ),
        (
            'subject = "x"\n[call_to_action]\nquestion = "?"\nurl = "rivers.example"',
            "toml:4 (call_to_action.url): 'rivers.example' must be one web address",
        ),
        ('subject = "x"\n[posts]\nlimit = 0', "toml:3 (posts.limit): 0 is too small"),
        ('subject = "x"\n[posts]\ninclud = []', "toml:3 (posts.includ): there is no setting called 'includ'"),
        ('subject = "x"\n[social]\nlink = "home"', "toml:3 (social.link): 'home' is not one of"),
        ('subject = "x"\nname = "other"', "toml:2 (name): the campaign's name is its folder's"),
        ('subject = "x', "toml:1: this is not valid TOML"),
    ],
)
def test_a_mistake_names_line_and_key(tmp_path: Path, text: str, message: str) -> None:
    """One sentence, pointing at the line."""
    with pytest.raises(ConfigError) as caught:
        load.load(written(tmp_path, text), "autumn")

    assert len(caught.value.problems) == 1
    assert message in str(caught.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Nobody has to run the command five times."""
    text = 'subject = ""\nlanguage = "?"\nsender = "x"\ntemplate = ""\n[posts]\nlimit = -1'

    with pytest.raises(ConfigError) as caught:
        load.load(written(tmp_path, text), "autumn")

    assert len(caught.value.problems) == 5


@pytest.mark.parametrize("name", ["autum", "../autumn", "Autumn", ""])
def test_an_unknown_campaign_is_answered_with_those_there_are(tmp_path: Path, name: str) -> None:
    """A path is not a name."""
    workspace = written(tmp_path, 'subject = "x"')

    with pytest.raises(ConfigError, match=r"there is no campaign .*'?autumn'?"):
        load.load(workspace, name)


def test_a_workspace_without_campaigns_says_how_to_make_one(tmp_path: Path) -> None:
    """The first thing a newcomer types."""
    with pytest.raises(ConfigError, match="newsletter campaign new NAME"):
        load.load(Workspace(tmp_path), "autumn")


def test_names_are_sorted_and_folders_without_a_plan_are_no_campaigns(tmp_path: Path) -> None:
    """Only a campaign.toml makes one."""
    workspace = written(tmp_path, 'subject = "x"', "b")
    written(tmp_path, 'subject = "x"', "a")
    (tmp_path / "campaigns" / "notes").mkdir()

    assert load.names(workspace) == ["a", "b"]


def test_a_place_is_named_even_when_the_file_is_not_there(tmp_path: Path) -> None:
    """For campaigns that were made in memory."""
    workspace = written(tmp_path, 'subject = "x"\n[posts]\nlimit = 3')

    assert load.place(workspace, "autumn", ("posts", "limit")).endswith("campaign.toml:3 (posts.limit)")
    assert load.place(workspace, "spring", ("posts", "limit")).endswith("campaign.toml (posts.limit)")
