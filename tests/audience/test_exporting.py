"""An export opens safely in a spreadsheet and comes back as it was."""

from __future__ import annotations

import csv
import io
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from newsletter.audience import exporting, importing, subscribers
from newsletter.audience.importing import ImportOptions
from newsletter.audience.person import Defaults
from newsletter.errors import NewsletterError
from newsletter.storage import migrate
from newsletter.storage.database import Database, open_database
from newsletter.storage.tables import consent_event, subscriber

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from newsletter.audience.importing import ImportResult

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


def exported(database: Database, name: str | None = None, *, raw: bool = False) -> str:
    """Return an export as text."""
    output = io.StringIO(newline="")
    with database.read() as connection:
        exporting.export(connection, output, name, raw=raw)
    return output.getvalue()


def test_an_export_holds_everybody_who_is_subscribed(
    database: Database, import_text: Callable[..., ImportResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With lists, latest evidence and further columns; who has left is not in it."""
    monkeypatch.setattr(exporting, "_SLICE", 1)
    import_text(
        "email,name,town,lists,consent date\n"
        "ana@example.org,Ana Silva,Bath,events,2026-01-02\n"
        "ben@example.org,Ben,,,2026-01-03\n"
        "cem@example.org,Cem,,,2026-01-04\n"
    )
    with database.write() as connection:
        subscribers.remove(connection, "ben@example.org", None, "test", NOW)

    assert list(csv.DictReader(io.StringIO(exported(database)))) == [
        {
            "email": "ana@example.org",
            "first_name": "Ana",
            "last_name": "Silva",
            "language": "",
            "timezone": "",
            "lists": "events; supporters",
            "lawful_basis": "consent",
            "consent_source": "fair",
            "consent_date": "2026-01-02",
            "town": "Bath",
        },
        {
            "email": "cem@example.org",
            "first_name": "Cem",
            "last_name": "",
            "language": "",
            "timezone": "",
            "lists": "supporters",
            "lawful_basis": "consent",
            "consent_source": "fair",
            "consent_date": "2026-01-04",
            "town": "",
        },
    ]
    assert len(exported(database, "events").splitlines()) == 2


def test_an_unknown_list_is_named(database: Database) -> None:
    """An empty file would look like an empty list."""
    with pytest.raises(NewsletterError, match="no list called 'nwes'"):
        exported(database, "nwes")


def test_formulas_are_disarmed_unless_raw(
    database: Database, import_text: Callable[..., ImportResult]
) -> None:
    """A name typed into a public form must not run on a staff computer."""
    import_text("email,first name,=cmd\n=1+1@example.org,=HYPERLINK(0),@x\n")

    lines = exported(database).splitlines()
    assert lines[1].startswith("'=1+1@example.org,'=HYPERLINK(0),")
    assert lines[1].endswith(",'@x")
    assert exported(database, raw=True).splitlines()[1].startswith("=1+1@example.org,=HYPERLINK(0),")


_VALUE = st.text(
    st.one_of(st.sampled_from("=+-@'\",;|\t\r\n"), st.characters(codec="utf-8", exclude_characters="\0")),
    max_size=12,
).map(str.strip)
_NAME = _VALUE.map(lambda name: " ".join(name.split()))
_PERSON = st.fixed_dictionaries(
    {"first": _NAME, "last": _NAME, "town": _VALUE, "note": _VALUE, "source": _VALUE.filter(bool)}
)


@contextmanager
def opened(url: str, folder: Path) -> Iterator[Database]:
    """Open an empty database, which has a folder of its own, and close it."""
    folder.mkdir()
    database = open_database(url, folder)
    migrate.ensure(database)
    try:
        yield database
    finally:
        database.close()


def everything(database: Database) -> list[tuple[Any, ...]]:
    """Return what is known about everybody."""
    query = select(
        subscriber.c.email,
        subscriber.c.first_name,
        subscriber.c.last_name,
        subscriber.c.attributes,
        consent_event.c.list_name,
        consent_event.c.lawful_basis,
        consent_event.c.source,
    ).join(consent_event, consent_event.c.subscriber_id == subscriber.c.id)
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(subscriber.c.email))]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.lists(_PERSON, min_size=1, max_size=5))
def test_an_export_imported_elsewhere_is_the_same_people(
    fresh_database: Callable[[], AbstractContextManager[str]], people: list[dict[str, str]]
) -> None:
    """Every name, value and evidence, whatever characters they are made of."""
    with tempfile.TemporaryDirectory() as given_folder:
        folder = Path(given_folder)
        path = folder / "people.csv"
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerow(["email", "first name", "last name", "town", "note", "consent source"])
            for number, one in enumerate(people):
                writer.writerow(
                    [f"+p{number}@example.org", one["first"], one["last"], *list(one.values())[2:]]
                )
        here = [f"+p{number}@example.org" for number in range(len(people))]
        with (
            fresh_database() as here_url,
            fresh_database() as there_url,
            opened(here_url, folder / "one") as first,
            opened(there_url, folder / "two") as second,
        ):
            run(first, path, Defaults(("news",), "consent"))
            path.write_text(exported(first), encoding="utf-8-sig", newline="")
            run(second, path, Defaults())

            assert [row[0] for row in everything(second)] == here
            assert everything(second) == everything(first)


def run(database: Database, path: Path, defaults: Defaults) -> None:
    """Import a file in which every row is good."""
    with database.write() as connection:
        result = importing.import_csv(connection, path, ImportOptions(defaults), NOW)
    assert result.errors == ()
