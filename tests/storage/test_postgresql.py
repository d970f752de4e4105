"""PostgreSQL's troubles are one plain line, and what can be mended is mended without anybody noticing."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from newsletter import clock
from newsletter.errors import ConfigError, NewsletterError
from newsletter.storage import drivers, native, upkeep
from newsletter.storage.database import Database, DatabaseProblemError, open_database
from newsletter.storage.tables import mailing_list
from tests.servers.postgres import GUARDED, USER, binaries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from tests.servers.postgres import Postgres

PID = text("SELECT pg_backend_pid()")
LOST = "the connection to the database was lost"


@pytest.fixture
def url(postgres: Postgres) -> Iterator[str]:
    """Return the address of an empty database."""
    with postgres.database() as address:
        yield address


@pytest.fixture
def database(url: str, tmp_path: Path) -> Iterator[Database]:
    """Open it."""
    opened = open_database(url, tmp_path)
    yield opened
    opened.close()


def add_list(connection: Connection, name: str) -> None:
    """Write a row."""
    connection.execute(mailing_list.insert().values(name=name, created_at=clock.now()))


def names(database: Database) -> list[str]:
    """Read the rows."""
    with database.read() as connection:
        return list(connection.execute(text("SELECT name FROM list ORDER BY name")).scalars())


def end_connection(postgres: Postgres, connection: Connection) -> None:
    """Cut a connection off, as a server does that is restarted, and wait until it has gone."""
    postgres.execute(f"SELECT pg_terminate_backend({connection.execute(PID).scalar_one()}, 5000)")


@pytest.mark.parametrize("start", ["postgres://", "postgresql://", "postgresql+psycopg://"])
def test_every_common_way_to_write_the_address_works(url: str, tmp_path: Path, start: str) -> None:
    """Hosts hand out all of them."""
    database = open_database(url.replace("postgresql+psycopg://", start), tmp_path)

    assert names(database) == []
    database.close()


def test_a_connection_that_died_in_between_is_replaced(database: Database, postgres: Postgres) -> None:
    """The server was restarted overnight; nobody notices."""
    with database.write() as connection:
        number = connection.execute(PID).scalar_one()
    postgres.execute(f"SELECT pg_terminate_backend({number}, 5000)")

    with database.write() as connection:
        add_list(connection, "news")
    assert names(database) == ["news"]


@pytest.mark.parametrize("past_sqlalchemy", [False, True])
def test_a_connection_that_dies_inside_a_transaction_undoes_it_and_says_so(
    database: Database, postgres: Postgres, capfd: pytest.CaptureFixture[str], *, past_sqlalchemy: bool
) -> None:
    """One line, nothing beside it; the next transaction has a new connection."""
    with pytest.raises(DatabaseProblemError, match=LOST), database.write() as connection:
        add_list(connection, "half")
        end_connection(postgres, connection)
        if past_sqlalchemy:
            native.run(connection, "SELECT 1", {})
        else:
            connection.execute(text("SELECT 1"))

    assert names(database) == []
    assert capfd.readouterr() == ("", "")


def test_a_connection_that_dies_before_the_commit_undoes_it(database: Database, postgres: Postgres) -> None:
    """Nobody is told that it was written."""
    with pytest.raises(DatabaseProblemError, match=LOST), database.write() as connection:
        add_list(connection, "half")
        end_connection(postgres, connection)

    assert names(database) == []


def test_a_lock_is_waited_for_and_then_explained(url: str, database: Database, tmp_path: Path) -> None:
    """As long as on SQLite, in the same words."""
    impatient = open_database(url, tmp_path, busy_timeout_s=0.1)
    with database.write() as connection:
        add_list(connection, "news")
        with pytest.raises(DatabaseProblemError) as caught, impatient.write() as other:
            add_list(other, "news")
    impatient.close()

    assert str(caught.value).startswith(f"{database.name}: another program holds the database")
    assert names(database) == ["news"]


def test_two_programs_that_wait_for_each_other_are_told_apart(database: Database) -> None:
    """PostgreSQL ends one of them, the other goes on."""
    with database.write() as connection:
        add_list(connection, "a")
        add_list(connection, "b")
    barrier, said = threading.Barrier(2), []

    def change(first: str, second: str) -> None:
        try:
            with database.write() as connection:
                for number, name in enumerate((first, second)):
                    connection.execute(text("UPDATE list SET name = name WHERE name = :name"), {"name": name})
                    if not number:
                        barrier.wait()
        except DatabaseProblemError as error:
            said.append(str(error))

    programs = [threading.Thread(target=change, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for program in programs:
        program.start()
    for program in programs:
        program.join()

    assert len(said) == 1
    assert "another program changed the same rows at this moment; run the command again" in said[0]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("53100", "the disk is full; free some space"),
        ("40001", "another program changed the same rows"),
        ("42501", "the account in database.url may not do this"),
        ("P0001", "the database refused: the words of the server"),
    ],
)
def test_what_the_server_says_is_said_in_plain_words(database: Database, state: str, words: str) -> None:
    """By its code, whatever language it speaks; people's addresses in its details are left out."""
    refuse = (
        f"DO $$ BEGIN RAISE EXCEPTION 'the words of the server' "
        f"USING ERRCODE = '{state}', DETAIL = 'Key (email)=(asha@example.org)'; END $$"
    )
    with pytest.raises(DatabaseProblemError) as caught, database.write() as connection:
        connection.exec_driver_sql(refuse)

    assert words in str(caught.value)
    assert "asha" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_database_without_tables_says_how_to_make_them(postgres: Postgres, tmp_path: Path) -> None:
    """As on SQLite."""
    with postgres.database(migrated=False) as url:
        database = open_database(url, tmp_path)
        with pytest.raises(DatabaseProblemError, match="run: newsletter db upgrade"):
            names(database)
        database.close()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"port": 1}, "the database cannot be reached; check that it runs"),
        ({"database": "nowhere"}, "there is no such database; create it first: createdb NAME"),
        ({"username": "nobody"}, "the database has no such account"),
        ({"query": {"sslmode": "require"}}, "do not agree about TLS"),
        ({"query": {"colour": "blue"}}, "this address has a setting that PostgreSQL does not know"),
    ],
)
def test_a_database_that_cannot_be_reached_says_why(
    url: str, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    """And never shows the password."""
    right = drivers.engine_for(url, tmp_path, 1).url
    wrong = right.set(password="s3cret", **change)
    database = open_database(wrong.render_as_string(hide_password=False), tmp_path)
    with pytest.raises(DatabaseProblemError) as caught:
        names(database)
    database.close()

    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{wrong.host}:{wrong.port}/{wrong.database}: ")
    assert "s3cret" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("account", "words"),
    [
        (f"{GUARDED}:open-up", "check name and password in database.url"),
        (GUARDED, "the database asks for a password"),
        (f"{GUARDED}:sesame", "the account in database.url may not do this"),
    ],
)
def test_an_account_that_may_not_is_told_why(
    postgres: Postgres, url: str, tmp_path: Path, account: str, words: str
) -> None:
    """Wrong password, none, and the right one of somebody who may not write."""
    postgres.execute(f"CREATE ROLE {GUARDED} LOGIN PASSWORD 'sesame'")
    database = open_database(url.replace(f"{USER}@", f"{account}@"), tmp_path)
    try:
        with pytest.raises(DatabaseProblemError, match=words) as caught, database.write() as connection:
            add_list(connection, "news")
    finally:
        database.close()
        postgres.execute(f"DROP ROLE {GUARDED}")

    assert "sesame" not in str(caught.value)
    assert "open-up" not in str(caught.value)


def test_a_missing_driver_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(ConfigError, match=r"pip install 'newsletter-studio\[postgres\]'"):
        open_database("postgresql://db/news", tmp_path)


def test_settings_in_the_address_win(url: str, tmp_path: Path) -> None:
    """Whoever knows better may say so."""
    database = open_database(f"{url}?application_name=river&options=-c%20lock_timeout%3D7s", tmp_path)
    with database.read() as connection:
        found = [
            connection.execute(text(f"SHOW {name}")).scalar()
            for name in ("application_name", "lock_timeout", "timezone")
        ]
    database.close()

    assert found == ["river", "7s", "UTC"]


def test_a_clock_that_agrees_is_left_alone(database: Database) -> None:
    """Here both are the same; what measuring took is no difference."""
    assert database.clock(clock.now) is clock.now


@pytest.mark.parametrize("behind", [timedelta(hours=1), timedelta(minutes=-3)])
def test_leases_are_counted_on_the_clock_of_the_database(
    database: Database, monkeypatch: pytest.MonkeyPatch, behind: timedelta
) -> None:
    """A machine whose clock is wrong by an hour neither takes over living senders nor looks dead itself."""
    right = clock.now
    monkeypatch.setattr(clock, "now", lambda: right() - behind)

    corrected = database.clock(clock.now)

    assert abs(corrected() - right()) < timedelta(seconds=5)
    assert database.clock(lambda: right() + timedelta(days=1))() - right() > timedelta(hours=23)


def test_figures_name_the_server_and_count_our_tables_only(
    postgres: Postgres, database: Database, tmp_path: Path
) -> None:
    """Other programs may keep theirs beside ours."""
    with database.write() as connection:
        add_list(connection, "news")
        connection.execute(text("CREATE TABLE theirs (secret text)"))

    found = upkeep.figures(database)

    assert found.engine == f"PostgreSQL {postgres.execute('SHOW server_version')[0][0]}"
    assert found.revision == found.known_revision
    assert found.size_bytes > 1_000_000
    assert found.rows["list"] == 1
    assert "theirs" not in found.rows
    assert found.address.endswith(f"{USER}@{database.name}")


def test_a_backup_names_the_tool_and_its_command_works(
    postgres: Postgres, database: Database, tmp_path: Path
) -> None:
    """Copied from the message and run, it writes a file that can be restored."""
    program = binaries() / "pg_dump"
    if not program.exists() and not shutil.which("pg_dump"):
        pytest.skip("needs pg_dump")
    with database.write() as connection:
        add_list(connection, "news")
    copy = tmp_path / "before the appeal.dump"

    with pytest.raises(NewsletterError, match=r"pg_dump --format=custom .*pg_restore") as caught:
        upkeep.back_up(database, copy)

    command = str(caught.value).partition("pg_dump")[2].partition(" (and back")[0]
    subprocess.run(f"{program}{command}", shell=True, check=True)  # noqa: S602 - as a person pastes it
    assert copy.read_bytes().startswith(b"PGDMP")
    with postgres.database(migrated=False) as other:
        target = other.replace("+psycopg", "")
        subprocess.run([binaries() / "pg_restore", f"--dbname={target}", copy], check=True)
        restored = open_database(other, tmp_path)
        assert names(restored) == ["news"]
        restored.close()
