"""``newsletter retract`` and the receipts in ``newsletter report``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from newsletter.cli.main import main
from newsletter.delivery.dispatch import dispatch
from tests.delivery.studio import account, freeze, opened, write_config

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return a workspace that has published a snippet into a folder."""
    write_config(tmp_path, mail='type = "folder"\npath = "mail"', social=account("posts"))
    with opened(tmp_path) as app:
        freeze(app, lists=(), accounts=("posts",))
        dispatch(app)
    return tmp_path


def run(root: Path, *arguments: str) -> Result:
    """Run a command in the workspace."""
    return CliRunner().invoke(main, ["-C", str(root), *arguments])


def published(root: Path) -> list[Path]:
    """Return the files that stand in the folder."""
    return sorted((root / "social").glob("*.txt"))


def test_a_report_has_a_receipt_for_every_post(workspace: Path) -> None:
    """Where it stands, since when, and the proof of its words."""
    result = run(workspace, "report", "autumn")
    (post,) = json.loads(run(workspace, "report", "autumn", "--json").output)["posts"]

    assert post["url"] == published(workspace)[0].as_uri()
    assert post["url"] in result.output
    assert f"sha256 {post['content_hash'][:12]}" in result.output


def test_what_is_retracted_is_gone_and_says_so_in_the_report(workspace: Path) -> None:
    """A second time there is nothing left to delete."""
    result = run(workspace, "retract", "autumn", "--yes")

    assert result.exit_code == 0
    assert result.output.split()[:2] == ["posts", "gone"]
    assert published(workspace) == []
    assert "deleted 20" in run(workspace, "report", "autumn").output
    assert "no posts that stand" in run(workspace, "retract", "autumn", "--yes").output


def test_what_has_not_left_is_cancelled_first(tmp_path: Path) -> None:
    """Nothing follows what was taken back."""
    write_config(tmp_path, mail='type = "folder"\npath = "mail"', social=account("posts"))
    with opened(tmp_path) as app:
        freeze(app, lists=(), accounts=("posts",))
    result = run(tmp_path, "retract", "autumn", "--yes")

    assert "1 deliveries that had not left are cancelled" in result.stderr
    run(tmp_path, "send", "autumn", "--yes")
    assert published(tmp_path) == []


def test_a_post_that_stands_still_fails_the_command(workspace: Path) -> None:
    """Scripts see it in the exit code, people in the line."""
    config = workspace / "config.toml"
    config.write_text(
        config.read_text(encoding="utf-8").replace('name = "posts"', 'name = "other"'), encoding="utf-8"
    )
    result = run(workspace, "retract", "autumn", "--yes")
    (row,) = json.loads(run(workspace, "retract", "autumn", "--yes", "--json").output)

    assert result.exit_code == 4
    assert result.output.split()[:2] == ["posts", "STANDS"]
    assert (row["gone"], row["account"]) == (False, "posts")
