"""Open the database, check that its shape is ours, and hand out connections.

SQLite runs with a write-ahead log, `synchronous=FULL` (an acknowledged `sent`
survives a power cut) and BEGIN IMMEDIATE (a writer waits its turn instead of
failing half-way). See docs/decisions/0003.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, OperationalError

from newsletter.errors import ConfigError, NewsletterError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

BUSY_TIMEOUT_S = 30.0
"""How long a writer waits for another one before it gives up."""


class DatabaseProblemError(NewsletterError):
    """The database cannot be used now: locked, full, damaged, or newer than the program."""

    kind = "database"


class Database:
    """One open database."""

    def __init__(self, engine: Engine, *, busy_timeout_s: float) -> None:
        """Wrap an engine; use `open_database`."""
        self.engine = engine
        self.busy_timeout_s = busy_timeout_s

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yield a connection inside one transaction that commits at the end.

        Raises:
            DatabaseProblemError: locked for too long, disk full, damaged.
        """
        with _plain_errors(self.engine), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection that sees one consistent state and changes nothing."""
        with _plain_errors(self.engine), self.engine.connect() as connection:
            # Read by `_begin_sqlite`; other databases do not know the option and pass over it.
            yield connection.execution_options(read_only=True)

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def open_database(url: str, root: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Database:
    """Open the database of a workspace; a relative SQLite path starts at ``root``.

    The tables are not looked at; see `newsletter.storage.migrate`.

    Raises:
        ConfigError: the address is wrong or its driver is not installed.
    """
    try:
        address = make_url(url)
    except ArgumentError:
        # Not repeated: it may hold a password.
        why = "this is not a database address; write one like sqlite:///newsletter.db"
        raise ConfigError(why, where="config.toml (database.url)") from None
    if address.get_backend_name() == "sqlite" and address.database:
        address = address.set(database=str(root / address.database))
    arguments: dict[str, Any] = {}
    if address.get_backend_name() == "sqlite":
        arguments["connect_args"] = {"timeout": busy_timeout_s, "check_same_thread": False}
    try:
        engine = create_engine(address, **arguments)
    except (NoSuchModuleError, ModuleNotFoundError):
        message = f"no driver for {address.drivername!r}; use sqlite:///… or install the extra [postgres]"
        raise ConfigError(message, where="config.toml (database.url)") from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return Database(engine, busy_timeout_s=busy_timeout_s)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # SQLAlchemy begins transactions itself (below); sqlite3 must not do it too.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def _plain_errors(engine: Engine) -> Iterator[None]:
    """Turn driver errors into one line that names the database and the way out."""
    try:
        yield
    except (OperationalError, DatabaseError) as error:
        words = str(error.orig)
        where = engine.url.database or str(engine.url)
        raise DatabaseProblemError(_explain(words), where=where) from error


def _explain(words: str) -> str:
    reasons = {
        "locked": "another program holds the database; close it or wait, then run the command again",
        "disk is full": "the disk is full; free some space, then run the command again",
        "readonly": "the database cannot be written; check who owns the file and its folder",
        "unable to open": "the database cannot be opened; check the folder and its permissions",
        "not a database": "the file is not a database, or it is damaged; restore a backup",
        "malformed": "the database is damaged; restore a backup",
        "no such table": "the database has no tables yet; run: newsletter db upgrade",
    }
    found = next((why for sign, why in reasons.items() if sign in words), "")
    return f"{found} ({words})" if found else f"the database refused: {words}"
