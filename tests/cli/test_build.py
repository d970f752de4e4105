"""``newsletter build`` as people and scripts call it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from newsletter import workspace
from newsletter.cli import build
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


def test_build_prints_every_snippet_as_it_is_published(built_ws: Path) -> None:
    """Every line of it, and the file where it stands."""
    said = CliRunner().invoke(main, ["-C", str(built_ws), "build", CAMPAIGN]).stdout

    file = next((built_ws / "out" / CAMPAIGN).glob("*/snippets/folder.txt"))
    for line in file.read_text(encoding="utf-8").split("\n"):
        assert f"  | {line}".rstrip() in said.split("\n")
    assert str(file.resolve()) in said


def test_build_prints_what_the_network_minds(tmp_path: Path) -> None:
    """A hook of Slack has no place for a picture; JSON says so too."""
    root = workspace.create(tmp_path / "ws").workspace.root
    with (root / "config.toml").open("a", encoding="utf-8") as file:
        file.write('[[social]]\nname = "staff"\ntype = "webhook"\naddress = { env = "STAFF_HOOK" }\n')

    said = CliRunner().invoke(main, ["-C", str(root), "build", CAMPAIGN]).stdout
    facts = json.loads(CliRunner().invoke(main, ["-C", str(root), "build", CAMPAIGN, "--json"]).stdout)

    objection = facts["snippets"][1]["objections"][0]
    assert "takes no picture" in objection
    assert f"mind       {objection}" in said


def test_build_prints_counter_steps_and_price_of_a_thread(capsys: pytest.CaptureFixture[str]) -> None:
    """Each post by itself, against the limit; one that is too long says so."""
    posts = [{"text": "One.\n\nTwo.", "length": 276}, {"text": "Three.", "length": 1301}]
    row = {"account": "toots", "network": "mastodon", "limit": 300, "posts": posts, "price_musd": 15}
    made = {
        "steps": ["left out #Rivers", "made a thread of 2 posts"],
        "objections": [],
        "path": "/x/toots.txt",
    }

    build._show_snippet({**row, **made})

    assert capsys.readouterr().out.split("\n") == [
        "",
        "toots (mastodon)",
        "  1/2  276 of 300",
        "  | One.",
        "  |",
        "  | Two.",
        "  2/2  1,301 of 300, too long",
        "  | Three.",
        "  to fit     left out #Rivers",
        "  to fit     made a thread of 2 posts",
        "  price      $0.015",
        "  file       /x/toots.txt",
        "",
    ]


def test_build_json_names_files_that_are_there(built_ws: Path) -> None:
    """Absolute paths, one row per snippet, the same edition as before."""
    facts = json.loads(CliRunner().invoke(main, ["-C", str(built_ws), "build", CAMPAIGN, "--json"]).stdout)

    assert list(facts) == ["campaign", "edition", "path", "html", "text", "message", "snippets"]
    assert facts["campaign"] == CAMPAIGN
    assert Path(facts["path"]).name == facts["edition"]
    for path in (facts["html"], facts["text"], facts["message"], facts["snippets"][0]["path"]):
        assert Path(path).is_absolute()
        assert Path(path).is_file()
    row = facts["snippets"][0]
    assert list(row)[:5] == ["account", "network", "path", "length", "limit"]
    assert list(row)[5:] == ["posts", "price_musd", "steps", "objections"]
    assert Path(row["path"]).read_text(encoding="utf-8") == row["posts"][0]["text"]
    assert row["posts"][0]["length"] == row["length"]


def test_an_unknown_campaign_is_one_line_and_exit_code_2(built_ws: Path) -> None:
    """With the nearest name; as JSON when asked for JSON."""
    result = CliRunner().invoke(main, ["-C", str(built_ws), "build", "autum-digest"])
    assert result.exit_code == 2
    assert "did you mean 'autumn-digest'?" in result.stderr

    as_json = CliRunner().invoke(main, ["-C", str(built_ws), "build", "autum-digest", "--json"])
    assert as_json.exit_code == 2
    assert json.loads(as_json.stdout)["error"]["kind"] == "config"
