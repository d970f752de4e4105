"""What a post looks like on each network, as far as it differs between them. Colours: pages/social.css."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from newsletter import adapters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter.social.base import SocialNetwork


@dataclass(frozen=True)
class Look:
    """One network's way of showing a post."""

    name: str
    """What people call the network."""
    style: str
    """CSS class of the post."""
    aside: bool = False
    """Whether the text stands beside the picture of the account, not under it."""
    mentions: str = ""
    """Regular expression of what becomes a link to another account; empty: nothing does."""
    hashtags: bool = True
    """Whether hashtags become links."""
    link_chars: int = 0
    """Characters shown of an address, without its https://; 0: all of it."""
    unfurls: Literal["", "alone", "always"] = ""
    """When the network itself makes a preview of the linked page: never, beside no picture, or always."""
    facets: bool = False
    """Whether our adapter itself marks links, hashtags and mentions, and shortens the links."""
    picture_up_to: int | None = None
    """Longest text that goes with a picture, in the network's counting; None: any, 0: none."""
    picture_needs: str = ""
    """Setting without which posts of an account have no picture."""


_WORD: Final = r"@\w+"
_DOMAIN: Final = r"[\w-]+(?:\.[\w-]+)+"

LOOKS: Final[Mapping[str, Look]] = {
    "bluesky": Look("Bluesky", "bluesky", aside=True, facets=True),
    "mastodon": Look(
        "Mastodon", "mastodon", mentions=rf"@\w+(?:@{_DOMAIN})?", link_chars=30, unfurls="alone"
    ),
    "x": Look("X", "x", aside=True, mentions=_WORD, link_chars=27, unfurls="alone"),
    "linkedin": Look("LinkedIn", "linkedin", mentions=r"@\[[^\]\n]+\]\(urn:li:[\w:-]+\)"),
    "facebook": Look("Facebook", "facebook", unfurls="alone"),
    "threads": Look(
        "Threads",
        "threads",
        aside=True,
        mentions=r"@[\w.]+\w",
        unfurls="alone",
        picture_needs="pictures_url",
    ),
    # https://core.telegram.org/bots/api#sendphoto
    "telegram": Look("Telegram", "telegram", mentions=_WORD, unfurls="alone", picture_up_to=1024),
    "slack": Look("Slack", "slack", aside=True, hashtags=False, unfurls="always", picture_up_to=0),
    "discord": Look("Discord", "discord", aside=True, hashtags=False, unfurls="always"),
    "webhook": Look("Webhook", "plain", hashtags=False, picture_up_to=0),
    "assisted": Look("Posted by hand", "plain"),
    "folder": Look("Folder", "file", hashtags=False),
}
"""Type of account → its look; a hook looks like its ``shape``."""


def look_of(network: SocialNetwork) -> Look:
    """Return how an account's posts look; those of a type without a look are plain.

    Nothing is asked of the network.
    """
    kind = adapters.type_of(network)
    shape = str(getattr(network, "shape", ""))
    look = LOOKS.get(shape) or LOOKS.get(kind) or Look(kind.capitalize(), "plain")
    lacks = look.picture_needs and not getattr(network, look.picture_needs, "")
    return replace(look, picture_up_to=0) if lacks else look


def handle_of(network: SocialNetwork) -> str:
    """Return the account as readers see it, as far as config.toml tells; else what config.toml calls it."""
    for setting in ("handle", "channel"):
        if told := str(getattr(network, setting, "")):
            return told if told.startswith(("@", "-")) else f"@{told}"
    server = urlsplit(str(getattr(network, "server", ""))).hostname
    return f"{network.name} on {server}" if server else network.name
