"""Open the database, check that its shape is ours, and hand out connections.

SQLite runs with a write-ahead log, `synchronous=FULL` (an acknowledged `sent`
survives a power cut) and BEGIN IMMEDIATE (a writer waits its turn instead of
failing half-way). See docs/decisions/0003. On PostgreSQL a writer waits as long
for a lock, a dead connection is replaced before it is used, and one that a
power cut or a frozen program left behind is given up within minutes.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import RLock
from typing import TYPE_CHECKING, Final

from sqlalchemy import exc as sqlalchemy_errors
from sqlalchemy import text

from newsletter import clock
from newsletter.errors import NewsletterError
from newsletter.storage import drivers, troubles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime, timedelta
    from pathlib import Path

    from sqlalchemy import URL, Connection, Engine

BUSY_TIMEOUT_S: Final = 30.0
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
        # SQLite has one writer; its own way to wait for another one is to sleep and look again.
        self._turn: AbstractContextManager[object] = nullcontext()
        if engine.dialect.name == "sqlite":
            self._turn = RLock()

    @property
    def name(self) -> str:
        """Where it is, for people: the file, or host, port and name; never with a password."""
        return drivers.name_of(self.engine.url)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yield a connection inside one transaction that commits at the end.

        Raises:
            DatabaseProblemError: it cannot be reached, is locked for too long, full, or damaged.
        """
        with self._turn, _plain_errors(self.engine), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection that sees one consistent state and changes nothing.

        Raises:
            DatabaseProblemError: as for `write`.
        """
        with _plain_errors(self.engine), self.engine.connect() as connection:
            drivers.begin_reading(connection)
            yield connection

    def clock(self, now: Callable[[], datetime]) -> Callable[[], datetime]:
        """Return ``now`` corrected to the clock of the database's machine, by which several senders agree.

        On SQLite that is this machine, so it is ``now`` itself. On PostgreSQL the
        difference is measured at every call; one that is smaller than the
        measurement took counts as none.

        Raises:
            DatabaseProblemError: as for `write`.
        """
        if self.engine.dialect.name == "sqlite":
            return now
        with self.read() as connection:
            took, ahead = min(_compare_clocks(connection) for _ in range(3))
        if abs(ahead) <= took:
            return now
        return lambda: now() + ahead

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def open_database(url: str, root: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Database:
    """Open the database of a workspace; a relative SQLite path starts at ``root``.

    Nothing is connected yet, and the tables are not looked at; see `newsletter.storage.migrate`.

    Raises:
        ConfigError: the address is wrong or its driver is not installed.
    """
    engine = drivers.engine_for(url, root, busy_timeout_s)
    return Database(engine, busy_timeout_s=busy_timeout_s)


def _compare_clocks(connection: Connection) -> tuple[timedelta, timedelta]:
    """Return how long asking took, and how far the database's clock is ahead of ours."""
    before = clock.now()
    theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    took = clock.now() - before
    return took, theirs - (before + took / 2)


@contextmanager
def _plain_errors(engine: Engine) -> Iterator[None]:
    """Turn errors of the driver into one line that names the database and the way out."""
    assert engine.dialect.dbapi is not None
    driver_error: type[Exception] = engine.dialect.dbapi.Error
    try:
        yield
    except sqlalchemy_errors.DBAPIError as error:
        raise _problem(engine.url, troubles.explain(error.orig or error)) from error
    except driver_error as error:
        raise _problem(engine.url, troubles.explain(error)) from error
    except sqlalchemy_errors.TimeoutError as error:
        why = "every connection to the database is in use; wait, then run the command again"
        raise _problem(engine.url, why) from error


def _problem(url: URL, why: str) -> DatabaseProblemError:
    # A server may quote what it was given.
    return DatabaseProblemError(
        why.replace(url.password, "***") if url.password else why, where=drivers.name_of(url)
    )
