"""``newsletter build`` as people and scripts call it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from newsletter import workspace
from newsletter.cli.main import main

CAMPAIGN = "autumn-digest"


@pytest.fixture(scope="module")
def built_ws(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the starter workspace."""
    root = tmp_path_factory.mktemp("build") / "ws"
    workspace.create(root)
    return root


def test_build_shows_what_was_made_with_sizes_and_lengths(built_ws: Path) -> None:
    """And where to look at it."""
    result = CliRunner().invoke(main, ["-C", str(built_ws), "build", CAMPAIGN])

    assert result.exit_code == 0, result.output
    edition = (built_ws / "out" / CAMPAIGN / "latest").read_text(encoding="utf-8").strip()
    assert edition in result.stdout
    assert "of 102,000 bytes" in result.stdout
    assert "of 500" in result.stdout
    assert f"newsletter preview {CAMPAIGN}" in result.stdout


def test_build_json_names_files_that_are_there(built_ws: Path) -> None:
    """Absolute paths, one row per snippet, the same edition as before."""
    facts = json.loads(CliRunner().invoke(main, ["-C", str(built_ws), "build", CAMPAIGN, "--json"]).stdout)

    assert list(facts) == ["campaign", "edition", "path", "html", "text", "message", "snippets"]
    assert facts["campaign"] == CAMPAIGN
    assert Path(facts["path"]).name == facts["edition"]
    for path in (facts["html"], facts["text"], facts["message"], facts["snippets"][0]["path"]):
        assert Path(path).is_absolute()
        assert Path(path).is_file()
    assert list(facts["snippets"][0]) == ["account", "network", "path", "length", "limit"]


def test_an_unknown_campaign_is_one_line_and_exit_code_2(built_ws: Path) -> None:
    """With the nearest name; as JSON when asked for JSON."""
    result = CliRunner().invoke(main, ["-C", str(built_ws), "build", "autum-digest"])
    assert result.exit_code == 2
    assert "did you mean 'autumn-digest'?" in result.stderr

    as_json = CliRunner().invoke(main, ["-C", str(built_ws), "build", "autum-digest", "--json"])
    assert as_json.exit_code == 2
    assert json.loads(as_json.stdout)["error"]["kind"] == "config"
