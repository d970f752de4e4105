"""What templates print: the material of an edition becomes an `EditionView`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from newsletter.editions import colours, dates
from newsletter.editions.material import lead_image
from newsletter.editions.view import EditionView, ImageView, StoryView
from newsletter.posts.body import first_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from newsletter.editions.links import LinkTags
    from newsletter.editions.material import Material
    from newsletter.model import Post, RelatedPost

PREHEADER_CHARS: Final = 130
"""What the longest inbox rows show beside the subject."""
EXCERPT_WORDS: Final = 60
"""Longest excerpt of a story in a digest."""
SUMMARY_WORDS: Final = 40
"""A pointer to another story, not the story."""
MAX_RELATED: Final = 6
"""More would bury the call to action."""

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


def view(material: Material, lines: Lines) -> EditionView:
    """Return what the templates of an edition print, every link with the parameters of letters.

    Raises:
        ContentError: there is no date to print.
    """
    campaign, language, ask = material.campaign, material.language, material.ask
    tags = material.link_tags(campaign.utm.source, "email")
    stories = tuple(_story(post, material, tags) for post in material.posts)
    return EditionView(
        organisation=material.config.organisation,
        brand=colours.brand_view(material.config.brand, material.config.organisation),
        language=language,
        direction="rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr",
        subject=lines.subject,
        preheader=lines.preheader or cut(stories[0].excerpt, PREHEADER_CHARS),
        title=lines.title,
        date=dates.words(material.date, language, material.zone),
        note=tags.tag_markdown(lines.note),
        signature=campaign.signature,
        stories=stories,
        call_to_action=replace(ask, url=tags.tag(ask.url)) if ask else None,
        related=tuple(_pointer(found, tags) for found in _related(material.posts)),
    )


def cut(text: str, most: int) -> str:
    """Return the text, cut after a word when it has more than ``most`` characters.

    >>> cut("The river rises again", 12)
    'The river…'
    """
    if len(text) <= most:
        return text
    return text[:most].rpartition(" ")[0].rstrip(" ,;:.–—-") + "…"  # noqa: RUF001 - dashes a cut may leave


def _story(post: Post, material: Material, tags: LinkTags) -> StoryView:
    images = _images(post, material)
    lead = lead_image(post)
    language = post.language or material.language
    return StoryView(
        title=post.title,
        excerpt=_excerpt(post),
        body=tags.tag_markdown(post.body),
        url=tags.tag(post.link),
        author=post.author,
        date=dates.words(post.published_at, language, material.zone) if post.published_at else "",
        image=images.get(lead.file) if lead else None,
        images=images,
        language=language,
    )


def _images(post: Post, material: Material) -> dict[str, ImageView]:
    views: dict[str, ImageView] = {}
    for image in post.images:
        if (picture := material.pictures[post.slug].get(image.file)) and image.file not in views:
            views[image.file] = ImageView(
                src=f"{material.media_folder}/{picture.name}",
                alt=image.alt,
                width=picture.width,
                height=picture.height,
                caption=image.caption,
                credit=image.credit,
            )
    return views


def _excerpt(post: Post) -> str:
    if len(post.excerpt.split()) <= EXCERPT_WORDS:
        return post.excerpt or first_words(post.body, words=EXCERPT_WORDS)
    return first_words(post.excerpt, words=EXCERPT_WORDS)


def _pointer(related: RelatedPost, tags: LinkTags) -> RelatedPost:
    summary = first_words(related.summary, words=SUMMARY_WORDS)
    return replace(related, summary=summary, url=tags.tag(related.url))


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
