"""``newsletter post``: what staff read, what scripts read, what is stored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from newsletter.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """\
[organisation]
name = "River Trust"
sender = "River Trust <news@rivertrust.example>"
postal_address = "1 Quay Street, Bristol BS1 4DJ, United Kingdom"
public_url = "https://news.rivertrust.example"
"""
STORY = """\
Eels are back at Harbour Weir

By Ana Ruiz

5 March 2026

In May they came.

They stayed, and they were counted.

eels at night

Eels in the new pass | Photo: Ana Ruiz

Can you help open the next weir?

Related Posts

Otters at the quay

Two otters took a seat at the quay.

read more
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Return an empty workspace with a copied story beside it."""
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "config.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "story.txt").write_text(STORY, encoding="utf-8")
    return tmp_path / "desk"


def newsletter(desk: Path, *args: str | Path) -> Result:
    """Run the command in the workspace."""
    return CliRunner().invoke(main, ["-C", str(desk), *map(str, args)])


def facts(desk: Path, *args: str | Path) -> Any:
    """Run the command with ``--json`` and return what it printed."""
    result = newsletter(desk, *args, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_adding_says_what_was_recognised(desk: Path) -> None:
    """One line for the post, one for its parts."""
    result = newsletter(desk, "post", "add", desk.parent / "story.txt")
    assert result.exit_code == 0
    assert result.stdout == (
        "added: eels-are-back-at-harbour-weir  Eels are back at Harbour Weir\n"
        "  by Ana Ruiz, 2026-03-05, 2 paragraphs, 1 picture without a file: put it beside index.md, "
        "a call to action, 1 related\n"
    )


def test_adding_again_updates_and_says_so(desk: Path) -> None:
    """The same title and date are the same post."""
    assert facts(desk, "post", "add", desk.parent / "story.txt")[0]["updated"] is False
    result = newsletter(desk, "post", "add", desk.parent / "story.txt")
    assert result.stdout.startswith("updated: eels-are-back-at-harbour-weir  ")
    assert len(list((desk / "posts").iterdir())) == 1


def test_scripts_get_the_agreed_keys(desk: Path) -> None:
    """Keys may be added, never renamed."""
    [added] = facts(desk, "post", "add", desk.parent / "story.txt")
    assert added == {
        "source": str(desk.parent / "story.txt"),
        "slug": "eels-are-back-at-harbour-weir",
        "path": str(desk / "posts" / "eels-are-back-at-harbour-weir" / "index.md"),
        "title": "Eels are back at Harbour Weir",
        "author": "Ana Ruiz",
        "published_at": "2026-03-05",
        "call_to_action": "Can you help open the next weir?",
        "updated": False,
        "warnings": [],
    }


def test_bad_sources_are_named_and_the_good_ones_stored(desk: Path) -> None:
    """Exit code 3, one line each."""
    (desk.parent / "empty.txt").touch()
    result = newsletter(
        desk, "post", "add", "nowhere.txt", desk.parent / "story.txt", desk.parent / "empty.txt"
    )
    assert result.exit_code == 3
    assert result.stderr.splitlines() == [
        "error: nowhere.txt: there is no such file; a web address starts with https://",
        f"error: {desk.parent / 'empty.txt'}: it is empty",
    ]
    assert [post["slug"] for post in facts(desk, "post", "list")] == ["eels-are-back-at-harbour-weir"]


def test_a_bad_source_alone_writes_nothing(desk: Path) -> None:
    """Not even a folder; scripts get the error as JSON."""
    result = newsletter(desk, "post", "add", "nowhere.txt", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["error"]["where"] == "nowhere.txt"
    assert sorted(path.name for path in desk.iterdir()) == ["config.toml"]


def test_a_feed_without_news_is_no_mistake(desk: Path) -> None:
    """A timetable may ask every day."""
    day = "<pubDate>5 Mar 2026 09:30:00 GMT</pubDate>"
    item = f"<item><title>Eels</title><description>x</description>{day}</item>"
    feed = desk.parent / "feed.xml"
    feed.write_text(f"<rss><channel>{item}</channel></rss>", encoding="utf-8")
    result = newsletter(desk, "post", "add", feed, "--since", "2026-04-01")
    assert (result.exit_code, result.stdout) == (0, f"nothing new: {feed} has no post since 2026-04-01\n")
    assert facts(desk, "post", "add", feed, "--since", "2026-03-05")[0]["slug"] == "eels"


def test_what_could_not_be_brought_along_is_a_warning(desk: Path) -> None:
    """On stderr for people, in a list for scripts."""
    (desk.parent / "s.md").write_text("# Eels\n\nIn May.\n\n![x](gone.jpg)", encoding="utf-8")
    result = newsletter(desk, "post", "add", desk.parent / "s.md")
    assert result.exit_code == 0
    assert result.stderr.startswith("  warning: picture not stored: gone.jpg: ")
    [again] = facts(desk, "post", "add", desk.parent / "s.md")
    assert len(again["warnings"]) == 1


def test_the_list_shows_the_newest_first(desk: Path) -> None:
    """And says so when there is none."""
    assert newsletter(desk, "post", "list").stdout.startswith("No posts yet")
    for day in ("2026-03-05", "2026-03-09"):
        (desk.parent / "s.md").write_text(f"---\ntitle: T {day}\ndate: {day}\n---\nx", encoding="utf-8")
        newsletter(desk, "post", "add", desk.parent / "s.md")
    lines = newsletter(desk, "post", "list").stdout.splitlines()
    assert lines == ["2026-03-09  t-2026-03-09  T 2026-03-09", "2026-03-05  t-2026-03-05  T 2026-03-05"]


def test_one_post_is_shown_as_it_is_stored(desk: Path) -> None:
    """For people its file, for scripts its fields."""
    newsletter(desk, "post", "add", desk.parent / "story.txt")
    shown = newsletter(desk, "post", "show", "eels-are-back-at-harbour-weir")
    assert shown.stdout.startswith("---\ntitle: Eels are back at Harbour Weir\n")
    assert facts(desk, "post", "show", "eels-are-back-at-harbour-weir")["author"] == "Ana Ruiz"


@pytest.mark.parametrize("slug", ["nothing", "../desk", "/etc", "A b"])
def test_a_post_that_is_not_there_is_one_line(desk: Path, slug: str) -> None:
    """Whatever was typed."""
    result = newsletter(desk, "post", "show", slug)
    assert result.exit_code == 3
    assert "there is no post" in result.stderr
    assert len(result.stderr.splitlines()) == 1
