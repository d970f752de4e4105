"""``newsletter demo``: what a newcomer sees first."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """Run the demo as its own program."""
    root = tmp_path_factory.mktemp("demo") / "ws"
    command = [sys.executable, "-m", "newsletter", "demo", str(root)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))


def test_the_demo_succeeds(shown: subprocess.CompletedProcess[str]) -> None:
    """Exit code 0; nothing on stderr."""
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert shown.stderr == ""


def test_every_path_it_prints_exists(shown: subprocess.CompletedProcess[str]) -> None:
    """HTML, text, one letter, snippets."""
    results = shown.stdout.partition("Have a look:")[2]
    paths = re.findall(
        r"^  (?:in a browser|HTML part|text part|one letter|snippets) +(\S+)$", results, re.MULTILINE
    )

    assert len(paths) == 5
    assert all(Path(path).exists() for path in paths)


def test_it_shows_the_commands_it_runs(shown: subprocess.CompletedProcess[str]) -> None:
    """They can be typed in one's own workspace."""
    commands = re.findall(r"^\$ newsletter (\w+)", shown.stdout, re.MULTILINE)

    assert commands == ["post", "audience", "build", "check", "send", "report"]


def test_a_failing_step_fails_the_demo(tmp_path: Path) -> None:
    """The exit code of the step is the exit code of the demo."""
    (tmp_path / "config.toml").write_text("[organisation]\nname = 1\n", encoding="utf-8")
    command = [sys.executable, "-m", "newsletter", "demo", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert result.returncode == 2
    assert "Traceback" not in result.stderr
