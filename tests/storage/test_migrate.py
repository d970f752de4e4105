"""The database has the shape the program knows, or the program says so."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from newsletter.errors import ConfigError, NewsletterError
from newsletter.storage import migrate
from newsletter.storage.database import Database, open_database
from newsletter.storage.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the address of a database without tables; the test runs on both kinds."""
    if request.param == "sqlite":
        yield "sqlite:///ledger.db"
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.database(migrated=False) as url:
        yield url


@pytest.fixture
def database(empty_url: str, tmp_path: Path) -> Iterator[Database]:
    """An empty database."""
    opened = open_database(empty_url, tmp_path)
    yield opened
    opened.close()


def test_the_migrations_make_exactly_the_tables_of_the_program(database: Database) -> None:
    """Nothing is left for Alembic to change."""
    migrate.ensure(database)

    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"render_as_batch": True})
        assert compare_metadata(context, metadata) == []


def test_a_database_of_the_right_shape_is_left_alone(database: Database) -> None:
    """Asking twice changes nothing."""
    migrate.ensure(database)
    migrate.ensure(database)

    assert migrate.revision(database) == migrate.revisions()[-1]


def test_a_database_from_a_newer_program_is_refused(database: Database) -> None:
    """An unknown revision is named, with the way out."""
    migrate.ensure(database)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(
        ConfigError, match=r"(ledger\.db|/test_\d+): .*revision 9999.*newer than this program"
    ):
        migrate.ensure(database)


def test_an_older_database_asks_for_an_upgrade(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command to run is named."""
    migrate.ensure(database)
    monkeypatch.setattr(migrate, "revisions", lambda: ["0001", "0002", "0003", "0004", "0005"])

    with pytest.raises(ConfigError, match="run: newsletter db upgrade"):
        migrate.ensure(database)


def test_programs_that_start_at_the_same_moment_make_the_tables_once(empty_url: str, tmp_path: Path) -> None:
    """The second waits for the first."""
    barrier, troubles = threading.Barrier(3), []

    def start() -> None:
        opened = open_database(empty_url, tmp_path)
        barrier.wait()
        try:
            migrate.upgrade(opened)
        except NewsletterError as error:
            troubles.append(str(error))
        opened.close()

    programs = [threading.Thread(target=start) for _ in range(3)]
    for program in programs:
        program.start()
    for program in programs:
        program.join()

    assert troubles == []
    database = open_database(empty_url, tmp_path)
    assert migrate.revision(database) == migrate.revisions()[-1]
    database.close()
