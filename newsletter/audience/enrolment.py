"""Put people on lists, a batch at a time, without bringing back anybody who has left.

One batch costs a handful of statements however many people it holds, so a
million rows take a minute and constant memory.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from newsletter.audience import consent, lists, suppression
from newsletter.storage import tables
from newsletter.storage.bulk import add_rows, change_rows, is_one_of
from newsletter.storage.tables import consent_event, membership, subscriber

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
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
        # In this order: an erasure at this moment is seen in the second, or waits for the first.
        standing = self._known(waiting)
        people = self._without_suppressed(waiting)
        known = {key: row for key, row in standing.items() if key in people}
        self._make_lists(people.values())
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
        mine = is_one_of(self.connection, table.c.key_hash, hashes)
        query = select(table.c.key_hash, table.c.reason).where(mine)
        found = {hashes[row.key_hash]: row.reason for row in self.connection.execute(query)}
        self.skipped.update(found.values())
        return {key: person for key, person in people.items() if key not in found}

    def _known(self, people: Collection[str]) -> dict[str, Row[Any]]:
        mine = is_one_of(self.connection, subscriber.c.email_key, people)
        query = select(subscriber).where(mine).with_for_update(read=True, key_share=True)
        return {row.email_key: row for row in self.connection.execute(query)}

    def _past(self, ids: Collection[int]) -> _Past:
        if not ids:
            return _Past({}, set())
        memberships = (
            select(membership, tables.mailing_list.c.name)
            .join(tables.mailing_list, tables.mailing_list.c.id == membership.c.list_id)
            .where(is_one_of(self.connection, membership.c.subscriber_id, ids))
        )
        left_at = {
            (row.subscriber_id, row.name): row.changed_at if row.state == "unsubscribed" else None
            for row in self.connection.execute(memberships)
        }
        event = consent_event.c
        told = select(event.subscriber_id, event.list_name, event.lawful_basis, event.source, event.given_on)
        theirs = is_one_of(self.connection, event.subscriber_id, ids)
        rows = self.connection.execute(told.where(theirs, event.kind == "given"))
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
                rows.append({"id": row.id, **new})
        change_rows(self.connection, subscriber, rows, ("id",), {"updated_at": self.now})

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
                "attributes": dict(person.attributes),
            }
            for person in people
        ]
        add_rows(self.connection, subscriber, rows, {"created_at": self.now, "updated_at": self.now})
        mine = is_one_of(self.connection, subscriber.c.email_key, [person.address.key for person in people])
        query = select(subscriber.c.email_key, subscriber.c.id).where(mine)
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
                target = {"list_id": self._list_ids[name], "subscriber_id": subscriber_id}
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
        joined = [{**place, "state": "subscribed"} for place in new]
        returned = [{**place, "state": "subscribed"} for place in back]
        moment = {"changed_at": self.now}
        add_rows(self.connection, membership, joined, moment)
        change_rows(self.connection, membership, returned, ("list_id", "subscriber_id"), moment)

    def _make_lists(self, people: Iterable[Person]) -> None:
        """Know every list before a person is written, so that two programs never wait for each other's."""
        if unknown := {name for person in people for name in person.lists} - self._list_ids.keys():
            self._list_ids |= lists.ensure(self.connection, unknown, self.now)
