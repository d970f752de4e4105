"""One subscriber: add, show, take off a list, erase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import String, cast, delete, literal, select, update

from newsletter.audience import addresses, consent, lists, suppression
from newsletter.audience.enrolment import Enrolment
from newsletter.audience.person import Defaults, person
from newsletter.audience.signing import signing_key
from newsletter.errors import NewsletterError
from newsletter.storage.tables import consent_event, delivery, subscriber

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from newsletter.audience.suppression import Suppressed


@dataclass(frozen=True)
class ConsentEvent:
    """One row of the record of consent."""

    at: datetime
    """When it was recorded."""
    kind: str
    """``given`` or ``withdrawn``."""
    list: str
    """Name of the list."""
    lawful_basis: str
    """Why we may write; empty when withdrawn."""
    source: str
    """Where it came from."""
    given_on: str
    """Date as the evidence states it."""


@dataclass(frozen=True)
class Subscriber:
    """Everything that is known about one address: the answer to a request for access."""

    email: str
    """The address."""
    names: Mapping[str, str]
    """``first_name``, ``last_name``, ``language``, ``timezone``."""
    attributes: Mapping[str, object]
    """Further merge values."""
    lists: Mapping[str, bool]
    """List → whether subscribed now."""
    consent: tuple[ConsentEvent, ...]
    """What was given and withdrawn, oldest first."""
    suppressed: Suppressed | None
    """Why nothing is sent there, or None."""


def add(
    connection: Connection, email: str, fields: Mapping[str, str], defaults: Defaults, now: datetime
) -> bool:
    """Put one person on lists; return False for somebody who was known already.

    Typed by hand, today's consent brings back somebody who had left a list.

    Raises:
        ContentError: the address, a list, the basis or a field cannot be used.
        NewsletterError: the address is suppressed, or consent is older than the unsubscription.
    """
    enrolment = Enrolment(connection, signing_key(connection, now), now, resubscribe=True)
    enrolment.add(person(email, fields, {}, defaults))
    enrolment.finish()
    for reason in enrolment.skipped:
        if reason == "unsubscribed" and not suppression.lookup(connection, enrolment.signing_key, email):
            message = "has left this list; name the later date of consent with --consent-date YYYY-MM-DD"
            raise NewsletterError(message, where=email)
        message = f"is suppressed ({reason}); to write there again: newsletter audience release {email}"
        raise NewsletterError(message, where=email)
    return enrolment.added > 0


def show(connection: Connection, signing_key: bytes | None, email: str) -> Subscriber:
    """Return what is known about an address.

    Raises:
        NewsletterError: nothing is known about it.
    """
    stopped = suppression.lookup(connection, signing_key, email) if signing_key else None
    row = connection.execute(
        select(subscriber).where(subscriber.c.email_key == addresses.key_of(email))
    ).first()
    if row is None:
        if stopped is None:
            raise _unknown(email)
        return Subscriber(email, {}, {}, {}, (), stopped)
    names = {name: getattr(row, name) for name in ("first_name", "last_name", "language", "timezone")}
    events = connection.execute(
        select(consent_event)
        .where(consent_event.c.subscriber_id == row.id)
        .order_by(consent_event.c.at, consent_event.c.id)
    )
    history = tuple(
        ConsentEvent(event.at, event.kind, event.list_name, event.lawful_basis, event.source, event.given_on)
        for event in events
    )
    on = consent.lists_of(connection, row.id)
    return Subscriber(row.email, names, row.attributes, on, history, stopped)


def remove(connection: Connection, email: str, name: str | None, source: str, now: datetime) -> list[str]:
    """Unsubscribe an address from one list, from all when None; return the lists it left.

    Raises:
        NewsletterError: there is no such subscriber or list.
    """
    if name is not None and not lists.exists(connection, name):
        raise NewsletterError(f"there is no list called {name!r}")
    return consent.withdraw(connection, _id_of(connection, email), name and [name], source, now)


def erase(connection: Connection, email: str, source: str, now: datetime) -> None:
    """Forget a person: what stays is that deliveries happened, and a keyed hash that stops a new import.

    GDPR article 17. Backups and letters in other people's mailboxes are out of reach.

    Raises:
        NewsletterError: nothing is known about the address.
    """
    key = signing_key(connection, now)
    if not suppression.lookup(connection, key, email):
        _id_of(connection, email)
    if connection.dialect.name == "sqlite":
        # Else the words stay readable in the file's free pages.
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
    mine = select(subscriber.c.id).where(subscriber.c.email_key == addresses.key_of(email))
    connection.execute(
        update(delivery)
        .where(delivery.c.kind == "mail", delivery.c.subscriber_id.in_(mine))
        # The number keeps recipients of an edition apart; servers quote addresses in their replies.
        .values(
            subscriber_id=None,
            recipient=literal("erased ") + cast(delivery.c.id, String),
            reply="",
            remote_id="",
        )
    )
    connection.execute(delete(subscriber).where(subscriber.c.email_key == addresses.key_of(email)))
    suppression.suppress(connection, key, email, "erased", source, now)


def _id_of(connection: Connection, email: str) -> int:
    query = select(subscriber.c.id).where(subscriber.c.email_key == addresses.key_of(email))
    found = connection.execute(query).scalar()
    if found is None:
        raise _unknown(email)
    return int(found)


def _unknown(email: str) -> NewsletterError:
    return NewsletterError("nobody with this address is known", where=email)
