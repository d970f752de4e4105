"""Choose the posts of a campaign."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from newsletter.errors import ConfigError, ContentError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from newsletter.campaigns.campaign import Campaign, PostChoice
    from newsletter.model import CallToAction, Post
    from newsletter.tomlfile import TomlFile


def pick(campaign: Campaign, posts: Sequence[Post], *, file: TomlFile | None = None) -> tuple[Post, ...]:
    """Return the posts a campaign carries, in its order, none twice; the order of ``posts`` does not matter.

    ``file`` is where the campaign was read, for the line numbers of messages.

    Raises:
        ConfigError: the campaign names a post that there is not, with key and line.
        ContentError: nothing is picked.
    """
    choice = campaign.posts
    by_slug = {post.slug: post for post in posts}
    problems = list(_unknown(campaign, by_slug, file))
    if problems:
        raise ConfigError("", problems=problems)
    excluded = set(choice.exclude)
    named = [by_slug[slug] for slug in (*choice.pinned, *choice.include) if slug not in excluded]
    chosen = {post.slug: post for post in named}
    others = [post for post in newest_first(posts) if post.slug not in excluded | chosen.keys()]
    chosen.update({post.slug: post for post in _matching(choice, others)})
    if not chosen:
        why = f"the campaign {campaign.name!r} picks no posts; {_advice(choice, posts)}"
        raise ContentError(why, where=_where(campaign, file, "posts"))
    return tuple(chosen.values())[: choice.limit]


def call_to_action(
    campaign: Campaign, posts: Sequence[Post], default: CallToAction | None
) -> tuple[CallToAction | None, str]:
    """Return the one ask as written, and where it is written: the campaign, else a post, else config.toml."""
    if campaign.call_to_action:
        return campaign.call_to_action, "the campaign"
    for post in posts:
        if post.call_to_action:
            return post.call_to_action, f"the post {post.slug}"
    return default, "config.toml" if default else ""


def newest_first(posts: Iterable[Post]) -> list[Post]:
    """Return the posts by date, newest first, those without a date last; equal dates by slug."""
    by_slug = sorted(posts, key=lambda post: post.slug)
    return sorted(by_slug, key=_moment, reverse=True)


def _moment(post: Post) -> datetime:
    """Return a moment to sort by; a plain date counts as the start of its day in UTC."""
    at = post.published_at
    if at is None:
        return datetime.min.replace(tzinfo=UTC)
    return at if isinstance(at, datetime) else datetime(at.year, at.month, at.day, tzinfo=UTC)


def _matching(choice: PostChoice, posts: Sequence[Post]) -> Sequence[Post]:
    """Return those of ``posts`` that ``tags`` and ``newest`` ask for."""
    if not choice.tags and not choice.newest:
        return ()
    wanted = {tag.casefold() for tag in choice.tags}
    found = [post for post in posts if not wanted or wanted & {tag.casefold() for tag in post.tags}]
    return found[: choice.newest] if choice.newest else found


def _unknown(campaign: Campaign, known: Iterable[str], file: TomlFile | None) -> Iterator[Problem]:
    slugs = list(known)
    for key in ("pinned", "include", "exclude"):
        for slug in getattr(campaign.posts, key):
            if slug in slugs:
                continue
            close = difflib.get_close_matches(slug, slugs, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]!r}?" if close else "each folder under posts/ is one"
            yield Problem(f"there is no post {slug!r}; {hint}", _where(campaign, file, "posts", key))


def _advice(choice: PostChoice, posts: Sequence[Post]) -> str:
    if not posts:
        return "there are none yet: newsletter post add FILE|URL"
    if choice.tags:
        return f"no post has a tag of {', '.join(choice.tags)}"
    return 'write include = ["a-slug"] or newest = 3 under [posts]'


def _where(campaign: Campaign, file: TomlFile | None, *loc: str) -> str:
    return file.where(loc) if file else f"campaigns/{campaign.name}/campaign.toml ({'.'.join(loc)})"
