"""A campaign about a weir, made into snippets for whatever account a test brings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter.campaigns.campaign import Campaign, Social, Utm
from newsletter.config import Config, Mention, Organisation
from newsletter.editions import mentions
from newsletter.editions.images import Picture
from newsletter.editions.material import Material
from newsletter.editions.snippet import compose
from newsletter.editions.social_templates import layout
from newsletter.model import CallToAction, Image, Post
from newsletter.social.folder import Folder

if TYPE_CHECKING:
    from newsletter.model import Snippet
    from newsletter.social.base import SocialNetwork

LINK = "https://rivertrust.example.org/act?utm_source=x&utm_campaign=autumn"
QUESTION = "Can you help the next weir fall?"
ASK = CallToAction(QUESTION)
POST = Post(
    slug="weir",
    title="The last weir is gone",
    body="Salmon passed the mill on Monday. Nobody had seen that since 1910.\n\nIt took ten years.",
    excerpt="Salmon passed the mill on Monday. Nobody alive had seen that before.",
    tags=("river restoration", "salmon", "volunteers", "2024", "weirs"),
)
WEIR = Picture(
    Path("posts/weir/weir.jpg"), "0123456789abcdef.jpg", 1072, 600, copied=False, source_size=(2000, 1120)
)
ORGANISATION = Organisation("River Trust", "news@rivertrust.example", "1 Quay Street", "https://news.example")


def folder(limit: int = 500, **settings: object) -> SocialNetwork:
    """Return an account that takes texts of so many characters; settings are what its network is like."""
    kind = type("Folder", (Folder,), {**settings, "__module__": Folder.__module__})
    made: SocialNetwork = kind("main", Path("out"), max_characters=limit)
    return made


def material(
    *,
    post: Post = POST,
    social: Social | None = None,
    ask: CallToAction | None = ASK,
    link: str = LINK,
    alt: str | None = None,
    book: tuple[Mention, ...] = (),
) -> Material:
    """Return the material; with ``alt`` the post has a picture."""
    if alt is not None:
        post = replace(post, images=(Image(alt, "weir.jpg"),))
    return Material(
        campaign=Campaign("autumn", "s", social=social or Social(), utm=Utm(enabled=False)),
        posts=(replace(post, link="" if ask else link),),
        config=Config(ORGANISATION, mention=book),
        ask=replace(ask, url=link) if ask else None,
        pictures={post.slug: {image.file: WEIR for image in post.images}},
    )


def made(network: SocialNetwork | int = 500, **changed: Any) -> Snippet:
    """Compose a snippet; a number is the limit of a folder account, the rest goes to `material`."""
    account = folder(network) if isinstance(network, int) else network
    template = layout((), mentions.written_for(account), language="en")
    return compose(account, material(**changed), template)[0]
