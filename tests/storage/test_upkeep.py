"""Copies of a database that is being written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, insert, select

from newsletter import clock
from newsletter.errors import NewsletterError
from newsletter.storage import migrate, upkeep
from newsletter.storage.database import open_database
from newsletter.storage.tables import mailing_list

if TYPE_CHECKING:
    from pathlib import Path


def test_a_copy_taken_inside_a_write_holds_the_last_committed_state(tmp_path: Path) -> None:
    """Neither side waits for the other."""
    database = open_database("sqlite:///live.db", tmp_path)
    migrate.ensure(database)
    with database.write() as connection:
        connection.execute(insert(mailing_list).values(name="settled", created_at=clock.now()))

    with database.write() as connection:
        connection.execute(insert(mailing_list).values(name="half-way", created_at=clock.now()))
        upkeep.back_up(database, tmp_path / "copy.db")

    with database.read() as connection:
        count = connection.execute(select(func.count()).select_from(mailing_list)).scalar_one()
    database.close()
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        names = copy.execute("SELECT name FROM list").fetchall()
    assert (count, names) == (2, [("settled",)])


def test_a_database_in_memory_cannot_be_backed_up(tmp_path: Path) -> None:
    """There is no file."""
    database = open_database("sqlite://", tmp_path)

    with pytest.raises(NewsletterError, match="no file to back up"):
        upkeep.back_up(database, tmp_path / "copy.db")

    database.close()
