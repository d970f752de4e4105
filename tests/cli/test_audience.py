"""``newsletter audience``."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from newsletter.cli.main import COMMANDS, main
from newsletter.storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

CONFIG = """
[organisation]
name = "Fair Work"
sender = "Fair Work <news@fairwork.example>"
postal_address = "2 Mill Lane, Leeds LS1 1AA, United Kingdom"
public_url = "https://news.fairwork.example"
"""
BY_CONSENT = ("--list", "news", "--basis", "consent")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Return a function that runs ``newsletter audience`` in a workspace; what it opened is closed."""
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    opened: list[Database] = []
    start = Database.__init__

    def remember(self: Database, *args: Any, **kwargs: Any) -> None:
        start(self, *args, **kwargs)
        opened.append(self)

    monkeypatch.setattr(Database, "__init__", remember)
    yield lambda *words: CliRunner().invoke(main, ["-C", str(tmp_path), "audience", *map(str, words)])
    for database in opened:
        database.close()


def csv_file(folder: Path, text: str) -> Path:
    """Write a file to import."""
    path = folder / "people.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_import_says_what_became_of_every_row(run: Run, tmp_path: Path) -> None:
    """On the screen with file and line; for scripts as one document."""
    path = csv_file(tmp_path, "email,name\nana@example.org,Ana\nnobody,\nana@example.org,Ana\n")
    seen = run("import", path, *BY_CONSENT, "--dry-run")
    facts = json.loads(run("import", path, *BY_CONSENT, "--json").stdout)

    assert seen.exit_code == 0
    assert "3 rows (rehearsal, nothing was changed)" in seen.stdout
    assert f"{path}:3: 'nobody' is not an address" in seen.stderr
    assert facts == {
        "rows": 3,
        "added": 1,
        "updated": 1,
        "skipped": 0,
        "errors": [{"line": 3, "reason": facts["errors"][0]["reason"]}],
        "skipped_because": {},
        "bad": 1,
        "dry_run": False,
    }


def test_many_bad_rows_do_not_flood_the_screen(run: Run, tmp_path: Path) -> None:
    """Twenty are shown, the rest is counted."""
    seen = run("import", csv_file(tmp_path, "email\n" + "nobody\n" * 30), *BY_CONSENT)

    assert len(seen.stderr.splitlines()) == 21
    assert "and 10 more" in seen.stderr


def test_a_rehearsal_changes_nothing(run: Run, tmp_path: Path) -> None:
    """Not even the lists."""
    run("import", csv_file(tmp_path, "email\nana@example.org\n"), *BY_CONSENT, "--dry-run")

    assert json.loads(run("lists", "--json").stdout) == []


@pytest.mark.parametrize("as_json", [False, True])
def test_a_file_that_cannot_be_used_ends_with_three(run: Run, tmp_path: Path, *, as_json: bool) -> None:
    """One line, or one document."""
    path = csv_file(tmp_path, "name\nAna\n")
    seen = run("import", path, *BY_CONSENT, *(["--json"] if as_json else []))

    assert seen.exit_code == 3
    if as_json:
        assert json.loads(seen.stdout)["error"]["kind"] == "content"
    else:
        assert seen.stderr.startswith(f"error: {path}:1: no column holds addresses")
        assert len(seen.stderr.splitlines()) == 1


def test_columns_can_be_mapped(run: Run, tmp_path: Path) -> None:
    """Where the usual names do not say it."""
    path = csv_file(tmp_path, "Contact;Rufname;Handy\nana@example.org;Ana;123\n")
    run(
        "import",
        path,
        *BY_CONSENT,
        "--map",
        "contact=email",
        "--map",
        "Rufname=first_name",
        "--map",
        "Handy=ignore",
    )
    facts = json.loads(run("show", "ana@example.org", "--json").stdout)

    assert (facts["names"]["first_name"], facts["attributes"]) == ("Ana", {})


@pytest.mark.parametrize(
    "words", [("--map", "contact"), ("--consent-date", "yesterday"), ("--basis", "because")]
)
def test_options_that_make_no_sense_are_refused(run: Run, tmp_path: Path, words: tuple[str, str]) -> None:
    """Before the file is opened."""
    seen = run("import", tmp_path / "missing.csv", *BY_CONSENT, *words)

    assert seen.exit_code == 2
    assert words[1] in seen.stderr


def test_a_person_is_added_shown_removed_and_erased(run: Run) -> None:
    """The life of one subscriber."""
    added = run("add", "ana@example.org", "--list", "news", "--first-name", "Ana", "--source", "phone call")
    shown = run("show", "ana@example.org")
    removed = run("remove", "ana@example.org", "--list", "news")
    again = run("remove", "ana@example.org")
    back = run("add", "ana@example.org", "--list", "news")
    erased = run("remove", "ana@example.org", "--erase")
    refused = run("add", "ana@example.org", "--list", "news")

    assert added.stdout == "added ana@example.org on news\n"
    assert "first name: Ana" in shown.stdout
    assert "on news" in shown.stdout
    assert "consent given for news: consent, phone call, " in shown.stdout
    assert removed.stdout == "ana@example.org has left news\n"
    assert again.stdout == "ana@example.org was not subscribed; nothing was changed\n"
    assert back.stdout == "updated ana@example.org on news\n"
    assert "erased ana@example.org" in erased.stdout
    assert refused.exit_code == 1
    assert "suppressed (erased)" in refused.stderr


def test_an_address_is_suppressed_and_released(run: Run) -> None:
    """With the reason as evidence."""
    run("suppress", "Eve@Example.org", "--reason", "asked by phone")
    again = json.loads(run("suppress", "eve@example.org", "--reason", "again", "--json").stdout)
    shown = run("show", "eve@example.org")
    released = run("release", "eve@example.org")
    twice = json.loads(run("release", "eve@example.org", "--json").stdout)
    unknown = run("show", "eve@example.org")

    assert again == {"email": "eve@example.org", "suppressed": False}
    assert "(manual): asked by phone" in shown.stdout
    assert "may be written to again" in released.stdout
    assert twice == {"email": "eve@example.org", "released": False}
    assert (unknown.exit_code, unknown.stderr) == (
        1,
        "error: eve@example.org: nobody with this address is known\n",
    )


def test_an_export_goes_to_the_screen_or_to_a_file_of_ones_own(run: Run, tmp_path: Path) -> None:
    """Personal records are readable by their owner alone, and an import reads them back."""
    run("import", csv_file(tmp_path, "email,name\nana@example.org,Zoë\n"), *BY_CONSENT)
    screen = run("export", "--list", "news")
    output = tmp_path / "out.csv"
    written = run("export", "--output", output)
    facts = json.loads(run("import", output, "--json").stdout)

    assert screen.stdout.splitlines()[1].startswith("ana@example.org,Zoë,")
    assert written.stdout == f"wrote 1 person to {output}\n"
    assert output.read_bytes().startswith(b"\xef\xbb\xbfemail,")
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert (facts["rows"], facts["updated"], facts["errors"]) == (1, 1, [])


def test_the_lists_are_shown(run: Run, tmp_path: Path) -> None:
    """With a way on when there are none."""
    empty = run("lists")
    run("import", csv_file(tmp_path, "email\na@example.org\nb@example.org\n"), *BY_CONSENT)
    run("remove", "b@example.org")
    seen = run("lists")

    assert "no lists yet" in empty.stdout
    assert seen.stdout.split() == ["news", "1", "subscribed", "1", "left"]


def test_the_groups_help_is_the_line_of_the_table(run: Run) -> None:
    """And every command has an example."""
    from newsletter.cli.audience import audience

    assert audience.get_short_help_str(limit=200) == COMMANDS["audience"][1]
    for command in audience.commands.values():
        assert "Example: newsletter audience" in (command.help or "")
