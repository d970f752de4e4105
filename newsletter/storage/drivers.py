"""The two kinds of database: how an address is read, and how each driver is set up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from newsletter.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import URL, Connection, Engine

CONNECT_TIMEOUT_S: Final = 10
"""How long a connection to PostgreSQL may take."""
IDLE_TIMEOUT_S: Final = 90
"""How long a program that has stopped in the middle of a transaction may keep others waiting on PostgreSQL;
less than a sender's lease, so that whoever takes over finds its rows free."""

_DRIVERS: Final = {
    "sqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_WHERE: Final = "config.toml (database.url)"


def engine_for(url: str, root: Path, busy_timeout_s: float) -> Engine:
    """Return an engine for an address of config.toml; nothing is connected yet.

    Raises:
        ConfigError: the address is wrong or its driver is not installed.
    """
    address = _address(url, root)
    is_sqlite = address.get_backend_name() == "sqlite"
    options = _sqlite_options(busy_timeout_s) if is_sqlite else _postgres_options(address, busy_timeout_s)
    try:
        # Rows hold people's addresses: they are not repeated in errors.
        engine = create_engine(address, hide_parameters=True, **options)
    except ImportError:
        why = "PostgreSQL needs its driver; install it with: pip install 'newsletter-studio[postgres]'"
        raise ConfigError(why, where=_WHERE) from None
    if is_sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def begin_reading(connection: Connection) -> None:
    """Begin a transaction that changes nothing and sees one state, whoever writes meanwhile."""
    if connection.dialect.name == "sqlite":
        connection.execution_options(read_only=True)
        connection.begin()
        return
    connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    connection.begin()
    # Who reads keeps nobody waiting, and may pause for as long as somebody looks at a list.
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def name_of(url: URL) -> str:
    """Return where a database is, for people: the file, or host, port and name; never a password."""
    if url.get_backend_name() == "sqlite":
        return url.database or "a database in memory"
    return f"{url.host or 'localhost'}:{url.port or 5432}/{url.database or url.username or ''}"


def _address(url: str, root: Path) -> URL:
    # The address itself is in no message: it may hold a password.
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        why = "this is not a database address; write one like sqlite:///newsletter.db"
        raise ConfigError(why, where=_WHERE) from None
    if address.drivername not in _DRIVERS:
        why = f"{address.drivername!r} is not a kind of database known here; use sqlite:/// or postgresql://"
        raise ConfigError(why, where=_WHERE)
    address = address.set(drivername=_DRIVERS[address.drivername])
    if address.get_backend_name() == "sqlite" and address.database:
        address = address.set(database=str(root / address.database))
    return address


def _sqlite_options(busy_timeout_s: float) -> dict[str, Any]:
    return {"connect_args": {"timeout": busy_timeout_s, "check_same_thread": False}}


def _postgres_options(address: URL, busy_timeout_s: float) -> dict[str, Any]:
    settings = {
        "timezone": "UTC",
        "lock_timeout": f"{busy_timeout_s * 1000:.0f}",
        "idle_in_transaction_session_timeout": f"{IDLE_TIMEOUT_S * 1000}",
    }
    own = address.query.get("options", "")
    given = own if isinstance(own, str) else " ".join(own)
    connect = {
        "application_name": "newsletter",
        "connect_timeout": CONNECT_TIMEOUT_S,
        # A machine that vanished is noticed; the kernel's own patience is hours.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 4,
        "tcp_user_timeout": 30_000,
    }
    chosen = {name: value for name, value in connect.items() if name not in address.query}
    # What stands in the address comes last, and wins.
    chosen["options"] = " ".join([*(f"-c {name}={value}" for name, value in settings.items()), given]).strip()
    return {"connect_args": chosen, "pool_pre_ping": True, "pool_timeout": busy_timeout_s}


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # SQLAlchemy begins transactions itself (below); sqlite3 must not do it too.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
