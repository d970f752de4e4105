"""A new campaign.toml: readable, right, and never over an old one."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.campaigns import load
from newsletter.campaigns.create import NEWEST, create
from newsletter.errors import ConfigError
from newsletter.model import CallToAction
from newsletter.workspace import Workspace


def test_what_is_given_is_what_is_read_again(tmp_path: Path) -> None:
    """Posts, lists, call to action, date."""
    ask = CallToAction("Will you count?", "Count", "https://rivers.example/count")
    workspace = Workspace(tmp_path)

    create(
        workspace,
        "november",
        subject='Ol\'s "river"',
        posts=["a", "b"],
        lists=["supporters"],
        call_to_action=ask,
        day=date(2026, 11, 3),
    )

    found = load.load(workspace, "november")
    assert found.subject == 'Ol\'s "river"'
    assert found.posts.include == ("a", "b")
    assert found.lists == ("supporters",)
    assert found.call_to_action == ask
    assert found.date == date(2026, 11, 3)
    assert found.social.accounts is None


def test_without_posts_the_newest_are_taken(tmp_path: Path) -> None:
    """And the file says how to change every setting that it leaves out."""
    workspace = Workspace(tmp_path)

    text = create(workspace, "november", subject="Hello").read_text(encoding="utf-8")

    found = load.load(workspace, "november")
    assert found.posts.newest == NEWEST
    assert found.call_to_action is None
    assert "Sending needs at least one list" in text
    for key in ("preheader", "template", "date", "note", "lists", "[call_to_action]", "accounts", "hashtags"):
        assert f"\n# {key}" in text


def test_every_line_that_is_commented_out_is_right_when_it_is_used(tmp_path: Path) -> None:
    """Staff take the # away and expect it to work."""
    workspace = Workspace(tmp_path)
    path = create(workspace, "november", subject="Hello", posts=["a"])

    lines = path.read_text(encoding="utf-8").splitlines()
    used = [
        line.removeprefix("# ") if " = " in line or line == "# [call_to_action]" else line for line in lines
    ]
    path.write_text("\n".join(used).replace('"https://…"', '"https://rivers.example"'), encoding="utf-8")

    found = load.load(workspace, "november")
    assert found.lists == ("supporters",)
    assert found.call_to_action
    assert found.call_to_action.label == "Take part"
    assert "fallback" in found.note
    assert found.social.text == {"name": "…"}


@given(subject=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")), min_size=1))
def test_any_title_can_be_a_subject(tmp_path_factory: pytest.TempPathFactory, subject: str) -> None:
    """Quotes, backslashes, emoji."""
    if not subject.strip():
        return
    workspace = Workspace(tmp_path_factory.mktemp("ws"))

    create(workspace, "november", subject=subject)

    assert load.load(workspace, "november").subject == subject.strip()


def test_an_existing_campaign_is_never_overwritten(tmp_path: Path) -> None:
    """Its words stay."""
    workspace = Workspace(tmp_path)
    path = create(workspace, "november", subject="Mine")

    with pytest.raises(ConfigError, match="there already"):
        create(workspace, "november", subject="Yours")

    assert "Mine" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["", "November", "a b", "../x", "-x", "ü", "x" * 65])
def test_a_name_is_small_letters_digits_and_hyphens(tmp_path: Path, name: str) -> None:
    """It stands in folders and in links."""
    with pytest.raises(ConfigError, match="not a name for a campaign"):
        create(Workspace(tmp_path), name, subject="Hello")

    assert not (tmp_path / "campaigns").exists()


def test_an_address_that_no_button_could_open_is_refused(tmp_path: Path) -> None:
    """Before anything is written."""
    with pytest.raises(ConfigError, match=r"'rivers\.example' must be one web address"):
        create(
            Workspace(tmp_path),
            "november",
            subject="x",
            call_to_action=CallToAction("?", url="rivers.example"),
        )

    assert not (tmp_path / "campaigns").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """One line, no traceback."""
    (tmp_path / "campaigns").write_text("in the way", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"campaign\.toml: the campaign cannot be written"):
        create(Workspace(tmp_path), "november", subject="x")
