"""``newsletter init``."""

from pathlib import Path

from click.testing import CliRunner

from newsletter.cli.main import main


def test_init_says_what_it_made_and_what_to_do_next(tmp_path: Path) -> None:
    """The next commands can be copied."""
    result = CliRunner().invoke(main, ["init", str(tmp_path / "news")])

    assert result.exit_code == 0
    assert f"newsletter -C {tmp_path}/news build autumn-digest" in result.output


def test_init_again_changes_nothing_and_says_so(tmp_path: Path) -> None:
    """Safe to repeat."""
    CliRunner().invoke(main, ["init", str(tmp_path)])
    result = CliRunner().invoke(main, ["init", str(tmp_path)])

    assert "complete already; nothing was changed" in result.output


def test_init_names_the_files_it_kept(tmp_path: Path) -> None:
    """A config.toml that was there stays as it was."""
    (tmp_path / "config.toml").write_text("mine", encoding="utf-8")
    result = CliRunner().invoke(main, ["init", str(tmp_path)])

    assert "kept config.toml as it was" in result.output
    assert (tmp_path / "config.toml").read_text(encoding="utf-8") == "mine"
