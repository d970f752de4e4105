"""``newsletter db``: upgrade, figures and copies, also of databases that other commands refuse."""

from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from newsletter.cli.main import main
from newsletter.storage import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.postgres import Postgres

CONFIG = """\
[organisation]
name = "River Trust"
sender = "River Trust <news@rivertrust.example>"
postal_address = "1 Quay Street, Bristol"
public_url = "https://news.rivertrust.example"
"""
NEWEST = migrate.revisions()[-1]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a workspace without a database."""
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def run(root: Path, *arguments: str) -> Result:
    """Run ``newsletter db``."""
    return CliRunner().invoke(main, ["-C", str(root), "db", *arguments])


def set_revision(root: Path, revision: str) -> None:
    """Pretend that another version of the program made the database."""
    with closing(sqlite3.connect(root / "newsletter.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))


def test_upgrade_makes_the_tables_and_then_has_nothing_to_do(root: Path) -> None:
    """It says from where to where."""
    assert run(root, "upgrade").output == f"upgraded the database from revision none to {NEWEST}\n"
    assert run(root, "upgrade").output == f"the database has revision {NEWEST} already; nothing was changed\n"


def test_upgrade_refuses_a_database_of_a_newer_program(root: Path) -> None:
    """And leaves it alone."""
    run(root, "upgrade")
    set_revision(root, "9999")

    result = run(root, "upgrade")

    assert result.exit_code == 2
    assert "newer than this program; update the program" in result.stderr
    assert json.loads(run(root, "info", "--json").output)["revision"] == "9999"


def test_info_counts_the_rows_of_every_table(root: Path) -> None:
    """With sizes and revisions."""
    run(root, "upgrade")
    with closing(sqlite3.connect(root / "newsletter.db")) as connection, connection:
        connection.execute("INSERT INTO list (name, created_at) VALUES ('all', '2026-01-01 00:00:00')")

    found = json.loads(run(root, "info", "--json").output)
    shown = run(root, "info").output

    assert found["rows"]["list"] == 1
    assert found["rows"]["subscriber"] == 0
    assert (found["revision"], found["known_revision"]) == (NEWEST, NEWEST)
    assert found["size_bytes"] > 10_000
    assert found["engine"] == f"SQLite {sqlite3.sqlite_version}"
    assert f"revision  {NEWEST} (current)" in shown


def test_info_of_an_old_database_says_how_to_upgrade_it(root: Path) -> None:
    """Other commands would refuse it."""
    run(root, "upgrade")
    set_revision(root, "0000")

    assert f"needed    {NEWEST}; run: newsletter db upgrade" in run(root, "info").output


def test_info_makes_no_database(root: Path) -> None:
    """Looking changes nothing."""
    result = run(root, "info")

    assert "revision  none" in result.output
    assert [path.name for path in root.iterdir()] == ["config.toml"]


def test_a_password_is_never_shown(root: Path) -> None:
    """An address may hold one."""
    address = '[database]\nurl = "sqlite://asha:hush@/newsletter.db"\n'
    (root / "config.toml").write_text(CONFIG + address, encoding="utf-8")

    result = run(root, "info")

    assert "hush" not in result.output + result.stderr


def test_a_backup_is_a_whole_database_that_only_its_owner_can_read(root: Path) -> None:
    """One file, nothing beside it."""
    run(root, "upgrade")
    copy = root / "copies" / "before.db"
    copy.parent.mkdir()

    result = run(root, "backup", str(copy))

    with closing(sqlite3.connect(copy)) as connection:
        [(check,)] = connection.execute("PRAGMA integrity_check").fetchall()
        [(revision,)] = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert (check, revision) == ("ok", NEWEST)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [path.name for path in copy.parent.iterdir()] == ["before.db"]
    assert result.output == f"wrote {copy} ({copy.stat().st_size:,} bytes)\n"


def test_a_backup_never_overwrites(root: Path) -> None:
    """The file may be the last good copy."""
    run(root, "upgrade")
    (root / "before.db").write_text("precious", encoding="utf-8")

    result = run(root, "backup", str(root / "before.db"))

    assert result.exit_code == 1
    assert "this file exists and is not overwritten" in result.stderr
    assert (root / "before.db").read_text(encoding="utf-8") == "precious"


def test_a_backup_of_nothing_says_so_and_makes_nothing(root: Path) -> None:
    """Neither a database nor a copy."""
    result = run(root, "backup", str(root / "copy.db"))

    assert result.exit_code == 1
    assert "there is no database yet" in result.stderr
    assert [path.name for path in root.iterdir()] == ["config.toml"]


def test_a_damaged_database_leaves_no_copy_that_looks_good(root: Path) -> None:
    """One plain line."""
    (root / "newsletter.db").write_bytes(b"this is not a database" * 500)

    result = run(root, "backup", str(root / "copy.db"))

    assert result.exit_code == 1
    assert "the backup failed: file is not a database" in result.stderr
    assert not (root / "copy.db").exists()


def test_a_folder_that_is_not_there_is_named(root: Path) -> None:
    """Without a traceback."""
    run(root, "upgrade")

    result = run(root, "backup", str(root / "missing" / "copy.db"))

    assert result.exit_code == 1
    assert str(root / "missing" / "copy.db") in result.stderr


@pytest.fixture
def on_postgres(root: Path, postgres: Postgres) -> Iterator[Path]:
    """Return a workspace whose database is on a PostgreSQL server, and has no tables."""
    with postgres.database(migrated=False) as url:
        (root / "config.toml").write_text(f'{CONFIG}[database]\nurl = "{url}"\n', encoding="utf-8")
        yield root


def test_a_postgresql_database_is_upgraded_and_looked_at(on_postgres: Path, postgres: Postgres) -> None:
    """With the same words."""
    without = run(on_postgres, "info").output
    upgraded = run(on_postgres, "upgrade").output
    shown = run(on_postgres, "info").output
    again = run(on_postgres, "upgrade").output

    assert f"needed    {NEWEST}; run: newsletter db upgrade" in without
    assert upgraded == f"upgraded the database from revision none to {NEWEST}\n"
    assert f"engine    PostgreSQL {postgres.execute('SHOW server_version')[0][0]}" in shown
    assert f"revision  {NEWEST} (current)" in shown
    assert "  subscriber                  0" in shown
    assert again == f"the database has revision {NEWEST} already; nothing was changed\n"


def test_a_postgresql_database_is_backed_up_with_its_own_tool(on_postgres: Path) -> None:
    """One line says how, and no file is left that looks like a copy."""
    result = run(on_postgres, "backup", str(on_postgres / "copy.dump"))

    assert result.exit_code == 1
    assert "pg_dump --format=custom --host=127.0.0.1 --port=" in result.stderr
    assert not (on_postgres / "copy.dump").exists()


def test_a_server_that_is_not_there_is_one_line_without_its_password(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the address is kept outside config.toml."""
    (root / "config.toml").write_text(
        f'{CONFIG}[database]\nurl = {{ env = "RIVER_DATABASE" }}\n', encoding="utf-8"
    )
    not_set = run(root, "info")
    monkeypatch.setenv("RIVER_DATABASE", "postgresql://asha:hush@127.0.0.1:1/news")
    away = run(root, "info")

    assert not_set.exit_code == 2
    assert "the environment variable RIVER_DATABASE is not set" in not_set.stderr
    assert away.exit_code == 1
    assert away.stderr.startswith(
        "error: 127.0.0.1:1/news: the database cannot be reached; check that it runs"
    )
    assert "hush" not in away.output + away.stderr


def test_commands_that_need_no_database_do_not_ask_for_its_address(root: Path) -> None:
    """Designers build letters on machines that know no password."""
    (root / "config.toml").write_text(
        f'{CONFIG}[database]\nurl = {{ env = "RIVER_DATABASE" }}\n', encoding="utf-8"
    )

    result = CliRunner().invoke(main, ["-C", str(root), "campaign", "list"])

    assert (result.exit_code, result.stderr) == (0, "")
