"""Rules about the plan: to whom, when, with which posts."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parseaddr
from typing import TYPE_CHECKING

from newsletter.checks.rule import rule
from newsletter.editions import images

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.checks.evidence import Evidence
    from newsletter.model import Post

OLD_DAYS = 180
EARLY_DAYS = 60
WRONG_YEAR_DAYS = 366
EXAMPLE_DOMAINS = ("example", "example.com", "example.org", "example.net", "invalid", "test")
"""RFC 2606: nobody can own these."""
FREE_MAIL = re.compile(
    r"(?:gmail|googlemail|hotmail|outlook|live|aol|icloud)\.com|yahoo\.[a-z.]+|gmx\.[a-z]+|web\.de|proton\.me"
)


@rule(
    "P1",
    "error",
    why="Nobody would get this edition.",
    mend="Name a list in campaign.toml that people are on; add them with: newsletter audience import.",
    source="product rule",
)
def somebody_gets_it(evidence: Evidence) -> Iterator[str]:
    """There is a list with people on it, or at least a social account."""
    lists = evidence.edition.lists
    if not lists and not evidence.edition.snippets:
        yield "campaign.toml (lists): no list and no social account"
    elif lists and evidence.recipients == 0:
        yield f"audience: nobody is subscribed to {', '.join(lists)}"


@rule(
    "P1",
    "warning",
    why="The letter goes to no list; only the social posts would leave.",
    mend="Name a list under `lists` in campaign.toml, unless that is what you want.",
    source="product rule",
)
def some_list(evidence: Evidence) -> Iterator[str]:
    """The letter has an audience."""
    if not evidence.edition.lists and evidence.edition.snippets:
        yield "campaign.toml (lists)"


@rule(
    "P8",
    "info",
    why="The audience was not counted.",
    mend="Add people with: newsletter audience import. Sending counts them, and refuses an empty audience.",
    source="product rule",
)
def audience_counted(evidence: Evidence) -> Iterator[str]:
    """Somebody has counted who gets it."""
    if evidence.edition.lists and evidence.recipients is None:
        yield f"audience: {', '.join(evidence.edition.lists)}"


@rule(
    "P2",
    "error",
    why="The date printed on the edition is more than a year ahead.",
    mend="Mend `date` in campaign.toml; perhaps the year is wrong.",
    source="product rule",
)
def possible_date(evidence: Evidence) -> Iterator[str]:
    """The printed date is not in a far future."""
    if _days_ahead(evidence) > WRONG_YEAR_DAYS:
        yield f"campaign.toml (date): {evidence.edition.date.isoformat()}"


@rule(
    "P2",
    "warning",
    why="The date printed on the edition is far from today; readers take it for an old or a premature one.",
    mend="Set `date` in campaign.toml to the day it leaves.",
    source="product rule",
)
def near_date(evidence: Evidence) -> Iterator[str]:
    """The printed date is about today."""
    ahead = _days_ahead(evidence)
    if ahead < -OLD_DAYS or EARLY_DAYS < ahead <= WRONG_YEAR_DAYS:
        yield f"campaign.toml (date): {evidence.edition.date.isoformat()}"


def _days_ahead(evidence: Evidence) -> int:
    return (evidence.edition.date - evidence.now.date()).days


@rule(
    "P3",
    "error",
    why="The edition carries no post.",
    mend="Add posts to campaign.toml: include, tags or newest under [posts].",
    source="product rule",
)
def some_posts(evidence: Evidence) -> Iterator[str]:
    """The edition carries a post."""
    if not evidence.edition.posts:
        yield "campaign.toml (posts)"


@rule(
    "P4",
    "warning",
    why="The post describes a picture, but its file was never supplied, so the picture is left out.",
    mend="Save the picture into the post's folder and name it as `file` in its index.md.",
    source="product rule",
)
def pictures_supplied(evidence: Evidence) -> Iterator[str]:
    """Described pictures have files."""
    for post in _carried(evidence):
        for image in post.images:
            if not image.file:
                yield f"posts/{post.slug}/index.md: “{(image.alt or image.caption or image.url)[:60]}”"


@rule(
    "P9",
    "error",
    why="The picture cannot be used, so it is left out of everything.",
    mend="Save it again as JPEG or PNG, or put another file into the post's folder.",
    source="product rule",
)
def usable_pictures(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """The files of pictures are pictures, whole, and not too large."""
    for post in _carried(evidence):
        for image in post.images:
            if image.file and post.folder and (why := images.fault(post.folder / image.file)):
                yield images.where(post, image.file), f"It is left out: {why}."


@rule(
    "P5",
    "warning",
    why="The post is dated in the future.",
    mend="Mend its date, or wait until it is out.",
    source="product rule",
)
def published_posts(evidence: Evidence) -> Iterator[str]:
    """Posts are published by now."""
    for post in _carried(evidence):
        published = post.published_at
        day = published.date() if isinstance(published, datetime) else published
        if day and (day - evidence.now.date()).days > 1:
            yield f"posts/{post.slug}/index.md: {day.isoformat()}"


def _carried(evidence: Evidence) -> list[Post]:
    return [evidence.posts[slug] for slug in evidence.edition.posts if slug in evidence.posts]


@rule(
    "P6",
    "warning",
    why="This is an example address: mail from it is refused, and nobody can answer.",
    mend="Write your own sender and public_url into config.toml.",
    source="RFC 2606",
)
def own_domain(evidence: Evidence) -> Iterator[str]:
    """The sender's domain is a real one."""
    domain = _domain(evidence.edition.sender)
    if any(domain == reserved or domain.endswith(f".{reserved}") for reserved in EXAMPLE_DOMAINS):
        yield f"sender: {evidence.edition.sender}"


@rule(
    "P7",
    "warning",
    why="Free mail services forbid others to send in their name; most of this mail would land in spam.",
    mend="Send from an address at your own domain.",
    source="RFC 7489; Google and Yahoo sender requirements",
)
def no_free_mail(evidence: Evidence) -> Iterator[str]:
    """The sender's domain is the organisation's own."""
    if FREE_MAIL.fullmatch(_domain(evidence.edition.sender)):
        yield f"sender: {evidence.edition.sender}"


def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2].lower().rstrip(".")
