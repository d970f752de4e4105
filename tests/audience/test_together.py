"""Several programs change the audience at the same moment: one at a time on SQLite, all on PostgreSQL."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from newsletter.audience import enrolment, importing, subscribers, suppression
from newsletter.audience.importing import ImportOptions
from newsletter.audience.person import Defaults
from newsletter.audience.signing import signing_key
from newsletter.storage.tables import membership, subscriber

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from newsletter.audience.importing import ImportResult
    from newsletter.storage.database import Database

OPTIONS = ImportOptions(Defaults(("supporters",), "consent", "fair"))


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Run calls in threads that start together; return what each returned or raised."""
    barrier, came = threading.Barrier(len(calls)), [None] * len(calls)

    def run(place: int, call: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            came[place] = call()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            came[place] = error  # type: ignore[call-overload]

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return came


def importer(database: Database, path: Path, numbers: range, now: datetime) -> Callable[[], ImportResult]:
    """Return a call that imports so many people, in this order."""
    rows = [f"reader{number}@example.org,Asha\n" for number in numbers]
    path.write_text("email,first name\n" + "".join(rows), encoding="utf-8")

    def call() -> ImportResult:
        with database.write() as connection:
            return importing.import_csv(connection, path, OPTIONS, now)

    return call


def test_two_imports_of_the_same_people_write_everybody_once(
    database: Database, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In opposite orders, which is how two writers come to wait for each other."""
    monkeypatch.setattr(enrolment, "BATCH", 7)
    one = importer(database, tmp_path / "one.csv", range(60), now)
    other = importer(database, tmp_path / "other.csv", range(59, -1, -1), now)

    results = together(one, other)

    assert sorted((result.added, result.updated) for result in results) == [(0, 60), (60, 0)]
    with database.read() as connection:
        assert len(connection.execute(select(subscriber.c.id)).all()) == 60
        assert len(connection.execute(select(membership.c.list_id)).all()) == 60


def test_people_who_sign_up_during_an_import_are_there_once(
    database: Database, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither fails because of the other."""
    monkeypatch.setattr(enrolment, "BATCH", 5)
    run = importer(database, tmp_path / "people.csv", range(40), now)

    def sign_up(number: int) -> Callable[[], bool]:
        def call() -> bool:
            with database.write() as connection:
                evidence = Defaults(("supporters",), "consent", "form", "2026-05-04")
                return subscribers.add(connection, f"reader{number}@example.org", {}, evidence, now)

        return call

    results = together(run, *(sign_up(number) for number in (0, 13, 39)))

    assert not [result for result in results if isinstance(result, BaseException)]
    with database.read() as connection:
        assert len(connection.execute(select(subscriber.c.id)).all()) == 40
        assert len(connection.execute(select(membership.c.list_id)).all()) == 40


@pytest.mark.parametrize("round_", range(4))
def test_who_is_erased_during_an_import_does_not_come_back(
    database: Database, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch, round_: int
) -> None:
    """Whichever is first; the import does not fail either."""
    monkeypatch.setattr(enrolment, "BATCH", 5)
    run = importer(database, tmp_path / "people.csv", range(40), now)
    run()

    def erase() -> None:
        with database.write() as connection:
            subscribers.erase(connection, f"reader{round_ * 13}@example.org", "asked", now)

    imported, erased = together(run, erase)

    assert erased is None
    assert imported.updated + imported.skipped == 40
    with database.read() as connection:
        assert len(connection.execute(select(subscriber.c.id)).all()) == 39


def test_the_installation_has_one_key_however_many_ask_first(database: Database, now: datetime) -> None:
    """Links that are signed with another one would be dead."""

    def ask() -> bytes:
        with database.write() as connection:
            return signing_key(connection, now)

    assert len(set(together(*[ask] * 6))) == 1


def test_one_address_is_suppressed_once_however_many_report_it(database: Database, now: datetime) -> None:
    """A complaint and a click arrive together; one of them is the first."""
    with database.write() as connection:
        key = signing_key(connection, now)

    def report() -> bool:
        with database.write() as connection:
            return suppression.suppress(connection, key, "eve@example.org", "complained", "report", now)

    assert sorted(together(*[report] * 5)) == [False, False, False, False, True]
