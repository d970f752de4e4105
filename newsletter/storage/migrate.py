"""Bring the tables to the shape this program knows, or say why it may not touch them."""

from __future__ import annotations

import pkgutil
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from newsletter.errors import ConfigError
from newsletter.storage.migrations import versions
from newsletter.storage.writing import one_at_a_time

if TYPE_CHECKING:
    from newsletter.storage.database import Database


def revisions() -> list[str]:
    """Return the revisions this program knows, oldest first: the names of the version files."""
    return sorted(
        module.name.partition("_")[0].lstrip("r") for module in pkgutil.iter_modules(versions.__path__)
    )


def revision(database: Database) -> str:
    """Return the revision of the database; empty for one without tables."""
    with database.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ""
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def ensure(database: Database) -> None:
    """Make a new database ready; leave one of the right shape alone.

    Raises:
        ConfigError: the database is older or newer than the program.
    """
    found, known = revision(database), revisions()
    if not found:
        upgrade(database)
    elif found not in known:
        message = f"the database (revision {found}) is newer than this program; update the program"
        raise ConfigError(message, where=database.name)
    elif found != known[-1]:
        message = (
            f"the database has revision {found}, this program needs {known[-1]}; run: newsletter db upgrade"
        )
        raise ConfigError(message, where=database.name)


def upgrade(database: Database) -> None:
    """Run every migration the database has not seen, in one transaction each."""
    from pathlib import Path

    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(versions.__path__[0]).parent))
    config.set_main_option("path_separator", "os")
    with database.write() as connection:
        one_at_a_time(connection, "upgrade")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
