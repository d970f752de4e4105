"""What goes wrong with a database, in plain words and with the way out."""

from __future__ import annotations

import sqlite3
from typing import Final

_BUSY = "another program holds the database; close it or wait, then run the command again"
_FULL = "the disk is full; free some space, then run the command again"
_NO_TABLES = "the database has no tables yet; run: newsletter db upgrade"
_LOST = "the connection to the database was lost; what was not committed is undone; run the command again"
_CROSSED = "another program changed the same rows at this moment; run the command again"
_AWAY = "the database cannot be reached; check that it runs, and host and port in database.url"

SQLITE: Final = {
    "locked": _BUSY,
    "disk is full": _FULL,
    "readonly": "the database cannot be written; check who owns the file and its folder",
    "unable to open": "the database cannot be opened; check the folder and its permissions",
    "not a database": "the file is not a database, or it is damaged; restore a backup",
    "malformed": "the database is damaged; restore a backup",
    "no such table": _NO_TABLES,
}
"""Part of SQLite's words → ours."""

POSTGRES_STATES: Final = {
    "55P03": _BUSY,
    "53100": _FULL,
    "42P01": _NO_TABLES,
    "40001": _CROSSED,
    "40P01": _CROSSED,
    "53300": "the database has no connection left; close other programs or raise its max_connections",
    "25006": "the database takes no writes: it is a copy of another one; name the main one in database.url",
    "42501": "the account in database.url may not do this; make it the owner of the database",
    "57014": "the database broke off a statement that took too long; see its statement_timeout",
    "25P03": _LOST,
    "57P01": _LOST,
    "57P02": _LOST,
    "57P03": "the database is starting or stopping; try again in a moment",
    "08": _LOST,
    "28": "the database does not let this account in; check name and password in database.url",
    "3D": "there is no such database; create it first: createdb NAME",
    "XX": "the database is damaged; restore a backup",
}
"""SQLSTATE, or its first two characters → our words.
https://www.postgresql.org/docs/current/errcodes-appendix.html"""

POSTGRES_WORDS: Final = {
    "password authentication failed": POSTGRES_STATES["28"],
    "no password supplied": "the database asks for a password; put it into database.url, see docs",
    "no pg_hba.conf entry": "the database lets nobody in from this machine; add a line to its pg_hba.conf",
    "too many clients": POSTGRES_STATES["53300"],
    "remaining connection slots": POSTGRES_STATES["53300"],
    "the database system is": POSTGRES_STATES["57P03"],
    'role "': "the database has no such account; check the name in database.url",
    "does not exist": POSTGRES_STATES["3D"],
    "SSL": "the database and this machine do not agree about TLS; see sslmode in database.url",
    "connection failed": _AWAY,
    "failed to resolve": _AWAY,
    "timeout expired": _AWAY,
    "invalid connection option": "this address has a setting that PostgreSQL does not know; see database.url",
}
"""Part of the words when no connection comes about, where there is no SQLSTATE → ours; the first counts."""


def explain(error: BaseException) -> str:
    """Return one line for an error of a driver, sqlite3 or psycopg."""
    if isinstance(error, sqlite3.Error):
        return _said(_found(SQLITE, str(error)), str(error))
    import psycopg

    state, words = getattr(error, "sqlstate", None) or "", str(error)
    if isinstance(error, psycopg.Error):
        # Without its details, which quote rows with people's addresses.
        words = error.diag.message_primary or words
    ours = POSTGRES_STATES.get(state) or POSTGRES_STATES.get(state[:2], "")
    if not state:
        lost = _LOST if isinstance(error, psycopg.OperationalError) else ""
        ours = _found(POSTGRES_WORDS, words) or lost
    return _said(ours, words)


def _found(reasons: dict[str, str], words: str) -> str:
    return next((why for sign, why in reasons.items() if sign in words), "")


def _said(ours: str, words: str) -> str:
    words = " ".join(words.split())
    return f"{ours} ({words})" if ours else f"the database refused: {words}"
