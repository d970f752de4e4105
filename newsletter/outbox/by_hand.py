"""Posts that a person publishes: they wait in the ledger until the person says where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select, update

from newsletter.errors import NewsletterError
from newsletter.model import DeliveryState, Receipt
from newsletter.outbox import hold, parts
from newsletter.storage.tables import delivery

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

CODE: Final = "by hand"
"""Code of a delivery that a person has to publish."""


@dataclass(frozen=True)
class Closed:
    """A delivery that a person has closed."""

    account: str
    """Name of the account."""
    edition_id: str
    """Its edition."""


def confirm(connection: Connection, url: str, now: datetime, *, account: str | None = None) -> Closed:
    """Note where the post stands that a person has published: of the account, the oldest one that waits.

    Raises:
        NewsletterError: no post waits, or those of several accounts do and none is named.
    """
    if not url.startswith(("https://", "http://")):
        raise NewsletterError(f"{url!r} is no web address; give the address of the post")
    waits = (delivery.c.state == DeliveryState.UNKNOWN.value) & (delivery.c.code == CODE)
    query = select(delivery.c.id, delivery.c.edition_id, delivery.c.recipient).where(waits)
    rows = connection.execute(query.order_by(delivery.c.id)).all()
    rows = [row for row in rows if account in {None, row.recipient}]
    names = sorted({row.recipient for row in rows})
    if not rows:
        raise NewsletterError("no post waits to be published by hand; see: newsletter outbox list")
    if len(names) > 1:
        raise NewsletterError(f"posts wait for {', '.join(names)}; say which with --account")
    chosen = rows[0]
    hold.lock_slices(connection, chosen.edition_id)
    said = {
        "state": DeliveryState.SENT.value,
        "code": "",
        "reply": "published by hand",
        "url": url,
        "at": now,
    }
    connection.execute(update(delivery).where(waits, delivery.c.id == chosen.id).values(said))
    parts.note(connection, chosen.id, 0, Receipt(url=url), content_hash="", price_musd=0, now=now)
    return Closed(chosen.recipient, chosen.edition_id)
