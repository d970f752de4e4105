"""Short ways to fill a ledger: subscribers, an edition by hand, and a look at the states."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from newsletter.editions import frozen
from newsletter.editions.edition import CompiledLetter, Edition, Slot, sample_values
from newsletter.model import Snippet
from newsletter.outbox.freeze import freeze
from newsletter.storage.tables import delivery, mailing_list, membership, subscriber

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.outbox.freeze import Frozen
    from newsletter.storage.database import Database

SAMPLE = sample_values("https://news.rivertrust.example")
NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
LETTER = CompiledLetter(
    segments=(
        b"From: News <news@rivertrust.example>\r\nTo: ",
        b"\r\nSubject: Otters are back\r\nDate: ",
        b"\r\nMessage-ID: ",
        b"\r\nList-Unsubscribe: <",
        b">\r\n\r\nDear ",
        b",\r\nthey are back.\r\n",
    ),
    slots=(
        Slot("to", "", "header"),
        Slot("date", "", "header"),
        Slot("message_id", "", "header"),
        Slot("unsubscribe_url", "", "header"),
        Slot("first_name", "friend", "text"),
    ),
)


def edition_in(
    root: Path, *, lists: tuple[str, ...] = ("supporters",), accounts: tuple[str, ...] = (), **other: Any
) -> Edition:
    """Write a small edition below ``root/out`` and return it."""
    snippets = tuple(Snippet(name, "folder", f"Otters! {name}", length=12, limit=500) for name in accounts)
    draft = Edition(
        id="",
        campaign="autumn",
        folder=root / "out" / "autumn",
        subject="Otters are back",
        preheader="",
        sender="News <news@rivertrust.example>",
        reply_to="",
        language="en",
        date=date(2026, 5, 4),
        lists=lists,
        posts=(),
        call_to_action=None,
        html="<p>They are back.</p>",
        text="They are back.",
        letter=LETTER,
        snippets=snippets,
        images=(),
    )
    return frozen.write(replace(draft, **other), pictures=(), browser="", sample=SAMPLE)


def subscribe(database: Database, count: int, *, name: str = "supporters", start: int = 0) -> list[str]:
    """Put so many new subscribers on a list; return their addresses."""
    addresses = [f"reader{number}@example.org" for number in range(start, start + count)]
    with database.write() as connection:
        known = connection.execute(select(mailing_list.c.id).where(mailing_list.c.name == name)).scalar()
        list_id = (
            known
            or connection.execute(
                insert(mailing_list).values(name=name, created_at=NOW).returning(mailing_list.c.id)
            ).scalar_one()
        )
        people = [
            {"email": one, "email_key": one, "first_name": "Asha", "created_at": NOW, "updated_at": NOW}
            for one in addresses
        ]
        if people:
            connection.execute(insert(subscriber), people)
        join(connection, list_id, addresses)
    return addresses


def join(connection: Any, list_id: int, addresses: list[str]) -> None:
    """Put known subscribers on a list."""
    wanted = set(addresses)
    rows = [
        {"list_id": list_id, "subscriber_id": row.id, "state": "subscribed", "changed_at": NOW}
        for row in connection.execute(select(subscriber.c.id, subscriber.c.email))
        if row.email in wanted
    ]
    if rows:
        connection.execute(insert(membership), rows)


def frozen_in(
    database: Database, edition: Edition, root: Path, *, now: datetime = NOW, on_unknown: str = "hold"
) -> Frozen:
    """Freeze an edition for the channel ``main``."""
    with database.write() as connection:
        return freeze(
            connection,
            edition,
            path=edition.folder.relative_to(root).as_posix(),
            mail_channel="main",
            on_unknown=on_unknown,
            now=now,
        )


def states(database: Database) -> dict[str, int]:
    """Return how many deliveries are in each state."""
    counted: dict[str, int] = {}
    with database.read() as connection:
        for state in connection.execute(select(delivery.c.state)).scalars():
            counted[state] = counted.get(state, 0) + 1
    return counted


def row_of(database: Database, recipient: str) -> Any:
    """Return a recipient's delivery."""
    with database.read() as connection:
        return connection.execute(select(delivery).where(delivery.c.recipient == recipient)).one()


def leave(database: Database, address: str) -> None:
    """Have a subscriber leave every list."""
    with database.write() as connection:
        ids = select(subscriber.c.id).where(subscriber.c.email == address)
        connection.execute(
            update(membership).where(membership.c.subscriber_id.in_(ids)).values(state="unsubscribed")
        )


def later(**units: float) -> datetime:
    """Return a moment after `NOW`."""
    return NOW + timedelta(**units)
