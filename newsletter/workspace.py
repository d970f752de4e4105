"""Find the workspace, the folder that holds one organisation's newsletter, and its paths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from newsletter.errors import ConfigError


@dataclass(frozen=True)
class Workspace:
    """Where everything of one organisation lives."""

    root: Path
    """The folder with config.toml."""

    @property
    def config(self) -> Path:
        """Return the path of config.toml."""
        return self.root / "config.toml"

    @property
    def posts(self) -> Path:
        """Return the folder of gathered posts, ``posts/<slug>/index.md``."""
        return self.root / "posts"

    @property
    def campaigns(self) -> Path:
        """Return the folder of campaigns, ``campaigns/<name>/campaign.toml``."""
        return self.root / "campaigns"

    @property
    def templates(self) -> Path:
        """Return the folder of the organisation's own templates."""
        return self.root / "templates"

    @property
    def out(self) -> Path:
        """Return the folder of built editions, ``out/<campaign>/<edition>/``."""
        return self.root / "out"

    @property
    def lock(self) -> Path:
        """Return the file that a running scheduler holds."""
        return self.root / ".newsletter.lock"


def find(given: str | Path | None = None) -> Workspace:
    """Return the workspace: ``given``, else the nearest config.toml above the current folder.

    Raises:
        ConfigError: there is no config.toml there, or anywhere above.
    """
    if given:
        root = Path(given).expanduser().resolve()
        if not (root / "config.toml").is_file():
            message = f"there is no config.toml here; make a workspace with: newsletter init {given}"
            raise ConfigError(message, where=str(root))
        return Workspace(root)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "config.toml").is_file():
            return Workspace(folder)
    message = "no config.toml here or above; make a workspace with: newsletter init, or name one with -C"
    raise ConfigError(message, where=str(here))


def starter() -> Path:
    """Return the workspace that comes with the product.

    It is package data when installed from a wheel, and the repository itself in a checkout.
    """
    package = Path(__file__).resolve().parent
    packed = package / "_starter"
    return packed if packed.is_dir() else package.parent
