"""Why we may write to somebody, and what that person has said since; rows of evidence are only added."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import select, update

from newsletter.errors import ContentError
from newsletter.storage.bulk import add_rows
from newsletter.storage.tables import consent_event, mailing_list, membership

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import Connection, Row

LAWFUL_BASES: Final = ("consent", "soft_opt_in", "soft_opt_in_charity", "member", "other")
"""Grounds for writing to somebody: GDPR article 6 and UK PECR regulation 22, in plain words."""

_DATE_MAX = 32


@dataclass(frozen=True)
class Evidence:
    """What we would show to a regulator who asks why somebody was written to."""

    lawful_basis: str
    """One of `LAWFUL_BASES`."""
    source: str = ""
    """Where it was given: "stall at the summer fair", "website form"."""
    given_on: str = ""
    """When it was given, as the evidence states it; ISO where we can choose."""


def evidence(lawful_basis: str, source: str = "", given_on: str = "") -> Evidence:
    """Return checked evidence; the basis may be written with spaces, hyphens or capitals.

    Raises:
        ContentError: the basis is missing or unknown, or the date is no date.
    """
    basis = re.sub(r"[\s-]+", "_", lawful_basis.strip().lower())
    if not basis:
        raise ContentError("no lawful basis for writing to this person; name one with --basis")
    if basis not in LAWFUL_BASES:
        raise ContentError(f"{lawful_basis!r} is not a lawful basis; write one of {', '.join(LAWFUL_BASES)}")
    if len(given_on) > _DATE_MAX:
        raise ContentError(f"the consent date {given_on[:20]!r}… is too long for a date")
    return Evidence(basis, source, given_on)


def is_later(given_on: str, left_at: datetime, now: datetime) -> bool:
    """Tell whether consent dated ``given_on`` was given after somebody left, and not in the future.

    A date without a time counts only from the day after. What is not ISO 8601 counts for nothing.
    """
    try:
        moment = datetime.fromisoformat(given_on)
        day: date | None = date.fromisoformat(given_on) if len(given_on) == len("2026-01-31") else None
    except ValueError:
        return False
    if day:
        return left_at.date() < day <= now.date()
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return left_at < moment <= now


def lists_of(connection: Connection, subscriber_id: int) -> dict[str, bool]:
    """Return the lists somebody is or was on, by name: whether subscribed now."""
    return {row.name: row.state == "subscribed" for row in _memberships(connection, subscriber_id)}


def join(
    connection: Connection, subscriber_id: int, lists: Collection[str], shown: Evidence, now: datetime
) -> list[str]:
    """Subscribe somebody again to lists they have left; return the ones that changed."""
    left = [
        row
        for row in _memberships(connection, subscriber_id)
        if row.name in lists and row.state != "subscribed"
    ]
    _change(connection, subscriber_id, left, "subscribed", now)
    record(connection, "given", [(subscriber_id, row.name, shown) for row in left], now)
    return [row.name for row in left]


def withdraw(
    connection: Connection, subscriber_id: int, lists: Collection[str] | None, source: str, now: datetime
) -> list[str]:
    """Unsubscribe somebody from lists, from all when None; return the ones that changed."""
    standing = [
        row
        for row in _memberships(connection, subscriber_id)
        if row.state == "subscribed" and (lists is None or row.name in lists)
    ]
    _change(connection, subscriber_id, standing, "unsubscribed", now)
    record(
        connection, "withdrawn", [(subscriber_id, row.name, Evidence("", source)) for row in standing], now
    )
    return [row.name for row in standing]


def record(
    connection: Connection, kind: str, events: Iterable[tuple[int, str, Evidence]], now: datetime
) -> None:
    """Add ``given`` or ``withdrawn`` events: subscriber, list's name, evidence."""
    rows = [
        {
            "subscriber_id": subscriber_id,
            "list_name": name,
            "kind": kind,
            "lawful_basis": shown.lawful_basis,
            "source": shown.source,
            "given_on": shown.given_on,
        }
        for subscriber_id, name, shown in events
    ]
    add_rows(connection, consent_event, rows, {"at": now})


def _memberships(connection: Connection, subscriber_id: int) -> list[Row[int, str, str]]:
    query = (
        select(mailing_list.c.id, mailing_list.c.name, membership.c.state)
        .join(membership, membership.c.list_id == mailing_list.c.id)
        .where(membership.c.subscriber_id == subscriber_id)
        .order_by(mailing_list.c.name)
    )
    return list(connection.execute(query))


def _change(
    connection: Connection, subscriber_id: int, rows: list[Row[int, str, str]], state: str, now: datetime
) -> None:
    mine = membership.c.subscriber_id == subscriber_id
    theirs = membership.c.list_id.in_([row.id for row in rows])
    connection.execute(update(membership).where(mine, theirs).values(state=state, changed_at=now))
