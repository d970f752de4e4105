"""Many rows are written alike on both kinds of database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from newsletter.storage.bulk import add_rows, change_rows, is_one_of
from newsletter.storage.tables import subscriber

if TYPE_CHECKING:
    from newsletter.storage.database import Database

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
LATER = datetime(2026, 5, 5, 9, 30, tzinfo=UTC)
BORN = {"created_at": NOW, "updated_at": NOW}
WORDS = st.text(
    st.one_of(
        st.sampled_from("\\\t\r\n'\"%:{}\N{OTTER}"), st.characters(codec="utf-8", exclude_characters="\0")
    )
)


def person(number: int, **values: Any) -> dict[str, Any]:
    """Return a row."""
    email = f"reader{number}@example.org"
    return {"email": email, "email_key": email, "first_name": "Asha", "attributes": {}} | values


def found(database: Database) -> list[tuple[Any, ...]]:
    """Return what stands in the table."""
    column = subscriber.c
    query = select(
        column.email_key, column.first_name, column.attributes, column.created_at, column.updated_at
    )
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(column.id))]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.tuples(WORDS, st.dictionaries(WORDS, WORDS, max_size=2)), min_size=1, max_size=4))
def test_rows_are_read_as_they_were_written(
    database: Database, words: list[tuple[str, dict[str, str]]]
) -> None:
    """Whatever characters they are made of, added and changed, in the order of the file."""
    rows = [person(number, first_name=name, attributes=more) for number, (name, more) in enumerate(words)]
    with database.write() as connection:
        connection.execute(delete(subscriber))
        add_rows(connection, subscriber, rows, BORN)
    added = found(database)
    backwards = [
        {"email_key": row["email_key"], "first_name": row["first_name"][::-1], "attributes": {"a": more}}
        for row, (more, _) in zip(rows, words, strict=True)
    ]
    with database.write() as connection:
        change_rows(connection, subscriber, backwards, ("email_key",), {"updated_at": LATER})

    assert added == [(row["email_key"], row["first_name"], row["attributes"], NOW, NOW) for row in rows]
    assert found(database) == [
        (row["email_key"], row["first_name"], row["attributes"], NOW, LATER) for row in backwards
    ]


def test_nothing_is_written_for_no_rows(database: Database) -> None:
    """Not even a statement."""
    with database.write() as connection:
        add_rows(connection, subscriber, [], BORN)
        change_rows(connection, subscriber, [], ("id",), {"updated_at": LATER})

    assert found(database) == []


def test_batches_of_one_transaction_do_not_mix(database: Database) -> None:
    """Each is written once, and a failure takes all of them back."""
    with pytest.raises(RuntimeError), database.write() as connection:
        add_rows(connection, subscriber, [person(1)], BORN)
        add_rows(connection, subscriber, [person(2)], BORN)
        connection.execute(update(subscriber).values(first_name="Ben"))
        add_rows(connection, subscriber, [person(3)], BORN)
        names = connection.execute(select(subscriber.c.first_name).order_by(subscriber.c.id)).scalars().all()
        raise RuntimeError

    assert names == ["Ben", "Ben", "Asha"]
    assert found(database) == []


@pytest.mark.parametrize("fresh_database", ["postgresql"], indirect=True)
def test_a_row_whose_key_somebody_has_taken_is_left_out(database: Database) -> None:
    """Where others write at the same time; what stands there stays, and every other row is written."""
    with database.write() as connection:
        add_rows(connection, subscriber, [person(1, first_name="Zoe")], BORN)
    with database.write() as connection:
        add_rows(connection, subscriber, [person(0), person(1), person(2)], BORN)

    assert [row[1] for row in found(database)] == ["Zoe", "Asha", "Asha"]


@pytest.mark.parametrize("count", [0, 1, 3, 5000])
def test_any_number_of_values_can_be_asked_for(database: Database, count: int) -> None:
    """Also more than a statement may have parameters on some databases."""
    with database.write() as connection:
        add_rows(connection, subscriber, [person(number) for number in range(3)], BORN)
        keys = [f"reader{number}@example.org" for number in range(count)]
        query = select(subscriber.c.email).where(is_one_of(connection, subscriber.c.email_key, keys))

        assert len(connection.execute(query).all()) == min(count, 3)
