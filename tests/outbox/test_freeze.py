"""The audience, written down once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from newsletter.errors import ContentError
from newsletter.model import Finding
from newsletter.outbox import ledger
from newsletter.outbox.freeze import SHARES, SLICE, Frozen, freeze
from newsletter.storage.tables import delivery, edition, mailing_list, slice_
from tests.outbox.audience import NOW, edition_in, frozen_in, join, leave, states, subscribe

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.storage.database import Database


def test_every_subscriber_and_account_gets_one_delivery(database: Database, tmp_path: Path) -> None:
    """All pending, and the total is their number."""
    subscribe(database, 3)
    made = edition_in(tmp_path, accounts=("toots", "posts"))

    assert frozen_in(database, made, tmp_path) == Frozen(made.id, 5)
    with database.read() as connection:
        entry = ledger.find(connection, "autumn")
        rows = connection.execute(select(delivery).order_by(delivery.c.id)).all()
    assert (entry.id, entry.state, entry.total, entry.lists) == (made.id, "sending", 5, ("supporters",))
    assert [(row.kind, row.channel, row.recipient) for row in rows] == [
        ("mail", "main", "reader0@example.org"),
        ("mail", "main", "reader1@example.org"),
        ("mail", "main", "reader2@example.org"),
        ("social", "toots", "toots"),
        ("social", "posts", "posts"),
    ]
    assert len({row.slice_id for row in rows}) == 3
    assert {row.state for row in rows} == {"pending"}
    assert {row.at for row in rows} == {NOW}


def test_a_second_freeze_changes_nothing(database: Database, tmp_path: Path) -> None:
    """People who joined in between wait for the next edition."""
    subscribe(database, 2)
    made = edition_in(tmp_path)
    frozen_in(database, made, tmp_path)
    subscribe(database, 2, start=10)

    assert frozen_in(database, made, tmp_path) == Frozen(made.id, 2, already=True)
    assert states(database) == {"pending": 2}


def test_slices_hold_at_most_their_number_and_nobody_is_left_out(database: Database, tmp_path: Path) -> None:
    """Ids with gaps make no difference."""
    everybody = subscribe(database, SHARES * SLICE + 1)
    leave(database, everybody[7])
    made = edition_in(tmp_path)

    assert frozen_in(database, made, tmp_path).total == SHARES * SLICE
    with database.read() as connection:
        sizes = connection.execute(
            select(func.count()).select_from(delivery).group_by(delivery.c.slice_id)
        ).scalars()
        assert list(sizes) == [SLICE] * SHARES
        recipients = set(connection.execute(select(delivery.c.recipient)).scalars())
    assert recipients == set(everybody) - {everybody[7]}


def test_a_member_of_two_lists_gets_one_letter(database: Database, tmp_path: Path) -> None:
    """The lists overlap as they do in life."""
    everybody = subscribe(database, 3)
    subscribe(database, 0, name="volunteers")
    with database.write() as connection:
        query = select(mailing_list.c.id).where(mailing_list.c.name == "volunteers")
        join(connection, connection.execute(query).scalar_one(), everybody[:2])

    assert frozen_in(database, edition_in(tmp_path, lists=("supporters", "volunteers")), tmp_path).total == 3


def test_an_edition_for_nobody_is_refused_and_leaves_no_trace(database: Database, tmp_path: Path) -> None:
    """The lists are named."""
    with pytest.raises(ContentError, match="no subscriber on supporters"):
        frozen_in(database, edition_in(tmp_path), tmp_path)

    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(edition)).scalar() == 0
        assert connection.execute(select(func.count()).select_from(slice_)).scalar() == 0


def test_an_account_without_an_audience_is_enough(database: Database, tmp_path: Path) -> None:
    """A campaign may be for social accounts alone."""
    assert frozen_in(database, edition_in(tmp_path, lists=(), accounts=("toots",)), tmp_path).total == 1


def test_what_a_person_overrode_is_recorded(database: Database, tmp_path: Path) -> None:
    """So that nobody has to remember."""
    subscribe(database, 1)
    made = edition_in(tmp_path)
    finding = Finding("M4", "error", "html", "no postal address", "add it")
    with database.write() as connection:
        freeze(connection, made, path="out", mail_channel="main", ignored=[finding], now=NOW)

    with database.read() as connection:
        recorded = connection.execute(select(edition.c.ignored_findings)).scalar()
    assert recorded == [{"id": "M4", "where": "html", "why": "no postal address"}]
