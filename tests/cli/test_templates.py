"""``newsletter templates``: what there is, and a copy for restyling."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from newsletter import workspace
from newsletter.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """\
[organisation]
name = "River Trust"
sender = "River Trust <news@rivertrust.example>"
postal_address = "1 Quay Street, Bristol"
public_url = "https://news.rivertrust.example"
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a workspace beside a starter with two templates, one of which extends the other."""
    shipped = tmp_path / "starter" / "templates"
    shipped.mkdir(parents=True)
    advice = "{# In your own: {% extends 'builtin/digest.html.j2' %} #}"
    base = advice + "{% block head %}H{% endblock %}{%- block footer %}F{% endblock %}"
    (shipped / "digest.html.j2").write_text(base, encoding="utf-8")
    (shipped / "digest.txt.j2").write_text("text", encoding="utf-8")
    (shipped / "appeal.html.j2").write_text(
        '{% extends "digest.html.j2" %}{% block ask %}A{% endblock %}', encoding="utf-8"
    )
    (shipped / "appeal.txt.j2").write_text("text", encoding="utf-8")
    monkeypatch.setattr(workspace, "starter", lambda: tmp_path / "starter")
    made = tmp_path / "work"
    made.mkdir()
    (made / "config.toml").write_text(CONFIG, encoding="utf-8")
    return made


def run(root: Path, *arguments: str) -> Result:
    """Run ``newsletter templates``."""
    return CliRunner().invoke(main, ["-C", str(root), "templates", *arguments])


def test_the_list_says_where_each_template_comes_from(root: Path) -> None:
    """One's own stands in place of the built-in one."""
    (root / "templates").mkdir()
    (root / "templates" / "digest.html.j2").write_text("own", encoding="utf-8")
    (root / "templates" / "gala.html.j2").write_text("own", encoding="utf-8")

    result = run(root, "list")

    assert [" ".join(line.split()) for line in result.output.splitlines()] == [
        "appeal built-in",
        "digest workspace, in place of the built-in one",
        "gala workspace",
    ]


def test_the_list_is_json_for_scripts(root: Path) -> None:
    """With the path of the HTML file."""
    rows = json.loads(run(root, "list", "--json").output)

    assert rows[0] == {
        "name": "appeal",
        "source": "built-in",
        "path": str(root.parent / "starter" / "templates" / "appeal.html.j2"),
        "overrides": False,
    }


def test_a_copy_brings_both_twins_and_says_how_to_change_one_block(root: Path) -> None:
    """Blocks of the extended template included."""
    result = run(root, "copy", "appeal")

    copied = sorted(path.name for path in (root / "templates").iterdir())
    assert copied == ["appeal.html.j2", "appeal.txt.j2"]
    assert '{% extends "builtin/appeal.html.j2" %}' in result.output
    assert "Its blocks: ask, head, footer" in result.output


@pytest.mark.parametrize("standing", ["digest.html.j2", "digest.txt.j2"])
def test_a_copy_never_overwrites(root: Path, standing: str) -> None:
    """Not one of the two files is touched."""
    (root / "templates").mkdir()
    (root / "templates" / standing).write_text("mine", encoding="utf-8")

    result = run(root, "copy", "digest")

    assert result.exit_code == 1
    assert result.stderr == f"error: {root / 'templates' / standing}: this file exists and is left as it is\n"
    assert [path.read_text(encoding="utf-8") for path in (root / "templates").iterdir()] == ["mine"]


@pytest.mark.parametrize("name", ["gala", "../digest", ""])
def test_a_name_that_is_not_built_in_lists_the_known_ones(root: Path, name: str) -> None:
    """Nothing outside the templates can be copied."""
    result = run(root, "copy", name)

    assert result.exit_code == 1
    assert "known: appeal, digest" in result.stderr
    assert not (root / "templates").exists()


def test_every_template_of_the_product_can_be_copied(tmp_path: Path) -> None:
    """Each has its twin and at least one block."""
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")

    for row in json.loads(run(tmp_path, "list", "--json").output):
        result = run(tmp_path, "copy", row["name"])

        assert result.exit_code == 0, result.stderr
        assert "Its blocks: " in result.output
