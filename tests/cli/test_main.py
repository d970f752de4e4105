"""The command line as a whole."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from newsletter.cli.entry import HELP_PAGE
from newsletter.cli.main import COMMANDS, main


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_of_help_says_what_the_command_says(name: str) -> None:
    """The fast help page may not drift from the real one."""
    command = main.get_command(click.Context(main), name)

    assert command is not None
    line = COMMANDS[name][1]
    assert command.get_short_help_str(limit=100) in {line, line.rstrip(".")}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_an_example(name: str) -> None:
    """People copy before they read."""
    shown = CliRunner().invoke(main, [name, "--help"])

    assert shown.exit_code == 0
    assert "Example" in shown.output


def test_the_help_page_is_what_click_would_print() -> None:
    """The file that is shown may not drift from the commands."""
    printed = CliRunner().invoke(main, ["--help"], prog_name="newsletter").output

    assert Path(HELP_PAGE).read_text(encoding="utf-8") == printed


def test_help_imports_nothing_but_the_program() -> None:
    """The start-up budget: not even click."""
    program = (
        "import sys; before = set(sys.modules); sys.argv = ['newsletter', '--help']\n"
        "from newsletter.cli.entry import main; main()\n"
        "print('MODULES', *set(sys.modules) - before)"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert run.stdout.startswith("Usage: newsletter ")
    loaded = set(run.stdout.partition("MODULES")[2].split())
    assert loaded == {"newsletter", "newsletter.cli", "newsletter.cli.entry"}


def test_naming_a_command_imports_only_its_own_file() -> None:
    """Heavy libraries wait until a command does its work."""
    heavy = {
        "requests",
        "lxml",
        "premailer",
        "tweepy",
        "sqlalchemy",
        "jinja2",
        "pydantic",
        "rich",
        "starlette",
    }
    program = (
        "import sys; from newsletter.cli.main import COMMANDS, main\n"
        "for name in COMMANDS: main([name, '--help'], standalone_mode=False)\n"
        "print('MODULES', *sys.modules)"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert set(run.stdout.partition("MODULES")[2].split()) & heavy == set()


def test_a_mistyped_command_gets_the_nearest_one() -> None:
    """And exit code 2."""
    result = CliRunner().invoke(main, ["biuld"])

    assert result.exit_code == 2
    assert "Did you mean 'build'?" in result.output


def test_an_error_is_one_line_on_stderr_with_its_exit_code(tmp_path: Path) -> None:
    """No traceback."""
    result = CliRunner().invoke(main, ["-C", str(tmp_path), "build", "x"])

    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {tmp_path}: there is no config.toml here")
    assert len(result.stderr.splitlines()) == 1


def test_an_error_is_json_when_json_was_asked_for(tmp_path: Path) -> None:
    """Scripts read stdout."""
    import json

    result = CliRunner().invoke(main, ["-C", str(tmp_path), "build", "x", "--json"])

    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["kind"] == "config"


def test_a_mistake_of_the_program_is_one_line_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks for a report instead of showing frames."""
    from newsletter import workspace

    def broken(_root: Path) -> None:
        raise KeyError("slip")

    monkeypatch.setattr(workspace, "create", broken)
    result = CliRunner().invoke(main, ["init", str(tmp_path)])

    assert result.exit_code == 1
    assert result.stderr.startswith(
        "error: this is a mistake of the program (KeyError: 'slip'); run it with -v"
    )
