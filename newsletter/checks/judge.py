"""Check an edition with everything the open workspace knows: accounts, posts, audience, time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from newsletter.audience import lists, recipients
from newsletter.campaigns import load
from newsletter.checks import preflight
from newsletter.errors import ConfigError
from newsletter.posts import store

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from newsletter.config import LoadedConfig
    from newsletter.editions.edition import Edition
    from newsletter.model import Finding
    from newsletter.social.base import SocialNetwork
    from newsletter.storage.database import Database
    from newsletter.workspace import Workspace


class Opened(Protocol):
    """What the checks need of the open workspace; `newsletter.app.App` has it."""

    @property
    def workspace(self) -> Workspace:
        """Return where the files are."""

    @property
    def loaded(self) -> LoadedConfig:
        """Return the checked config.toml."""

    @property
    def database(self) -> Database:
        """Return where the audience is."""

    @property
    def networks(self) -> tuple[SocialNetwork, ...]:
        """Return the social accounts."""

    @property
    def now(self) -> Callable[[], datetime]:
        """Return the clock."""


def judge(opened: Opened, edition: Edition, *, allow_missing_alt: bool = False) -> tuple[Finding, ...]:
    """Return what would go wrong if the edition left now, errors first.

    In a workspace where nobody was ever subscribed the audience is not judged,
    so that a letter can be finished before people are imported; sending
    refuses an empty audience all the same (`judge_for`).

    With ``allow_missing_alt`` pictures of snippets may leave without a
    description, whatever the campaign says.

    Raises:
        ConfigError: the accounts of config.toml, the list of words to avoid or the database cannot be used.
        ContentError: a stored post cannot be read.
    """
    with opened.database.read() as connection:
        people = recipients.count(connection, edition.lists)
        ever = people or any(found.subscribed or found.unsubscribed for found in lists.counts(connection))
    return judge_for(opened, edition, people if ever else None, allow_missing_alt=allow_missing_alt)


def judge_for(
    opened: Opened, edition: Edition, people: int | None, *, allow_missing_alt: bool = False
) -> tuple[Finding, ...]:
    """Return the findings for an audience of so many; None: do not judge the audience. Errors as `judge`."""
    return preflight.check(
        edition,
        organisation=opened.loaded.config.organisation,
        networks=opened.networks,
        posts=store.load_all(opened.workspace.posts),
        recipients=people,
        now=opened.now(),
        mentions=opened.loaded.config.mention,
        templates=(opened.workspace.templates,),
        allow_missing_alt=allow_missing_alt or _allows_missing_alt(opened.workspace, edition.campaign),
    )


def _allows_missing_alt(workspace: Workspace, campaign: str) -> bool:
    """Return what the campaign says; one that is not there any more, or cannot be read, allows nothing."""
    try:
        return load.load(workspace, campaign).social.allow_missing_alt
    except ConfigError:
        return False
