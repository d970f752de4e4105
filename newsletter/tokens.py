"""Tokens that networks gave us: outside of every repository, for this user's eyes only.

A refresh on another machine or in another program may be later than ours, so
nobody writes over tokens without naming the ones they replace.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from newsletter import files
from newsletter.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER_VARIABLE: Final = "NEWSLETTER_TOKENS"
"""Environment variable that names another folder."""


@dataclass(frozen=True)
class Tokens:
    """What one login gave."""

    access: str = field(repr=False)
    """Goes with every request."""
    refresh: str = field(default="", repr=False)
    """Gets the next ones; empty: there are none without a new login."""
    expires_at: datetime | None = None
    """When ``access`` ends, aware UTC; None: it does not, or nobody knows."""
    refresh_expires_at: datetime | None = None
    """When ``refresh`` ends."""
    facts: dict[str, str] = field(default_factory=dict)
    """What else the network said, such as the account's number there."""


@dataclass(frozen=True)
class Drawer:
    """The tokens of one account."""

    path: Path
    """Its file, mode 0600."""

    def read(self) -> Tokens | None:
        """Return the tokens, or None before the first login.

        Raises:
            ConfigError: the file cannot be read, or is not one of ours.
        """
        try:
            found: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
            for name in ("expires_at", "refresh_expires_at"):
                found[name] = datetime.fromisoformat(found[name]) if found[name] else None
            return Tokens(**found)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(f"the tokens cannot be read: {error.strerror}", where=str(self.path)) from None
        except (ValueError, TypeError, KeyError):
            why = "these are no tokens of ours; delete the file and log in again"
            raise ConfigError(why, where=str(self.path)) from None

    def replace(self, old: Tokens | None, new: Tokens) -> Tokens:
        """Write ``new`` in place of ``old``; return what stands there then, which may be somebody else's.

        Raises:
            ConfigError: the file cannot be written.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _locked(self.path.with_suffix(".lock")):
                standing = self.read()
                if standing is not None and standing != old:
                    return standing
                with files.drafts(self.path, mode=0o600) as (draft,):
                    draft.write_text(json.dumps(asdict(new), default=_written), encoding="utf-8")
        except OSError as error:
            why = f"the tokens cannot be written: {error.strerror}"
            raise ConfigError(why, where=str(self.path)) from None
        return new


def drawer(kind: str, *account: str) -> Drawer:
    """Return where the tokens of an account lie; ``account`` is what tells it from all others of its kind."""
    name = hashlib.sha256("\0".join(account).encode()).hexdigest()[:16]
    return Drawer(folder() / f"{kind}-{name}.json")


def folder() -> Path:
    """Return the folder of all tokens."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named)
    state = os.environ.get("XDG_STATE_HOME") or (os.environ.get("LOCALAPPDATA") if os.name == "nt" else None)
    return (Path(state) if state else Path.home() / ".local" / "state") / "newsletter-studio" / "tokens"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other programs out; where the system has no such lock, the last one wins."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if os.name == "posix":
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _written(value: Any) -> str:
    assert isinstance(value, datetime)
    return value.isoformat()
