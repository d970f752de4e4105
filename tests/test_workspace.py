"""Finding a workspace, and making one."""

from pathlib import Path

import pytest

from newsletter import workspace
from newsletter.errors import ConfigError


def test_the_nearest_folder_above_with_a_config_is_the_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands work from any folder inside."""
    (tmp_path / "config.toml").touch()
    inside = tmp_path / "campaigns" / "autumn"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)

    assert workspace.find().root == tmp_path


def test_no_workspace_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways: by name and by looking."""
    # The one folder that has nothing above it.
    monkeypatch.chdir(tmp_path.anchor)
    with pytest.raises(ConfigError, match="newsletter init"):
        workspace.find()
    with pytest.raises(ConfigError, match="newsletter init"):
        workspace.find(tmp_path / "other")


def test_a_new_workspace_holds_posts_a_campaign_and_a_private_config(tmp_path: Path) -> None:
    """Ready to build at once."""
    created = workspace.create(tmp_path / "news")

    root = created.workspace.root
    assert (root / "campaigns" / "autumn-digest" / "campaign.toml").is_file()
    assert len(list((root / "posts").glob("*/index.md"))) >= 4
    assert created.workspace.config.stat().st_mode & 0o777 == 0o600


def test_making_it_again_changes_nothing(tmp_path: Path) -> None:
    """Files of the user are never touched."""
    workspace.create(tmp_path)
    (tmp_path / "config.toml").write_text("mine", encoding="utf-8")
    (tmp_path / "campaigns" / "autumn-digest" / "campaign.toml").unlink()

    created = workspace.create(tmp_path)

    assert (tmp_path / "config.toml").read_text(encoding="utf-8") == "mine"
    assert [path.name for path in created.made] == ["campaign.toml"]
