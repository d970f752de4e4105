"""Who gets an edition, and what is merged into each person's letter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, func, select

from newsletter.storage import native
from newsletter.storage.tables import mailing_list, membership, subscriber

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection


_NONE: Final[tuple[object, ...]] = ("{}", {})
_VALUES = """
SELECT id, first_name, last_name, email, language, attributes FROM subscriber WHERE id {among}"""


def selection(lists: Collection[str]) -> Select[int, str]:
    """Return the subscribed members of any of the lists: ``subscriber_id, email``, each once, by id.

    Nothing is read yet; the outbox freezes it with INSERT … FROM SELECT.
    """
    return (
        select(subscriber.c.id.label("subscriber_id"), subscriber.c.email)
        .where(subscriber.c.id.in_(subscribed_ids(lists)))
        .order_by(subscriber.c.id)
    )


def subscribed_ids(lists: Collection[str]) -> Select[int]:
    """Return the ids of the subscribed members of any of the lists, in no order, perhaps repeated."""
    return (
        select(membership.c.subscriber_id)
        .join(mailing_list, mailing_list.c.id == membership.c.list_id)
        .where(mailing_list.c.name.in_(list(lists)), membership.c.state == "subscribed")
    )


def count(connection: Connection, lists: Collection[str]) -> int:
    """Return how many people `selection` selects."""
    chosen = subscribed_ids(lists).distinct().subquery()
    return connection.execute(select(func.count()).select_from(chosen)).scalar_one()


def merge_values(connection: Connection, subscriber_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return the values of merge tags per subscriber: name → text, empty where nothing is known.

    ``first_name``, ``last_name``, ``name``, ``email``, ``language`` and the
    further columns of imports. Ask for a slice at a time, not for the whole list.
    """
    query = _VALUES.format(among=native.among(connection, "ids"))
    rows = native.run(connection, query, {"ids": native.listed(connection, list(subscriber_ids))})
    return {row[0]: _values(*row[1:]) for row in rows}


def _values(first_name: str, last_name: str, email: str, language: str, attributes: Any) -> dict[str, str]:
    values = {}
    if attributes not in _NONE:
        further = json.loads(attributes) if isinstance(attributes, str) else attributes
        values = {name: "" if value is None else str(value) for name, value in further.items()}
    values["first_name"] = first_name
    values["last_name"] = last_name
    values["email"] = email
    values["language"] = language
    values["name"] = f"{first_name} {last_name}".strip()
    return values
