"""The templates of networks: which one is taken, and what their mistakes read like."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from newsletter.campaigns.campaign import Campaign
from newsletter.editions.slots import Slots
from newsletter.editions.social_templates import layout
from newsletter.errors import ContentError

SLOTS = Slots("Hook", "Why.", "Will you?", "https://a.example/b", ("#One", "#Two"), "1/2")
PARTS = {
    "default": "Hook\n\nWhy.\n\nWill you? https://a.example/b\n\n#One #Two\n\n1/2",
    "facebook": "Hook\n\nWhy.\n\nWill you?\nhttps://a.example/b\n\n#One #Two\n\n1/2",
    "mastodon": "Hook\n\nWhy.\n\nWill you? https://a.example/b\n\n1/2\n\n#One #Two",
    "webhook": "Hook\n\nWhy.\n\nWill you?\nhttps://a.example/b\n\n1/2",
    "x": "Hook\n\nWhy.\n\nWill you?\n\n#One #Two\n\n1/2\n\nhttps://a.example/b",
}


@pytest.mark.parametrize(("kind", "text"), PARTS.items())
def test_each_network_has_its_layout(kind: str, text: str) -> None:
    """What is special there is said in the file."""
    assert layout((), kind, language="en")(SLOTS) == text


@pytest.mark.parametrize("kind", [*PARTS, "folder"])
def test_what_is_empty_leaves_no_gap(kind: str) -> None:
    """Not even spaces."""
    printed = layout((), kind, language="en")

    assert printed(Slots()) == ""
    assert printed(Slots(why="Why.")) == "Why."
    assert printed(Slots(call_to_action="Will you?")) == "Will you?"
    assert printed(Slots(link="https://a.example")) == "https://a.example"


def own_template(folder: Path, name: str, source: str) -> Path:
    """Write a template of the workspace and return its folder of templates."""
    path = folder / "templates" / "social" / f"{name}.txt.j2"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
    return path.parent.parent


def test_a_template_of_the_workspace_comes_before_the_built_in_one(tmp_path: Path) -> None:
    """Its own file, else its own default, for networks without one."""
    own = own_template(tmp_path, "x", "{{ hook|upper }}\n{{ link }}\n")
    own_template(tmp_path, "default", "{{ link }} {{ hook }}")

    assert layout((own,), "x", language="en")(SLOTS) == "HOOK\nhttps://a.example/b"
    assert layout((own,), "folder", language="en")(SLOTS) == "https://a.example/b Hook"


def test_one_block_can_be_changed(tmp_path: Path) -> None:
    """The rest improves with updates."""
    source = '{% extends "builtin/social/default.txt.j2" %}{% block tags %}{{ hashtags[0] }}{% endblock %}'
    own = own_template(tmp_path, "x", source)

    assert layout((own,), "x", language="en")(SLOTS) == PARTS["default"].replace(" #Two", "")


@pytest.mark.parametrize(
    ("source", "line", "why"),
    [
        ("\n{{ hook", 2, "this is not a sound template"),
        ("\n\n{{ hok }}", 3, "there is nothing called 'hok' here"),
        ("{{ merge.first_name }}", 1, "there is nothing called 'merge' here"),
        ("{{ hook.__class__.__mro__ }}", 1, "templates may not do this"),
        ("{% include 'config.toml' %}", 1, "there is no template file 'config.toml'"),
    ],
)
def test_a_mistake_names_file_and_line(trust: Any, source: str, line: int, why: str) -> None:
    """In the sandbox of letters."""
    own_template(trust.workspace.root, "folder", source)

    with pytest.raises(ContentError, match=rf"social/folder\.txt\.j2:{line}: {why}"):
        trust.build(Campaign("autumn", "Otters"))


def test_the_block_shown_for_another_layout_does_what_the_page_says(tmp_path: Path) -> None:
    """Copied from the page."""
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "write-social-posts.md").read_text(
        encoding="utf-8"
    )
    (block,) = re.findall(r"```jinja\n(.*?)```", page, re.DOTALL)
    own = own_template(tmp_path, "mastodon", block)

    printed = layout((own,), "mastodon", language="en")

    assert printed(SLOTS) == PARTS["mastodon"].replace("/b\n", "/b\n\nRiver Trust\n", 1)
    assert printed(Slots(why="Why.")) == "Why."
