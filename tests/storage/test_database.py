"""Connections behave as the ledger needs, and their troubles are one plain line."""

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text

from newsletter import clock
from newsletter.errors import ConfigError
from newsletter.storage import native
from newsletter.storage.database import Database, DatabaseProblemError, open_database
from newsletter.storage.tables import mailing_list


def opened(tmp_path: Path, **settings: float) -> Database:
    """Open a database file in the test's folder."""
    return open_database("sqlite:///ledger.db", tmp_path, **settings)


def test_sqlite_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    """The log is written ahead, commits are flushed, references are kept."""
    database = opened(tmp_path)
    with database.read() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    database.close()

    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_failed_block_leaves_nothing_behind(database: Database) -> None:
    """One block, one transaction."""
    with database.write() as connection:
        connection.execute(text("CREATE TABLE story (title TEXT)"))
    with pytest.raises(RuntimeError), database.write() as connection:
        connection.execute(text("INSERT INTO story VALUES ('half')"))
        raise RuntimeError
    with database.read() as connection:
        count = connection.execute(text("SELECT count(*) FROM story")).scalar()

    assert count == 0


def test_a_reader_sees_one_state_whatever_is_written_meanwhile(database: Database) -> None:
    """Numbers that are read one after the other add up; also when they are read past SQLAlchemy."""
    count = "SELECT count(*) FROM list"
    with database.read() as connection:
        before = native.run(connection, count, {})
        with database.write() as writing:
            writing.execute(mailing_list.insert().values(name="a", created_at=clock.now()))
        after = [*native.run(connection, count, {}), *connection.execute(text(count)).all()]
    with database.read() as connection:
        at_last = connection.execute(text(count)).scalar()

    assert before == [(0,)]
    assert [row[0] for row in after] == [0, 0]
    assert at_last == 1


def test_a_held_database_gives_one_line_that_names_it(tmp_path: Path) -> None:
    """Another program's lock is waited for, then explained."""
    database = opened(tmp_path, busy_timeout_s=0.1)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE story (title TEXT)"))
    holder = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseProblemError) as caught, database.write():
        pass
    holder.close()
    database.close()

    assert str(caught.value).startswith(f"{tmp_path}/ledger.db: another program holds the database")


def test_a_full_disk_gives_one_line_and_keeps_what_was_there(tmp_path: Path) -> None:
    """SQLITE_FULL is explained; the transaction is gone, the older rows are not."""
    database = opened(tmp_path)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE story (title TEXT)"))
        connection.execute(text("INSERT INTO story VALUES ('kept')"))
    with pytest.raises(DatabaseProblemError, match="the disk is full"), database.write() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        connection.execute(text("INSERT INTO story VALUES (:long)"), {"long": "x" * 100_000})
    with database.read() as connection:
        titles = connection.execute(text("SELECT title FROM story")).scalars().all()
    database.close()

    assert titles == ["kept"]


def test_a_damaged_file_gives_one_line(tmp_path: Path) -> None:
    """Not a database: restore a backup."""
    (tmp_path / "ledger.db").write_bytes(b"not a database at all, but long enough to be looked at" * 40)
    database = opened(tmp_path)
    with pytest.raises(DatabaseProblemError, match="restore a backup"), database.read():
        pass
    database.close()


def test_a_wrong_address_names_the_setting(tmp_path: Path) -> None:
    """No driver, no address: config.toml (database.url)."""
    for url in ("nonsense", "oracle+nothing://x/y", "mysql://x/y", "postgresql://db:port/x"):
        with pytest.raises(ConfigError, match=r"config\.toml \(database\.url\)"):
            open_database(url, tmp_path)


def test_a_wrong_address_is_not_repeated_because_it_may_hold_a_password(tmp_path: Path) -> None:
    """The setting is named, that is enough."""
    with pytest.raises(ConfigError) as caught:
        open_database("postgresql//news:s3cret@db/x", tmp_path)

    assert "s3cret" not in str(caught.value)


def test_times_come_back_aware_and_naive_ones_are_refused(database: Database) -> None:
    """The type Moment keeps UTC on a database without zones, and beside a server in another zone."""
    moment = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    east = moment.astimezone(timezone(timedelta(hours=13)))
    with database.write() as connection:
        connection.execute(mailing_list.insert().values(name="a", created_at=east))
        found = connection.execute(mailing_list.select()).one()
        with pytest.raises(Exception, match="naive time"):
            connection.execute(mailing_list.insert().values(name="b", created_at=moment.replace(tzinfo=None)))

    assert (found.created_at, found.created_at.utcoffset()) == (moment, timedelta())


def test_the_clock_of_a_file_is_the_clock_of_this_machine(tmp_path: Path) -> None:
    """Nothing is measured."""
    database = opened(tmp_path)

    assert database.clock(clock.now) is clock.now
    assert list(tmp_path.iterdir()) == []
    database.close()
