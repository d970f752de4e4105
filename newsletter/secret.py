"""Passwords and tokens: named in config.toml, kept in the environment or in a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from newsletter.errors import ConfigError

KINDS: Final = ("env", "file")


class Secret:
    """A password or token that is read when it is needed and never prints itself.

    >>> Secret("env", "HOME")
    Secret(env HOME)
    """

    __slots__ = ("_folder", "kind", "source", "where")

    def __init__(self, kind: str, source: str, *, where: str = "", folder: Path | None = None) -> None:
        """Name the environment variable (``env``) or the file (``file``) that holds the text.

        ``where`` is the setting's place, for messages; ``folder`` is what a relative file starts from.
        """
        self.kind = kind
        self.source = source
        self.where = where
        self._folder = folder or Path()

    def reveal(self) -> str:
        """Return the text, for the one line that hands it to a service.

        Raises:
            ConfigError: the variable is not set, or the file cannot be read or is empty.
        """
        text = os.environ.get(self.source, "") if self.kind == "env" else self._read_file()
        if not text:
            why = (
                f"the environment variable {self.source} is not set"
                if self.kind == "env"
                else f"the secret file {self.source} is empty"
            )
            raise ConfigError(why, where=self.where)
        return text

    def _read_file(self) -> str:
        try:
            return (self._folder / self.source).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            message = f"the secret file {self.source} cannot be read: {reason}"
            raise ConfigError(message, where=self.where) from None

    def __repr__(self) -> str:
        """Name the source, never the text."""
        return f"Secret({self.kind} {self.source})"
