"""Mailing lists: their names, and how many people are on them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import case, func, select

from newsletter.errors import ContentError
from newsletter.storage.tables import mailing_list, membership
from newsletter.storage.writing import insert_or_skip

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection

_NAME = re.compile(r"[^\s,;|][^,;|\x00-\x1f\x7f]{0,63}")


@dataclass(frozen=True)
class ListCount:
    """One list and how many people are on it."""

    name: str
    """What it is called in campaigns."""
    subscribed: int
    """People who get its editions."""
    unsubscribed: int
    """People who have left."""


def check_name(name: str) -> str:
    """Return the name without the space around it.

    Raises:
        ContentError: it is empty, longer than 64 characters, or has a comma, semicolon or bar.
    """
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise ContentError(f"{name[:70]!r} cannot be a list's name: 1 to 64 characters, none of , ; |")
    return name


def split(cell: str) -> tuple[str, ...]:
    """Return the list names in one cell, separated by comma, semicolon or bar."""
    return tuple(check_name(part) for part in re.split(r"[,;|]", cell) if part.strip())


def ensure(connection: Connection, names: Iterable[str], now: datetime) -> dict[str, int]:
    """Return the id of each named list, making those that are new."""
    wanted = sorted(set(names))
    rows = [{"name": name, "created_at": now} for name in wanted]
    if rows:
        connection.execute(insert_or_skip(connection, mailing_list), rows)
    found = connection.execute(
        select(mailing_list.c.name, mailing_list.c.id).where(mailing_list.c.name.in_(wanted))
    )
    return {row.name: row.id for row in found}


def counts(connection: Connection) -> list[ListCount]:
    """Return every list with its numbers, by name."""
    state = membership.c.state
    query = (
        select(
            mailing_list.c.name,
            func.count(case((state == "subscribed", 1))).label("subscribed"),
            func.count(case((state == "unsubscribed", 1))).label("unsubscribed"),
        )
        .outerjoin(membership, membership.c.list_id == mailing_list.c.id)
        .group_by(mailing_list.c.name)
        .order_by(mailing_list.c.name)
    )
    return [ListCount(row.name, row.subscribed, row.unsubscribed) for row in connection.execute(query)]


def exists(connection: Connection, name: str) -> bool:
    """Tell whether there is a list with this name."""
    return (
        connection.execute(select(mailing_list.c.id).where(mailing_list.c.name == name)).first() is not None
    )
