"""The composition root: workspace + config + database + adapters + clock, opened once per command."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from newsletter import clock, config, workspace
from newsletter.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from newsletter.config import Config, LoadedConfig
    from newsletter.mail.base import MailTransport
    from newsletter.social.base import SocialNetwork
    from newsletter.storage.database import Database
    from newsletter.workspace import Workspace


@dataclass(frozen=True)
class App:
    """Everything a command works with; what it does not use is not opened."""

    workspace: Workspace
    """Where the files are."""
    loaded: LoadedConfig
    """The checked config.toml."""
    now: Callable[[], datetime] = clock.now
    """The time, settable in tests."""

    @property
    def config(self) -> Config:
        """Return the settings."""
        return self.loaded.config

    @cached_property
    def database(self) -> Database:
        """Open the database, making its tables if it is new.

        Raises:
            ConfigError: it is newer or older than the program.
        """
        from newsletter.storage import migrate
        from newsletter.storage.database import open_database

        database = open_database(self.config.database.address(), self.workspace.root)
        migrate.ensure(database)
        return database

    @cached_property
    def transports(self) -> tuple[MailTransport, ...]:
        """Return the mail transports, in order of priority."""
        from newsletter import adapters

        return adapters.transports(self.loaded)

    @cached_property
    def networks(self) -> tuple[SocialNetwork, ...]:
        """Return the social accounts, in their order."""
        from newsletter import adapters

        return adapters.networks(self.loaded)

    def held_because(self) -> str:
        """Return why everything is held, or nothing."""
        from newsletter.storage.glance import held_because

        try:
            address = self.config.database.address()
        except ConfigError:
            return ""  # said by the command that needs the database; others go on without it
        return held_because(address, self.workspace.root)

    def close(self) -> None:
        """Close what was opened; this also empties SQLite's log, where erased words still stand."""
        if "database" in vars(self):
            self.database.close()


def open_app(root: str | Path | None = None) -> App:
    """Open the workspace at ``root``, or the nearest one above the current folder.

    Raises:
        ConfigError: no workspace, or mistakes in its config.toml.
    """
    found = workspace.find(root)
    return App(found, config.load(found))
