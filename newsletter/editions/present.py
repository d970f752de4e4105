"""What templates print: a campaign and its posts become an `EditionView`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from newsletter.editions import colours, dates
from newsletter.editions.view import EditionView, ImageView, StoryView
from newsletter.errors import ContentError
from newsletter.model import CallToAction
from newsletter.posts.body import first_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from newsletter.campaigns.campaign import Campaign
    from newsletter.config import Config
    from newsletter.editions.images import Picture
    from newsletter.editions.links import LinkTags
    from newsletter.model import Image, Post, RelatedPost

PREHEADER_CHARS: Final = 130
"""What the longest inbox rows show beside the subject."""
EXCERPT_WORDS: Final = 60
MAX_RELATED: Final = 6
"""More would bury the call to action."""

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
_RIGHT_TO_LEFT: Final = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})


@dataclass(frozen=True)
class Lines:
    """The words of campaign.toml, merge tags turned into tokens."""

    subject: str
    """Subject line."""
    preheader: str
    """Empty when the campaign has none of its own."""
    title: str
    """Headline of the edition."""
    note: str
    """Opening words, Markdown."""


def view(  # noqa: PLR0913 - one argument per source of a view
    campaign: Campaign,
    posts: Sequence[Post],
    config: Config,
    *,
    lines: Lines,
    ask: CallToAction | None,
    pictures: Mapping[str, Mapping[str, Picture]],
    tags: LinkTags,
) -> EditionView:
    """Return what the templates of an edition print.

    Args:
        campaign: the plan.
        posts: what it picked, at least one.
        config: who sends.
        lines: the campaign's own words.
        ask: what `call_to_action` chose.
        pictures: slug → file name → picture.
        tags: what letters add to links.
    """
    organisation = config.organisation
    language = campaign.language or organisation.language
    stories = tuple(_story(post, language, config, pictures[post.slug], tags) for post in posts)
    return EditionView(
        organisation=organisation,
        brand=colours.brand_view(config.brand, organisation),
        language=language,
        direction="rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr",
        subject=lines.subject,
        preheader=lines.preheader or cut(stories[0].excerpt, PREHEADER_CHARS),
        title=lines.title,
        date=dates.words(printed_date(campaign, posts, config), language, ZoneInfo(organisation.timezone)),
        note=tags.tag_markdown(lines.note),
        signature=campaign.signature,
        stories=stories,
        call_to_action=replace(ask, url=tags.tag(ask.url)) if ask else None,
        related=tuple(replace(found, url=tags.tag(found.url)) for found in _related(posts)),
    )


def call_to_action(campaign: Campaign, posts: Sequence[Post], config: Config) -> CallToAction | None:
    """Return the one ask, with label and address: the campaign's, else a post's, else the organisation's.

    Raises:
        ContentError: there is no address that its button could open.
    """
    found = [campaign.call_to_action, *(post.call_to_action for post in posts), config.call_to_action]
    ask = next(filter(None, found), None)
    if ask is None:
        return None
    default = config.call_to_action.label if config.call_to_action else ""
    language = (campaign.language or config.organisation.language).partition("-")[0].lower()
    url = ask.url or posts[0].link or config.organisation.website
    if not url:
        raise ContentError(
            f"the call to action {ask.question!r} leads nowhere; write its url in campaign.toml "
            "under [call_to_action], or organisation.website in config.toml",
            where=f"campaign {campaign.name}",
        )
    return CallToAction(ask.question, ask.label or default or _LABELS.get(language, _LABELS["en"]), url)


def printed_date(campaign: Campaign, posts: Sequence[Post], config: Config) -> date:
    """Return the date printed on the edition; never today's, so that a build can be repeated.

    Raises:
        ContentError: neither the campaign nor a post has a date.
    """
    zone = ZoneInfo(config.organisation.timezone)
    days = [dates.day_of(post.published_at, zone) for post in posts if post.published_at]
    day = campaign.date or max(days, default=None)
    if day is None:
        why = "no post has a date; write the edition's into campaign.toml: date = 2026-12-01"
        raise ContentError(why, where=f"campaign {campaign.name}")
    return day


def media_folder(config: Config) -> str:
    """Return the address of the folder that holds the pictures of editions, without a slash at its end."""
    organisation = config.organisation
    return (organisation.media_url or f"{organisation.public_url.rstrip('/')}/media").rstrip("/")


def lead_image(post: Post) -> Image | None:
    """Return the first picture whose file there is."""
    return next((image for image in post.images if image.file), None)


def cut(text: str, most: int) -> str:
    """Return the text, cut after a word when it has more than ``most`` characters.

    >>> cut("The river rises again", 12)
    'The river…'
    """
    if len(text) <= most:
        return text
    return text[: most - 1].rpartition(" ")[0].rstrip(" ,;:.–—-") + "…"  # noqa: RUF001 - dashes a cut may leave


def _story(
    post: Post, language: str, config: Config, pictures: Mapping[str, Picture], tags: LinkTags
) -> StoryView:
    zone = ZoneInfo(config.organisation.timezone)
    folder = media_folder(config)
    images = {
        image.file: _image(image, pictures[image.file], folder)
        for image in post.images
        if image.file in pictures
    }
    lead = lead_image(post)
    return StoryView(
        title=post.title,
        excerpt=_excerpt(post),
        body=tags.tag_markdown(post.body),
        url=tags.tag(post.link),
        author=post.author,
        date=dates.words(post.published_at, language, zone) if post.published_at else "",
        image=images.get(lead.file) if lead else None,
        images=images,
        language=post.language or language,
    )


def _image(image: Image, picture: Picture, folder: str) -> ImageView:
    return ImageView(
        src=f"{folder}/{picture.name}",
        alt=image.alt,
        width=picture.width,
        height=picture.height,
        caption=image.caption,
        credit=image.credit,
    )


def _excerpt(post: Post) -> str:
    if len(post.excerpt.split()) <= EXCERPT_WORDS:
        return post.excerpt or first_words(post.body, words=EXCERPT_WORDS)
    return first_words(post.excerpt, words=EXCERPT_WORDS)


def _related(posts: Sequence[Post]) -> tuple[RelatedPost, ...]:
    """Return the first pointers to stories that the edition does not carry itself, none twice."""
    seen = {post.title.casefold() for post in posts} | {post.link for post in posts if post.link}
    return tuple(_unseen(posts, seen))[:MAX_RELATED]


def _unseen(posts: Sequence[Post], seen: set[str]) -> Iterator[RelatedPost]:
    for related in (related for post in posts for related in post.related):
        marks = {related.title.casefold(), related.url} - {""}
        if not marks & seen:
            seen |= marks
            yield related
