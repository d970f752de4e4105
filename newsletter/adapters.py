"""A table of config.toml becomes its adapter.

The one rule: ``type = "mastodon"`` loads ``newsletter/social/mastodon.py``, and
the fields of the dataclass in that file are the settings the table may have.
Only the named file is imported.
"""

from __future__ import annotations

import difflib
import pkgutil
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter import mail, social, tomlfile
from newsletter.errors import ConfigError
from newsletter.mail.base import MailTransport
from newsletter.social.base import SocialNetwork

if TYPE_CHECKING:
    from types import ModuleType

    from newsletter.config import LoadedConfig


def transports(loaded: LoadedConfig) -> tuple[MailTransport, ...]:
    """Return the mail transports of config.toml, in order of priority.

    Raises:
        ConfigError: an unknown type or setting, with key and line.
    """
    return tuple(_adapter(mail, loaded, ("mail", index)) for index in range(len(loaded.config.mail)))


def networks(loaded: LoadedConfig) -> tuple[SocialNetwork, ...]:
    """Return the social accounts of config.toml, in their order.

    Raises:
        ConfigError: an unknown type or setting, with key and line.
    """
    return tuple(_adapter(social, loaded, ("social", index)) for index in range(len(loaded.config.social)))


def known(package: ModuleType) -> list[str]:
    """Return the types of a folder of adapters: its file names."""
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__) if module.name != "base")


def adapter_class(package: ModuleType, kind: str) -> type[Any]:
    """Return the one adapter class that the file ``kind`` defines."""
    module = import_module(f"{package.__name__}.{kind}")
    base = MailTransport if package is mail else SocialNetwork
    return next(
        found
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, base) and found.__module__ == module.__name__
    )


def type_of(adapter: MailTransport | SocialNetwork) -> str:
    """Return the ``type`` that config.toml calls an adapter by: the name of its file or folder."""
    parts = type(adapter).__module__.split(".")
    return parts[min(2, len(parts) - 1)]


def _adapter(package: ModuleType, loaded: LoadedConfig, loc: tuple[str, int]) -> Any:
    table = dict(getattr(loaded.config, loc[0])[loc[1]])
    kind = table.pop("type")
    if kind not in known(package):
        close = difflib.get_close_matches(kind, known(package), n=1, cutoff=0.5)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known(package))}"
        raise ConfigError(f"there is no type {kind!r}; {hint}", where=loaded.file.where((*loc, "type")))
    adapter = tomlfile.check(adapter_class(package, kind), loaded.file, table, loc)
    # A relative path in config.toml starts at the workspace, wherever the command runs.
    root = loaded.file.path.parent
    paths = {key: root / value for key, value in vars(adapter).items() if isinstance(value, Path)}
    return replace(adapter, **paths)
