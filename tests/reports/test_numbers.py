"""Numbers that always add up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from newsletter.errors import NewsletterError
from newsletter.model import DeliveryState
from newsletter.reports.numbers import numbers, overview
from newsletter.storage import migrate
from newsletter.storage.database import Database, open_database
from newsletter.storage.tables import delivery
from tests.outbox.audience import edition_in, frozen_in, later, subscribe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PEOPLE = 12
ACCOUNTS = ("toots", "posts")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Open a database with a frozen edition."""
    opened = open_database("sqlite:///newsletter.db", tmp_path)
    migrate.ensure(opened)
    subscribe(opened, PEOPLE)
    frozen_in(opened, edition_in(tmp_path, accounts=ACCOUNTS), tmp_path)
    yield opened
    opened.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(states=st.lists(st.sampled_from(list(DeliveryState)), min_size=PEOPLE + 2, max_size=PEOPLE + 2))
def test_the_states_add_up_to_the_total_wherever_deliveries_stand(
    database: Database, states: list[DeliveryState]
) -> None:
    """Over all and in every channel; each state is counted as often as it occurs."""
    with database.write() as connection:
        ids = connection.execute(select(delivery.c.id).order_by(delivery.c.id)).scalars().all()
        for number, state in zip(ids, states, strict=True):
            connection.execute(update(delivery).where(delivery.c.id == number).values(state=state.value))
        edition_id = connection.execute(select(delivery.c.edition_id)).scalars().first()
        assert edition_id is not None
        facts = numbers(connection, edition_id)

    assert facts["states"] == {state.value: states.count(state) for state in DeliveryState}
    assert sum(facts["states"].values()) == facts["total"] == PEOPLE + 2
    assert {channel["channel"]: channel["total"] for channel in facts["channels"]} == {
        "main": PEOPLE,
        "toots": 1,
        "posts": 1,
    }
    for channel in facts["channels"]:
        assert sum(channel["states"].values()) == channel["total"]
        assert channel["states"].keys() == facts["states"].keys()


def test_the_overview_has_the_newest_edition_first(database: Database, tmp_path: Path) -> None:
    """With the same states as its own page."""
    newer = edition_in(tmp_path, text="Again.", lists=(), accounts=("toots",))
    frozen_in(database, newer, tmp_path, now=later(days=7))

    with database.read() as connection:
        rows = overview(connection)
        facts = numbers(connection, newer.id)
    assert [row["total"] for row in rows] == [1, PEOPLE + 2]
    assert rows[0] == {key: value for key, value in facts.items() if key not in {"channels", "posts"}}


def test_an_edition_that_was_never_frozen_has_no_numbers(database: Database) -> None:
    """And it is said how to find those that have."""
    with database.read() as connection, pytest.raises(NewsletterError, match="not in the ledger"):
        numbers(connection, "0" * 16)
