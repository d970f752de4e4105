"""Find the workspace, the folder that holds one organisation's newsletter, and its paths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator


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


TEMPLATES_README = """\
Your own templates live here and are found before the built-in ones.

  newsletter templates list           what there is
  newsletter templates copy digest    start from the built-in digest

To change one block only, make digest.html.j2 with

  {% extends "builtin/digest.html.j2" %}
  {% block footer %} … {% endblock %}
"""


@dataclass(frozen=True)
class Created:
    """What `create` did."""

    workspace: Workspace
    """The new or completed workspace."""
    made: tuple[Path, ...]
    """Files that were written."""
    kept: tuple[Path, ...]
    """Files that stood there already and were left alone."""


def create(root: Path) -> Created:
    """Make a workspace at ``root`` from the starter; a file that exists is never touched.

    config.toml gets mode 0600: people put the names of their secrets next to it.
    """
    root = root.expanduser().resolve()
    made: list[Path] = []
    kept: list[Path] = []
    for source, target in _starter_files(root):
        if target.exists():
            kept.append(target)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        made.append(target)
    readme = root / "templates" / "README.txt"
    if not readme.exists():
        readme.parent.mkdir(parents=True, exist_ok=True)
        readme.write_text(TEMPLATES_README, encoding="utf-8")
        made.append(readme)
    workspace = Workspace(root)
    if workspace.config in made:
        workspace.config.chmod(0o600)
    return Created(workspace, tuple(made), tuple(kept))


def _starter_files(root: Path) -> Iterator[tuple[Path, Path]]:
    """Yield every file of the starter and where it goes."""
    origin = starter()
    yield origin / "config.example.toml", root / "config.toml"
    for folder in ("campaigns", "posts"):
        for source in sorted((origin / folder).rglob("*")):
            if source.is_file():
                yield source, root / source.relative_to(origin)
