"""See at a glance whether everything is held, without the weight of the whole store."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

from newsletter.errors import NewsletterError

if TYPE_CHECKING:
    from pathlib import Path

_SQLITE = "sqlite:///"
_HELD = "SELECT held_why FROM install WHERE held_at IS NOT NULL"


def held_because(url: str, root: Path) -> str:
    """Return why nothing leaves from the database at ``url``; empty when sending is allowed.

    A database that is missing or cannot be read says nothing here: the command
    that needs it says what is wrong.
    """
    if not url.startswith(_SQLITE):
        return _asked_whole(url, root)
    path = root / url.removeprefix(_SQLITE)
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as opened,
    ):
        row = opened.execute(_HELD).fetchone()
        return str(row[0]) if row else ""
    return ""


def _asked_whole(url: str, root: Path) -> str:
    from sqlalchemy import text

    from newsletter.storage.database import open_database

    with suppress(NewsletterError):
        database = open_database(url, root)
        try:
            with database.read() as connection:
                return str(connection.execute(text(_HELD)).scalar() or "")
        finally:
            database.close()
    return ""
