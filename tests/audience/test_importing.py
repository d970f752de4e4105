"""An import keeps the good rows, says what is wrong with the others, and brings nobody back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from newsletter.audience import enrolment, importing, signing, subscribers, suppression
from newsletter.audience.importing import ImportOptions
from newsletter.audience.person import Defaults
from newsletter.errors import ContentError
from newsletter.storage.tables import consent_event, membership, metadata, subscriber

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Table

    from newsletter.audience.importing import ImportResult
    from newsletter.storage.database import Database

    ImportText = Callable[..., ImportResult]


def rows_of(database: Database, table: Table) -> list[dict[str, Any]]:
    """Return every row of a table, by its key."""
    with database.read() as connection:
        return [
            dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
        ]


def numbers(result: ImportResult) -> tuple[int, int, int, int]:
    """Return added, updated, skipped and bad, which always add up to the rows."""
    assert result.rows == result.added + result.updated + result.skipped + result.bad
    return result.added, result.updated, result.skipped, result.bad


def test_people_their_list_and_the_evidence_are_recorded(
    database: Database, import_text: ImportText, now: datetime
) -> None:
    """One row becomes a subscriber, a membership and an event of consent."""
    result = import_text(
        "E-mail;First name;Surname;Language;Time zone;Town;Consent date\n"
        "Ana@Example.org;Ana;Silva;pt_BR;Europe/Lisbon;Bristol;2026-04-01\n"
    )

    assert numbers(result) == (1, 0, 0, 0)
    assert rows_of(database, subscriber) == [
        {
            "id": 1,
            "email": "Ana@example.org",
            "email_key": "ana@example.org",
            "first_name": "Ana",
            "last_name": "Silva",
            "language": "pt-BR",
            "timezone": "Europe/Lisbon",
            "attributes": {"town": "Bristol"},
            "created_at": now,
            "updated_at": now,
        }
    ]
    assert rows_of(database, membership) == [
        {"list_id": 1, "subscriber_id": 1, "state": "subscribed", "changed_at": now}
    ]
    assert rows_of(database, consent_event) == [
        {
            "id": 1,
            "subscriber_id": 1,
            "list_name": "supporters",
            "kind": "given",
            "lawful_basis": "consent",
            "source": "fair",
            "given_on": "2026-04-01",
            "at": now,
        }
    ]


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("Ana", "Ana", ""),
        ("Ana Maria Silva", "Ana", "Maria Silva"),
        ('"Silva, Ana Maria"', "Ana Maria", "Silva"),
        ('"Ana\nSilva"', "Ana", "Silva"),
    ],
)
def test_one_column_of_names_is_split(
    database: Database, import_text: ImportText, written: str, first: str, last: str
) -> None:
    """At the comma, else at the first space; a line end never reaches a greeting."""
    import_text(f"email,name\nana@example.org,{written}\n")

    row = rows_of(database, subscriber)[0]
    assert (row["first_name"], row["last_name"]) == (first, last)


def test_bad_rows_are_listed_with_their_lines_and_good_ones_kept(
    database: Database, import_text: ImportText
) -> None:
    """Lines are those of the file, whatever stands inside quotation marks."""
    result = import_text(
        "email,name,language,timezone,basis,lists,consent date\n"
        'good@example.org,"Ana\nof Bristol",en,UTC,consent,,\n'
        "no-address,,,,,,\n"
        "\n"
        ",,en,,,,\n"
        "a@example.org,,English please,,,,\n"
        "b@example.org,,,Mars/Base,,,\n"
        "c@example.org,,,,because,,\n"
        'd@example.org,,,,,"news;' + "x" * 65 + '",\n'
        "e@example.org,,,,,,the thirty-first of the month of March\n"
        "f@example.org,too,many,,,,,fields\n"
        f"g@example.org,{'n' * 201},,,,,\n"
        "last@example.org\n"
    )

    assert numbers(result) == (2, 0, 0, 9)
    found = {error.line: error.reason for error in result.errors}
    assert list(found) == [4, 6, 7, 8, 9, 10, 11, 12, 13]
    words = ["no-address", "no address", "English", "Mars/Base", "because", "list's name", "date", "8 fields"]
    for reason, word in zip(found.values(), [*words, "longer than 200"], strict=True):
        assert word in reason
    assert [row["email"] for row in rows_of(database, subscriber)] == ["good@example.org", "last@example.org"]


def test_a_row_without_a_lawful_basis_is_refused(import_text: ImportText) -> None:
    """Unless the command names one for the whole file; a row's own wins."""
    text = "email,lawful basis\na@example.org,Soft opt-in charity\nb@example.org,\n"
    refused = import_text(text, basis="")

    assert [(error.line, "--basis" in error.reason) for error in refused.errors] == [(3, True)]
    assert numbers(import_text(text, basis="member")) == (1, 1, 0, 0)


def test_the_rows_own_basis_source_and_date_win(database: Database, import_text: ImportText) -> None:
    """What the command says holds for rows that say nothing."""
    text = "email,basis,consent source,consent date\na@example.org,member,letter,2025\nb@example.org,,,\n"
    import_text(text, given_on="2026-01-01")

    found = [
        (row["lawful_basis"], row["source"], row["given_on"]) for row in rows_of(database, consent_event)
    ]
    assert found == [("member", "letter", "2025"), ("consent", "fair", "2026-01-01")]


def test_a_row_without_any_list_is_refused(import_text: ImportText) -> None:
    """Nobody is kept without a purpose."""
    result = import_text("email,lists\na@example.org,\nb@example.org,news | events\n", lists=())

    assert [(error.line, error.reason) for error in result.errors] == [(2, "no list is named")]
    assert numbers(result) == (1, 0, 0, 1)


def test_importing_again_updates_and_keeps_what_the_file_does_not_say(
    database: Database, import_text: ImportText, now: datetime
) -> None:
    """Values are replaced one by one; evidence that is on record is not written again."""
    text = "email,first name,last name,town,team\nana@example.org,Ana,Silva,Bristol,east\n"
    import_text(text)
    later = now + timedelta(days=1)
    again = import_text("email,first name,town\nANA@example.org,Anna,\n", at=later)
    same = import_text("email,first name,town\nANA@example.org,Anna,\n", at=later + timedelta(days=1))

    row = rows_of(database, subscriber)[0]
    assert (numbers(again), numbers(same)) == ((0, 1, 0, 0), (0, 1, 0, 0))
    assert (row["email"], row["first_name"], row["last_name"]) == ("ANA@example.org", "Anna", "Silva")
    assert row["attributes"] == {"town": "Bristol", "team": "east"}
    assert row["updated_at"] == later
    assert len(rows_of(database, consent_event)) == 1


def test_new_evidence_is_added_to_the_old(database: Database, import_text: ImportText) -> None:
    """The record of consent only grows."""
    import_text("email\nana@example.org\n")
    import_text("email\nana@example.org\n", source="phone call")

    assert [row["source"] for row in rows_of(database, consent_event)] == ["fair", "phone call"]


@pytest.mark.parametrize("batch", [1, 2, 2000])
def test_somebody_named_twice_is_one_person(
    database: Database, import_text: ImportText, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """The later row completes the earlier one, wherever batches end."""
    monkeypatch.setattr(enrolment, "BATCH", batch)
    result = import_text(
        "email,first name,town\na@example.org,Ana,\nb@example.org,Ben,\nA@Example.org,,Bath\n"
    )

    assert numbers(result) == (2, 1, 0, 0)
    first = rows_of(database, subscriber)[0]
    assert (first["first_name"], first["attributes"]) == ("Ana", {"town": "Bath"})


def test_who_has_left_is_not_brought_back(database: Database, import_text: ImportText, now: datetime) -> None:
    """Not by any import that does not show later consent; other lists are joined all the same."""
    text = "email,first name,consent date\nana@example.org,Ana,2026-05-04\n"
    import_text(text)
    with database.write() as connection:
        subscribers.remove(connection, "ana@example.org", "supporters", "link", now)
    plain = import_text("email,first name\nana@example.org,Other\n")
    same_day = import_text(text, resubscribe=True)
    no_date = import_text("email\nana@example.org\n", resubscribe=True)
    vague = import_text("email\nana@example.org\n", resubscribe=True, given_on="last week")
    ahead = import_text("email\nana@example.org\n", resubscribe=True, given_on="2026-06-01")

    for result in (plain, same_day, no_date, vague, ahead):
        assert (numbers(result), result.skipped_because) == ((0, 0, 1, 0), {"unsubscribed": 1})
    assert rows_of(database, membership)[0]["state"] == "unsubscribed"
    assert rows_of(database, subscriber)[0]["first_name"] == "Ana"
    assert numbers(import_text("email\nana@example.org\n", lists=("supporters", "events"))) == (0, 1, 0, 0)
    assert [row["state"] for row in rows_of(database, membership)] == ["unsubscribed", "subscribed"]


def test_consent_after_the_unsubscription_brings_back(
    database: Database, import_text: ImportText, now: datetime
) -> None:
    """Only when the command asks for it, and the evidence is kept."""
    import_text("email\nana@example.org\n")
    with database.write() as connection:
        subscribers.remove(connection, "ana@example.org", None, "link", now)
    text = "email,consent date\nana@example.org,2026-05-05\n"
    later = now + timedelta(days=2)
    result = import_text(text, at=later, resubscribe=True)

    assert numbers(result) == (0, 1, 0, 0)
    assert rows_of(database, membership)[0]["state"] == "subscribed"
    assert [row["kind"] for row in rows_of(database, consent_event)] == ["given", "withdrawn", "given"]


def test_the_suppressed_stay_away(database: Database, import_text: ImportText, now: datetime) -> None:
    """Known or new, also after an erasure; they are counted by reason."""
    import_text("email\nknown@example.org\ngone@example.org\n")
    with database.write() as connection:
        key = signing.signing_key(connection, now)
        suppression.suppress(connection, key, "known@example.org", "complained", "report", now)
        suppression.suppress(connection, key, "new@example.org", "manual", "phone", now)
        subscribers.erase(connection, "gone@example.org", "asked", now)
    result = import_text("email\nKnown@example.org\nnew@example.org\ngone@example.org\nok@example.org\n")

    assert numbers(result) == (1, 0, 3, 0)
    assert result.skipped_because == {"complained": 1, "manual": 1, "erased": 1}
    assert [row["email"] for row in rows_of(database, subscriber)] == ["known@example.org", "ok@example.org"]


@pytest.mark.parametrize(
    "content",
    [None, b"", b"PK\x03\x04zip", b"\x00\x01\x02", b"name,town\nAna,Bath\n", b'"email,name\n'],
    ids=str,
)
def test_a_file_that_cannot_be_used_writes_nothing(
    database: Database, tmp_path: Path, now: datetime, content: bytes | None
) -> None:
    """Missing, empty, no text, without addresses, without a header: one line that names the file."""
    path = tmp_path / "people.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ContentError) as caught, database.write() as connection:
        importing.import_csv(connection, path, ImportOptions(Defaults(("news",), "consent")), now)

    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value).splitlines()) == 1
    with database.read() as connection:
        counts = [
            connection.execute(select(func.count()).select_from(table)).scalar()
            for table in metadata.sorted_tables
        ]
    assert not any(counts)


def test_an_import_that_breaks_off_leaves_nothing(
    database: Database, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All rows are one transaction."""
    monkeypatch.setattr(enrolment, "BATCH", 1)
    path = tmp_path / "people.csv"
    path.write_text("email\na@example.org\nb@example.org\n", encoding="utf-8")

    def break_off(_rows: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(importing, "_REPORT_EVERY", 2)
    with pytest.raises(KeyboardInterrupt), database.write() as connection:
        importing.import_csv(connection, path, ImportOptions(Defaults(("news",), "consent")), now, break_off)

    assert rows_of(database, subscriber) == []


def test_errors_are_counted_beyond_those_that_are_kept(
    import_text: ImportText, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million bad rows do not fill the memory."""
    monkeypatch.setattr(importing, "MAX_ERRORS_KEPT", 2)
    result = import_text("email\n" + "nobody\n" * 5)

    assert (len(result.errors), result.bad) == (2, 5)
