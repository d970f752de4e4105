"""What the documents show is what the program does."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def run_shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run lines as a person would type them, with the program under test first on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-ec", script],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("page", "mark"), [("README.md", "daily path"), ("docs/quickstart.md", "run")])
def test_the_lines_shown_to_newcomers_really_run(page: str, mark: str, tmp_path: Path) -> None:
    """Every block behind the mark, in order, in one empty folder."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(rf"<!-- {mark} -->\n```sh\n(.*?)```", text, re.DOTALL)
    assert blocks

    result = run_shell("".join(blocks), tmp_path)

    assert result.returncode == 0, result.stdout + result.stderr


def test_the_block_shown_for_restyling_changes_both_parts_of_the_letter(tmp_path: Path) -> None:
    """Copied from the page into a fresh workspace, then built and checked."""
    page = (ROOT / "docs/how-to/restyle.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```jinja\n(.*?)```", page, re.DOTALL)
    assert run_shell("newsletter init ws", tmp_path).returncode == 0
    for name, block in zip(("digest.html.j2", "digest.txt.j2"), blocks, strict=True):
        (tmp_path / "ws" / "templates" / name).write_text(block, encoding="utf-8")

    result = run_shell(
        "cd ws && newsletter build autumn-digest && cat out/*/*/email.html out/*/*/email.txt", tmp_path
    )

    assert result.returncode == 0, result.stderr
    assert result.stdout.count("Thank you for standing by the river this year.") == 2


def test_the_reference_pages_are_up_to_date() -> None:
    """They are written by docs/generate.py; run make docs."""
    result = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """Relative ones; the web is not asked."""
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose)

    dead = [link for link in links if "://" not in link and not (page.parent / link).exists()]

    assert dead == []
