"""The numbers of an edition, counted from the ledger; the states always add up to the frozen total."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from newsletter.errors import NewsletterError
from newsletter.model import DeliveryState
from newsletter.outbox import ledger, parts
from newsletter.storage.tables import delivery

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.outbox.ledger import Entry
    from newsletter.outbox.parts import Part


def numbers(connection: Connection, edition_id: str) -> dict[str, Any]:
    """Return who got what, as scripts read it.

    ``{edition, campaign, subject, state, why, frozen_at, finished_at, total, states, channels, posts}``;
    ``states`` has every state, ``channels`` is a list of ``{channel, kind, total, states}``, ``posts``
    of ``{account, number, remote_id, url, content_hash, price_musd, at, retracted_at}``.

    Raises:
        NewsletterError: the edition was never frozen.
    """
    entry = ledger.get(connection, edition_id)
    if entry is None:
        raise NewsletterError(f"edition {edition_id} is not in the ledger; see: newsletter report")
    query = (
        select(delivery.c.channel, delivery.c.kind, delivery.c.state, func.count())
        .where(ledger.of_edition(entry.id))
        .group_by(delivery.c.channel, delivery.c.kind, delivery.c.state)
        .order_by(delivery.c.kind, delivery.c.channel)
    )
    channels: dict[tuple[str, str], dict[str, Any]] = {}
    for channel, kind, state, count in connection.execute(query):
        counted = channels.setdefault(
            (channel, kind), {"channel": channel, "kind": kind, "total": 0, "states": _none()}
        )
        counted["states"][state] += count
        counted["total"] += count
    states = _none()
    for counted in channels.values():
        for state, count in counted["states"].items():
            states[state] += count
    return {
        **_head(entry),
        "total": entry.total,
        "states": states,
        "channels": list(channels.values()),
        "posts": [_post(part) for part in parts.of_edition(connection, entry.id)],
    }


def overview(connection: Connection) -> list[dict[str, Any]]:
    """Return every edition with its states, newest first: `numbers` without ``channels`` and ``posts``."""
    return [
        {
            **_head(entry),
            "total": entry.total,
            "states": _none() | dict(ledger.states(connection, entry.id)),
        }
        for entry in ledger.entries(connection)
    ]


def _head(entry: Entry) -> dict[str, Any]:
    return {
        "edition": entry.id,
        "campaign": entry.campaign,
        "subject": entry.subject,
        "state": entry.state,
        "why": entry.why,
        "frozen_at": entry.frozen_at,
        "finished_at": entry.finished_at,
    }


def _post(part: Part) -> dict[str, Any]:
    return {
        "account": part.account,
        "number": part.number,
        "remote_id": part.receipt.remote_id,
        "url": part.receipt.url,
        "content_hash": part.content_hash,
        "price_musd": part.price_musd,
        "at": part.at,
        "retracted_at": part.retracted_at,
    }


def _none() -> dict[str, int]:
    return {state.value: 0 for state in DeliveryState}
