"""What staff ask about the database itself: its figures, and a copy of it."""

from __future__ import annotations

import os
import shlex
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, inspect, select, text
from sqlalchemy.sql import table as any_table

from newsletter.errors import NewsletterError
from newsletter.storage import migrate
from newsletter.storage.database import DatabaseProblemError
from newsletter.storage.tables import metadata

if TYPE_CHECKING:
    from sqlalchemy import URL

    from newsletter.storage.database import Database


@dataclass(frozen=True)
class Figures:
    """What the database says about itself."""

    address: str
    """Where it is, without its password."""
    engine: str
    """Product and version: ``SQLite 3.46.1``."""
    revision: str
    """Revision of its tables; empty for a database without tables."""
    known_revision: str
    """The revision this program needs."""
    size_bytes: int
    """Room it takes, the write-ahead log included."""
    rows: dict[str, int]
    """Table of ours → number of rows."""


def figures(database: Database) -> Figures:
    """Return the figures of a database of any revision; a missing SQLite file is not made.

    Raises:
        DatabaseProblemError: it cannot be read.
    """
    engine = database.engine
    address = engine.url.set(query={}).render_as_string(hide_password=True)
    known = migrate.revisions()[-1]
    file = sqlite_file(database)
    if file is not None and not file.exists():
        return Figures(address, f"SQLite {sqlite3.sqlite_version}", "", known, 0, {})
    revision = migrate.revision(database)
    with database.read() as connection:
        # On PostgreSQL other programs may have tables beside ours.
        names = sorted(metadata.tables.keys() & set(inspect(connection).get_table_names()))
        rows = {
            name: connection.execute(select(func.count()).select_from(any_table(name))).scalar_one()
            for name in names
        }
        if engine.dialect.name == "sqlite":
            product = f"SQLite {sqlite3.sqlite_version}"
            size = sum(path.stat().st_size for path in _files(file) if path.exists())
        else:
            product = f"PostgreSQL {connection.execute(text('SHOW server_version')).scalar_one()}"
            size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    return Figures(address, product, revision, known, size, rows)


def sqlite_file(database: Database) -> Path | None:
    """Return the file of an SQLite database; None for PostgreSQL and for a database in memory."""
    url = database.engine.url
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)


def back_up(database: Database, target: Path) -> int:
    """Copy an SQLite database into a new file that only its owner can read; return its bytes.

    Safe while others write: the copy is one consistent state, taken with
    SQLite's online backup (https://www.sqlite.org/backup.html), and nobody waits for it.

    Raises:
        NewsletterError: nothing to copy, ``target`` exists, or the copy failed; then no file is left.
    """
    if database.engine.dialect.name == "postgresql":
        raise NewsletterError(_pg_dump(database.engine.url, target), where=database.name)
    source = sqlite_file(database)
    if source is None:
        raise NewsletterError("there is no file to back up", where=database.name)
    if not source.exists():
        raise NewsletterError("there is no database yet, so nothing to back up", where=str(source))
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        why = "this file exists and is not overwritten; give the backup another name"
        raise NewsletterError(why, where=str(target)) from None
    try:
        _copy(source, target, database.busy_timeout_s)
    except sqlite3.Error as error:
        target.unlink()
        raise DatabaseProblemError(f"the backup failed: {error}", where=str(source)) from None
    except BaseException:
        target.unlink()
        raise
    return target.stat().st_size


def _pg_dump(url: URL, target: Path) -> str:
    """Say how PostgreSQL's own tool makes the copy; it asks for the password itself."""
    places = {"host": url.host, "port": url.port, "username": url.username}
    named = [f"--{name}={value}" for name, value in places.items() if value]
    words = ["pg_dump", "--format=custom", *named, f"--file={target}", url.database or ""]
    return (
        f"PostgreSQL makes its copies itself, also while it is used: {shlex.join(filter(None, words))}"
        " (and back, into an empty database: pg_restore --dbname=NAME FILE)"
    )


def _copy(source: Path, target: Path, timeout_s: float) -> None:
    uri = f"{source.resolve().as_uri()}?mode=rw"
    with (
        closing(sqlite3.connect(uri, uri=True, timeout=timeout_s)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        # All pages in one step: smaller steps start again whenever somebody writes.
        live.backup(copy, pages=-1)
        # One file, without a write-ahead log beside it, is easier to carry.
        copy.execute("PRAGMA journal_mode=DELETE")
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _files(file: Path | None) -> tuple[Path, ...]:
    return (file, file.with_name(f"{file.name}-wal")) if file else ()
