"""``newsletter check`` on the sample workspace."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from newsletter import workspace
from newsletter.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

CAMPAIGN = "autumn-digest"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A fresh workspace."""
    return workspace.create(tmp_path / "ws").workspace.root


def run(root: Path, *words: str) -> Any:
    """Run a command and return click's result."""
    return CliRunner().invoke(main, ["-C", str(root), *words])


def change(path: Path, old: str, new: str) -> None:
    """Change a file as a person would."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_sample_campaign_is_ready(root: Path) -> None:
    """A fresh workspace passes before anybody is imported, and says that nobody was counted."""
    result = run(root, "check", CAMPAIGN)

    assert result.exit_code == 0, result.output
    assert ": ready" in result.output
    assert "The audience was not counted." in result.output


def test_json_has_the_shape_that_scripts_rely_on(root: Path) -> None:
    """And the edition is the one that build makes."""
    built = json.loads(run(root, "build", CAMPAIGN, "--json").stdout)

    found = json.loads(run(root, "check", CAMPAIGN, "--json").stdout)

    assert found["edition"] == built["edition"]
    assert found["findings"]
    for finding in found["findings"]:
        assert finding.keys() == {"id", "severity", "where", "why", "mend"}


def test_an_error_exits_with_5_and_says_where(root: Path) -> None:
    """A link that only works in the office."""
    campaign = root / "campaigns" / CAMPAIGN / "campaign.toml"
    change(campaign, "https://rivertrust.example/give", "http://localhost:8000/give")

    result = run(root, "check", CAMPAIGN)

    assert result.exit_code == 5, result.output
    assert "error K1" in result.output
    assert "http://localhost:8000/give" in result.output
    assert "Traceback" not in result.output


def test_a_frozen_edition_is_checked_as_it_was_built(root: Path) -> None:
    """Later changes of the campaign do not count."""
    edition = json.loads(run(root, "build", CAMPAIGN, "--json").stdout)["edition"]
    campaign = root / "campaigns" / CAMPAIGN / "campaign.toml"
    change(campaign, "https://rivertrust.example/give", "http://localhost:8000/give")

    result = run(root, "check", edition[:8])

    assert result.exit_code == 0, result.output
    assert edition in result.output


def test_a_list_without_people_is_an_error_once_somebody_is_subscribed(root: Path) -> None:
    """The name of the list is probably mistyped."""
    people = root / "campaigns" / CAMPAIGN / "subscribers.csv"
    assert run(root, "audience", "import", str(people), "--list", "supporters").exit_code == 0
    assert run(root, "check", CAMPAIGN).exit_code == 0
    change(root / "campaigns" / CAMPAIGN / "campaign.toml", '"supporters"', '"supportes"')

    result = run(root, "check", CAMPAIGN)

    assert result.exit_code == 5, result.output
    assert "nobody is subscribed to supportes" in result.output


def test_a_mistyped_name_is_answered_with_the_nearest(root: Path) -> None:
    """One line, exit code 2."""
    result = run(root, "check", "autum-digest")

    assert result.exit_code == 2
    assert "did you mean 'autumn-digest'?" in result.stderr


def test_mistakes_in_files_are_shown_as_json_too(root: Path) -> None:
    """Scripts get the kind of error and its place."""
    change(root / "campaigns" / CAMPAIGN / "campaign.toml", "subject", "subjekt")

    result = run(root, "check", CAMPAIGN, "--json")

    assert result.exit_code == 2
    assert "campaign.toml" in json.loads(result.stdout)["error"]["message"]


def test_a_picture_without_a_description_needs_the_campaigns_leave(root: Path) -> None:
    """Then it is a warning; the letter is judged by its own rule all the same."""
    index = root / "posts" / "otters-at-harbour-weir" / "index.md"
    words = "Two otters on a rock at sunrise, one sitting upright, mist on the water behind them"
    change(index, f"    alt: {words}\n", "")
    for severity in ("error", "warning"):
        found = json.loads(run(root, "check", CAMPAIGN, "--json").stdout)["findings"]

        assert [finding["severity"] for finding in found if finding["id"] == "S3"] == [severity]
        if severity == "error":
            change(
                root / "campaigns" / CAMPAIGN / "campaign.toml",
                "[social]",
                "[social]\nallow_missing_alt = true",
            )


@pytest.mark.parametrize("content", [b"\xff\xd8\xff", b"\x00\x00\x00\x18ftypheic", b"<svg/>"])
def test_a_picture_that_cannot_be_used_is_one_finding_and_the_rest_goes_on(
    root: Path, content: bytes
) -> None:
    """File and line of the post that names it."""
    (root / "posts" / "otters-at-harbour-weir" / "otters.jpg").write_bytes(content)

    found = json.loads(run(root, "check", CAMPAIGN, "--json").stdout)["findings"]

    (finding,) = (finding for finding in found if finding["severity"] == "error")
    assert finding["id"] == "P9"
    assert finding["where"].endswith("otters-at-harbour-weir/index.md:13")
    assert "otters.jpg" in finding["why"]


def test_an_ask_longer_than_one_network_takes_is_one_finding(root: Path) -> None:
    """The other accounts have their posts."""
    config = (root / "config.toml").read_text(encoding="utf-8")
    small = '\n[[social]]\nname = "small"\ntype = "folder"\npath = "out/small"\nmax_characters = 100\n'
    (root / "config.toml").write_text(config + small, encoding="utf-8")

    built = json.loads(run(root, "build", CAMPAIGN, "--json").stdout)
    found = json.loads(run(root, "check", CAMPAIGN, "--json").stdout)["findings"]

    assert [snippet["account"] for snippet in built["snippets"]] == ["folder", "small"]
    assert [finding["where"] for finding in found if finding["severity"] == "error"] == [
        f"snippet for small: {built['snippets'][1]['length']} of 100 characters"
    ]
