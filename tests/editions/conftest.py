"""A workspace of the River Trust, with posts and pictures, for the tests that build."""

from __future__ import annotations

import io
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from PIL import Image as Pillow

from newsletter import config
from newsletter.model import CallToAction, Image, Post, RelatedPost
from newsletter.posts import store
from newsletter.social.folder import Folder
from newsletter.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.config import LoadedConfig
    from newsletter.social.base import SocialNetwork

CONFIG = """\
[organisation]
name = "River Trust"
sender = "River Trust <news@rivers.example>"
postal_address = "1 Quay Street, Bristol"
timezone = "Europe/London"
website = "https://rivers.example"
public_url = "https://news.rivers.example"
"""


class RiverTrust:
    """A workspace on disk, its config and its posts."""

    slugs: ClassVar[tuple[str, ...]] = ("otters", "willows", "drains")

    def __init__(self, root: Path) -> None:
        """Write config, posts and pictures below ``root``."""
        root.mkdir(parents=True, exist_ok=True)
        self.workspace = Workspace(root)
        self.posts = tuple(self._post(number, slug) for number, slug in enumerate(self.slugs))
        self.networks: tuple[SocialNetwork, ...] = (
            Folder(name="main", path=root / "social"),
            Folder(name="short", path=root / "social", max_characters=220),
        )
        self.configure()

    def configure(self, extra: str = "") -> LoadedConfig:
        """Write config.toml with more settings behind the usual ones, and load it."""
        self.workspace.config.write_text(CONFIG + extra, encoding="utf-8")
        self.loaded = config.load(self.workspace)
        return self.loaded

    def build(self, campaign: Any, **changed: Any) -> Any:
        """Build a campaign with these posts and accounts."""
        from newsletter.editions.build import build

        posts = changed.get("posts", self.posts)
        networks = changed.get("networks", self.networks)
        return build(self.workspace, self.loaded, campaign, posts, networks)

    def _post(self, number: int, slug: str) -> Post:
        picture = io.BytesIO()
        Pillow.new("RGB", (1400 if number else 640, 400), (10 * number, 110, 80)).save(picture, "JPEG")
        post = Post(
            slug,
            f"The {slug} are back & well",
            f"First words about {slug}.\n\nRead [more](https://rivers.example/{slug}/more?a=1) or"
            " [elsewhere](https://partner.example/x).\n\n![By the weir](river.jpg)\n",
            excerpt=f"What happened to the {slug}.",
            author="Mara Quill",
            published_at=date(2026, 9, 20 - number),
            images=(Image("The river at dawn", "river.jpg", credit="R. Diaz"), Image("Never supplied")),
            link=f"https://rivers.example/stories/{slug}",
            tags=("rivers", slug),
            call_to_action=CallToAction("Will you count with us?") if number == 1 else None,
            related=(RelatedPost("Planting days", url="https://rivers.example/planting"),),
        )
        return store.save(post, {"river.jpg": picture.getvalue()}, self.workspace.posts).post


@pytest.fixture
def river_trust() -> type[RiverTrust]:
    """Return what makes a workspace of the River Trust in a given folder."""
    return RiverTrust


@pytest.fixture
def trust(tmp_path: Path) -> RiverTrust:
    """Return the River Trust's workspace."""
    return RiverTrust(tmp_path / "ws")
