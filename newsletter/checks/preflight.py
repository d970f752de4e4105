"""Run every rule over an edition: the one public function of this stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.checks import (
    accessibility,
    action,
    document,
    images,
    layout,
    links,
    message,
    plan,
    snippets,
    stylesheet,
    text,
    tokens,
    wording,
)
from newsletter.checks.evidence import Evidence
from newsletter.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from newsletter.config import Mention, Organisation
    from newsletter.editions.edition import Edition
    from newsletter.model import Finding, Post
    from newsletter.social.base import SocialNetwork

FAMILIES = (
    plan,
    action,
    tokens,
    links,
    snippets,
    wording,
    images,
    message,
    document,
    stylesheet,
    layout,
    accessibility,
    text,
)
"""In the order findings are shown: what staff mend in a campaign first, templates later."""
SEVERITIES = ("error", "warning", "info")


def rules() -> list[Rule]:
    """Return every rule, in the order they are run."""
    return [found for family in FAMILIES for found in vars(family).values() if isinstance(found, Rule)]


def check(  # noqa: PLR0913 - plain facts, because this stage cannot know the app
    edition: Edition,
    *,
    organisation: Organisation,
    networks: Iterable[SocialNetwork],
    posts: Iterable[Post] = (),
    recipients: int | None = None,
    now: datetime,
    mentions: Sequence[Mention] = (),
    templates: Sequence[Path] = (),
    allow_missing_alt: bool = False,
) -> tuple[Finding, ...]:
    """Return what would go wrong if the edition left now, errors first; empty when nothing would.

    Nothing is sent, written or fetched; the edition's own files are read.

    Args:
        edition: what would leave.
        organisation: who sends.
        networks: the configured social accounts.
        posts: the stored posts, those of the edition among them.
        recipients: how many people it would go to; None leaves the audience out.
        now: the present moment, aware.
        mentions: the organisation's address book.
        templates: the workspace's folders of templates, with its list of words to avoid.
        allow_missing_alt: whether pictures of snippets may leave without a description.
    """
    evidence = Evidence(
        edition=edition,
        organisation=organisation,
        networks={network.name: network for network in networks},
        posts={post.slug: post for post in posts},
        recipients=recipients,
        now=now,
        mentions=tuple(mentions),
        templates=tuple(templates),
        allow_missing_alt=allow_missing_alt,
    )
    found = [finding for rule in rules() for finding in rule.findings(evidence)]
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))


def blocking(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings that must not leave."""
    return tuple(finding for finding in findings if finding.severity == "error")


def by_reason(findings: Sequence[Finding]) -> list[tuple[Finding, list[str]]]:
    """Return findings of one rule and reason together, in order: the first of them, and every place."""
    groups: dict[tuple[str, ...], tuple[Finding, list[str]]] = {}
    for finding in findings:
        key = (finding.id, finding.severity, finding.why, finding.mend)
        groups.setdefault(key, (finding, []))[1].append(finding.where)
    return list(groups.values())
