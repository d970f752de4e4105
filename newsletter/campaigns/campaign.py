"""The shape of campaign.toml: every key, what it means and its default."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

from newsletter.model import CallToAction
from newsletter.tomlfile import Table


@dataclass(frozen=True)
class PostChoice(Table):
    """``[posts]``: which posts the edition carries, and in which order.

    Order: ``pinned`` first, then ``include``, then the newest that match
    ``tags`` (all posts when ``newest`` is set without tags).
    """

    include: tuple[str, ...] = ()
    """Slugs, in this order."""
    pinned: tuple[str, ...] = ()
    """Slugs that come first whatever else is chosen."""
    tags: tuple[str, ...] = ()
    """Posts with any of these tags, newest first."""
    newest: int = 0
    """How many of the newest posts to take (of those with ``tags``, when given)."""
    exclude: tuple[str, ...] = ()
    """Slugs that are never taken."""
    limit: int = 10
    """At most this many posts in all."""


@dataclass(frozen=True)
class Social(Table):
    """``[social]``: the snippets."""

    accounts: tuple[str, ...] | None = None
    """Names of accounts in config.toml; leave it out for all of them, ``[]`` for none."""
    hook: str = ""
    """First words of every snippet; empty takes the lead post's title."""
    why: str = ""
    """The sentences after the hook; empty takes the lead post's excerpt. A line of ``---`` begins the next
    post of a thread, where the network has threads."""
    hashtags: tuple[str, ...] = ()
    """Without the #, in CamelCase for screen readers; empty takes the lead post's tags."""
    link: Literal["call_to_action", "post"] = "call_to_action"
    """Where the link of a snippet leads; the other one is taken when this one has no address."""
    link_in: Literal["first", "last"] = "last"
    """Which post of a thread carries the call to action, the link and the hashtags."""
    image: bool = True
    """Whether the lead post's picture is shown at all, by itself or in a card."""
    show: Literal["", "card", "image"] = ""
    """``image``: the picture by itself. ``card``: the preview of the link, with the picture in it where the
    preview is ours to make. Empty: the picture; a card in its place where it has no description and the
    network takes our card."""
    allow_missing_alt: bool = False
    """Whether a picture without a description may leave; people who do not see it are told nothing then."""
    thread: bool = False
    """Whether words too long for one post go on in a thread, in place of being cut; each post of a thread
    costs what a post costs."""
    numbered: bool = False
    """Whether the posts of a thread say ``1/3``, ``2/3``, ``3/3``."""
    text: dict[str, str] = field(default_factory=dict)
    """Account name → the words for that account, in place of hook and why; ``---`` lines as in ``why``."""


@dataclass(frozen=True)
class Utm(Table):
    """``[utm]``: parameters added to links to the organisation's pages, so that visits can be told apart."""

    enabled: bool = True
    """False leaves every link as it is."""
    source: str = "newsletter"
    """``utm_source`` of letters; snippets say the network's name."""
    campaign: str = ""
    """``utm_campaign``; empty takes the campaign's name."""


@dataclass(frozen=True)
class Schedule(Table):
    """``[schedule]``: what ``newsletter schedule`` plans when no ``--at`` is given."""

    at: str = ""
    """Plain words: ``Tue 09:00``, ``2026-12-01 09:00``, ``tomorrow 8am``."""
    every: str = ""
    """Repeat: ``day``, ``week``, ``2 weeks``, ``month``; empty for once."""
    timezone: str = ""
    """IANA zone; empty takes the organisation's."""


@dataclass(frozen=True)
class Campaign(Table):
    """The whole of campaign.toml; ``name`` is the folder's name."""

    name: str
    """Name of the folder under campaigns/; not a key of the file."""
    subject: str
    """Subject line; may hold merge tags: ``{{ merge.first_name | fallback("friend") }}``."""
    preheader: str = ""
    """The words after the subject in the inbox, 40 to 130 characters; empty takes the lead post's excerpt."""
    sender: str = ""
    """From line; empty takes the organisation's."""
    reply_to: str = ""
    """Where answers go; empty takes the organisation's."""
    template: str = "digest"
    """Name of a template: ``digest``, ``letter``, ``appeal``, or one in the workspace's templates/."""
    language: str = ""
    """BCP 47; empty takes the organisation's."""
    date: dt.date | None = None
    """Date printed on the edition; empty takes the newest post's."""
    title: str = ""
    """Headline of the edition; empty takes the subject."""
    note: str = ""
    """Opening words in Markdown, may hold merge tags."""
    signature: str = ""
    """Who signs the note: "Asha Rao, director"."""
    lists: tuple[str, ...] = ()
    """Names of the lists it goes to."""
    on_unknown: Literal["", "hold", "resend"] = ""
    """What becomes of letters whose outcome nobody knows; empty: as ``[sending]`` in config.toml says."""
    call_to_action: CallToAction | None = None
    """The one ask; else the first post's that has one, else the organisation's."""
    posts: PostChoice = field(default_factory=PostChoice)
    """Which posts."""
    social: Social = field(default_factory=Social)
    """The snippets."""
    utm: Utm = field(default_factory=Utm)
    """Link parameters."""
    schedule: Schedule = field(default_factory=Schedule)
    """When."""
