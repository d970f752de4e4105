"""What an edition is made of, decided before anything is rendered: posts, pictures, the ask, the date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from newsletter.campaigns import pick
from newsletter.editions import dates, images
from newsletter.editions.links import LinkTags, own_hosts
from newsletter.errors import ContentError
from newsletter.model import CallToAction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from newsletter.campaigns.campaign import Campaign
    from newsletter.config import Config
    from newsletter.editions.images import Picture
    from newsletter.model import Image, Post

_LABELS: Final = {
    "en": "Find out more",
    "ar": "اعرف المزيد",
    "de": "Mehr erfahren",
    "es": "Más información",
    "fr": "En savoir plus",
    "it": "Scopri di più",
    "nl": "Lees meer",
    "pt": "Saiba mais",
}


@dataclass(frozen=True)
class Material:
    """Everything that is known before rendering."""

    campaign: Campaign
    """The plan."""
    posts: tuple[Post, ...]
    """What it picked, in order; at least one."""
    config: Config
    """Who sends."""
    ask: CallToAction | None
    """The one ask, label and address set, without UTM parameters."""
    pictures: Mapping[str, Mapping[str, Picture]]
    """Slug → file name as the post writes it → picture, but for those that cannot be used."""

    @property
    def language(self) -> str:
        """Return the language of the edition, BCP 47."""
        return self.campaign.language or self.config.organisation.language

    @property
    def zone(self) -> ZoneInfo:
        """Return the office's time zone."""
        return ZoneInfo(self.config.organisation.timezone)

    @property
    def sender(self) -> str:
        """Return the From line as people write it."""
        return self.campaign.sender or self.config.organisation.sender

    @property
    def reply_to(self) -> str:
        """Return the Reply-To line as people write it; empty for none."""
        return self.campaign.reply_to or self.config.organisation.reply_to

    @property
    def date(self) -> date:
        """Return the date printed on the edition; never today's, so that a build can be repeated.

        Raises:
            ContentError: neither the campaign nor a post has a date.
        """
        days = [dates.day_of(post.published_at, self.zone) for post in self.posts if post.published_at]
        day = self.campaign.date or max(days, default=None)
        if day is None:
            why = "no post has a date; write the edition's into campaign.toml: date = 2026-12-01"
            raise ContentError(why, where=f"campaign {self.campaign.name}")
        return day

    @property
    def media_folder(self) -> str:
        """Return the address of the folder with the pictures of editions, no slash at its end."""
        organisation = self.config.organisation
        return (organisation.media_url or f"{organisation.public_url.rstrip('/')}/media").rstrip("/")

    @property
    def shown(self) -> tuple[Picture, ...]:
        """Return every picture once, in order."""
        every = [picture for story in self.pictures.values() for picture in story.values()]
        return tuple({picture.name: picture for picture in every}.values())

    def link_tags(self, source: str, medium: str) -> LinkTags:
        """Return what a channel adds to links; nothing when the campaign wants no tags."""
        organisation = self.config.organisation
        ours = [organisation.website, organisation.public_url, *(post.link for post in self.posts)]
        hosts = own_hosts([*ours, self.ask.url] if self.ask else ours)
        utm = self.campaign.utm
        return LinkTags(
            source, medium, utm.campaign or self.campaign.name, hosts if utm.enabled else frozenset()
        )


def gather(campaign: Campaign, posts: Sequence[Post], config: Config) -> Material:
    """Return the material of a campaign with these posts.

    Raises:
        ContentError: a picture is missing, or the call to action leads nowhere.
    """
    return Material(
        campaign,
        tuple(posts),
        config,
        call_to_action(campaign, posts, config),
        {post.slug: images.of_post(post) for post in posts},
    )


def call_to_action(campaign: Campaign, posts: Sequence[Post], config: Config) -> CallToAction | None:
    """Return the one ask, with label and address filled in; None when nobody asks for anything.

    Raises:
        ContentError: there is no address that its button could open.
    """
    ask, _ = pick.call_to_action(campaign, posts, config.call_to_action)
    if ask is None:
        return None
    default = config.call_to_action or CallToAction("")
    url = ask.url or default.url or posts[0].link or config.organisation.website
    if not url:
        raise ContentError(
            f"the call to action {ask.question!r} leads nowhere; write its url in campaign.toml "
            "under [call_to_action], or organisation.website in config.toml",
            where=f"campaign {campaign.name}",
        )
    language = (campaign.language or config.organisation.language).partition("-")[0].lower()
    # The organisation's button says what its own page offers; on another page it would promise wrongly.
    usual = default.label if url == default.url else ""
    return CallToAction(ask.question, ask.label or usual or _LABELS.get(language, _LABELS["en"]), url)


def lead_image(post: Post) -> Image | None:
    """Return the first picture whose file there is."""
    return next((image for image in post.images if image.file), None)
