"""Tell a database from its copy: on another machine, in another file, in another cluster."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from newsletter.storage import native

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MACHINE_FILES = ("/etc/machine-id", "/var/lib/dbus/machine-id")


def fingerprint(connection: Connection) -> str:
    """Return what a database has and its copy has not, 32 hexadecimal characters.

    SQLite: the machine and the file's number, which a copy, a restored backup
    and a move to another disk change. PostgreSQL: the cluster and the database
    in it; the machine that sends may be any.
    """
    parts = _file(connection) if native.is_sqlite(connection) else _cluster(connection)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _file(connection: Connection) -> tuple[str, ...]:
    path = connection.execute(text("PRAGMA database_list")).first()
    number = Path(path[2]).stat().st_ino if path and path[2] else 0
    return ("file", _machine(), str(number))


def _machine() -> str:
    """Return the machine's identity; nothing where it has none that lasts, as in many containers."""
    for name in _MACHINE_FILES:
        with suppress(OSError):
            if found := Path(name).read_text(encoding="ascii").strip():
                return found
    return ""


def _cluster(connection: Connection) -> tuple[str, ...]:
    number = text("SELECT oid FROM pg_database WHERE datname = current_database()")
    system = ""
    with suppress(DatabaseError), connection.begin_nested():
        # Some hosts do not let their customers ask.
        system = str(connection.execute(text("SELECT system_identifier FROM pg_control_system()")).scalar())
    return ("cluster", system, str(connection.execute(number).scalar()))
