"""Put people on lists, a batch at a time, without bringing back anybody who has left.

One batch costs a handful of statements however many people it holds, so a
million rows take a minute and constant memory.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, insert, select, update

from newsletter.audience import consent, lists, suppression
from newsletter.storage import tables
from newsletter.storage.tables import consent_event, membership, subscriber
from newsletter.storage.writing import stamp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from newsletter.audience.person import Person

BATCH: Final = 2000
"""People per round of statements; the memory of an import grows with it."""

_NAMES: Final = ("first_name", "last_name", "language", "timezone")


@dataclass(frozen=True)
class _Past:
    """What is recorded about people who are known already."""

    left_at: dict[tuple[int, str], datetime | None]
    """Subscriber and list → when they left; None for those who are on it."""
    told: set[tuple[int, str, str, str, str]]
    """Subscriber, list, basis, source and date of every consent on record."""


@dataclass
class Enrolment:
    """A running enrolment: `add` people, then `finish`."""

    connection: Connection
    """One transaction, so that a failure leaves nothing behind."""
    signing_key: bytes
    """Finds the suppressed."""
    now: datetime
    """When it is recorded."""
    resubscribe: bool = False
    """Whether consent later than an unsubscription undoes it."""
    added: int = 0
    """People who were new."""
    updated: int = 0
    """People who were known."""
    skipped: Counter[str] = field(default_factory=Counter)
    """People left as they are, by reason: ``unsubscribed`` or another reason of the suppression list."""
    _waiting: dict[str, Person] = field(default_factory=dict)
    _list_ids: dict[str, int] = field(default_factory=dict)

    def add(self, person: Person) -> None:
        """Take one person; somebody named twice is updated by what was said last."""
        if person.address.key in self._waiting or len(self._waiting) >= BATCH:
            self.finish()
        self._waiting[person.address.key] = person

    def finish(self) -> None:
        """Write everybody who was added."""
        waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        people = self._without_suppressed(waiting)
        known = self._known(people)
        ids = {key: row.id for key, row in known.items()}
        past = self._past(ids.values())
        joining: list[tuple[int, Person]] = []
        for key, row in known.items():
            if self._may_join(row.id, people[key], past):
                joining.append((row.id, people[key]))
            else:
                self.skipped["unsubscribed"] += 1
        self._update([(known[person.address.key], person) for _, person in joining])
        new = self._insert([person for key, person in people.items() if key not in known])
        self._enlist([*joining, *new], past)

    def _without_suppressed(self, people: dict[str, Person]) -> dict[str, Person]:
        hashes = {suppression.hash_of(self.signing_key, key): key for key in people}
        table = tables.suppression
        query = select(table.c.key_hash, table.c.reason).where(table.c.key_hash.in_(list(hashes)))
        found = {hashes[row.key_hash]: row.reason for row in self.connection.execute(query)}
        self.skipped.update(found.values())
        return {key: person for key, person in people.items() if key not in found}

    def _known(self, people: Iterable[str]) -> dict[str, Row[Any]]:
        query = select(subscriber).where(subscriber.c.email_key.in_(list(people)))
        return {row.email_key: row for row in self.connection.execute(query)}

    def _past(self, subscriber_ids: Iterable[int]) -> _Past:
        ids = list(subscriber_ids)
        if not ids:
            return _Past({}, set())
        memberships = (
            select(membership, tables.mailing_list.c.name)
            .join(tables.mailing_list, tables.mailing_list.c.id == membership.c.list_id)
            .where(membership.c.subscriber_id.in_(ids))
        )
        left_at = {
            (row.subscriber_id, row.name): row.changed_at if row.state == "unsubscribed" else None
            for row in self.connection.execute(memberships)
        }
        event = consent_event.c
        told = select(event.subscriber_id, event.list_name, event.lawful_basis, event.source, event.given_on)
        rows = self.connection.execute(told.where(event.subscriber_id.in_(ids), event.kind == "given"))
        return _Past(left_at, {(row[0], row[1], row[2], row[3], row[4]) for row in rows})

    def _may_join(self, subscriber_id: int, person: Person, past: _Past) -> bool:
        return any(self._allowed(subscriber_id, name, person, past) for name in person.lists)

    def _allowed(self, subscriber_id: int, name: str, person: Person, past: _Past) -> bool:
        """Tell whether this evidence may put somebody on a list: not when they have left it since."""
        left_at = past.left_at.get((subscriber_id, name))
        if left_at is None:
            return True
        return self.resubscribe and consent.is_later(person.evidence.given_on, left_at, self.now)

    def _update(self, changes: list[tuple[Row[Any], Person]]) -> None:
        self.updated += len(changes)
        rows = []
        for row, person in changes:
            old = {name: getattr(row, name) for name in ("email", *_NAMES, "attributes")}
            attributes = {**row.attributes, **person.attributes}
            new = {**old, "email": person.address.email, **person.names, "attributes": attributes}
            if new != old:
                rows.append({f"new_{name}": value for name, value in new.items()} | {"known_id": row.id})
        if rows:
            values: dict[str, Any] = {
                name: bindparam(f"new_{name}") for name in ("email", *_NAMES, "attributes")
            }
            statement = update(subscriber).where(subscriber.c.id == bindparam("known_id"))
            self.connection.execute(statement.values(**values, updated_at=self.now), rows)

    def _insert(self, people: list[Person]) -> list[tuple[int, Person]]:
        if not people:
            return []
        self.added += len(people)
        blank = dict.fromkeys(_NAMES, "")
        rows = [
            {
                "email": person.address.email,
                "email_key": person.address.key,
                **blank,
                **person.names,
                "attributes": person.attributes,
            }
            for person in people
        ]
        at = stamp(self.connection, self.now)
        self.connection.execute(insert(subscriber).values(created_at=at, updated_at=at), rows)
        keys = [person.address.key for person in people]
        query = select(subscriber.c.email_key, subscriber.c.id).where(subscriber.c.email_key.in_(keys))
        ids = {row.email_key: row.id for row in self.connection.execute(query)}
        return [(ids[person.address.key], person) for person in people]

    def _enlist(self, people: list[tuple[int, Person]], past: _Past) -> None:
        """Write memberships, and the evidence that is not on record yet."""
        new, back, events = [], [], []
        for subscriber_id, person in people:
            for name in person.lists:
                if not self._allowed(subscriber_id, name, person, past):
                    continue
                place, shown = (subscriber_id, name), person.evidence
                target = {"of_subscriber": subscriber_id, "of_list": self._list_id(name)}
                is_new = place not in past.left_at
                is_back = past.left_at.get(place) is not None
                if is_new:
                    new.append(target)
                elif is_back:
                    back.append(target)
                fact = (*place, shown.lawful_basis, shown.source, shown.given_on)
                if is_new or is_back or fact not in past.told:
                    events.append((*place, shown))
        self._write_memberships(new, back)
        consent.record(self.connection, "given", events, self.now)

    def _write_memberships(self, new: list[dict[str, int]], back: list[dict[str, int]]) -> None:
        subscribed = {"state": "subscribed", "changed_at": stamp(self.connection, self.now)}
        place: dict[str, Any] = {"list_id": bindparam("of_list"), "subscriber_id": bindparam("of_subscriber")}
        if new:
            self.connection.execute(insert(membership).values(**place, **subscribed), new)
        if back:
            mine = [membership.c[name] == value for name, value in place.items()]
            self.connection.execute(update(membership).where(*mine).values(**subscribed), back)

    def _list_id(self, name: str) -> int:
        if name not in self._list_ids:
            self._list_ids |= lists.ensure(self.connection, [name], self.now)
        return self._list_ids[name]
