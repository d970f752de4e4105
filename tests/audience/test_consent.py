"""Consent is evidence: checked, dated, and only ever added to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from newsletter.audience import consent
from newsletter.audience.consent import Evidence
from newsletter.cli.audience import BASES
from newsletter.errors import ContentError
from newsletter.storage.tables import consent_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.audience.importing import ImportResult
    from newsletter.storage.database import Database

LEFT_AT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
NOW = LEFT_AT + timedelta(days=10)


@pytest.mark.parametrize(
    ("given_on", "later"),
    [
        ("2026-05-05", True),
        ("2026-05-14", True),
        ("2026-05-04T09:31:00+00:00", True),
        ("2026-05-04T09:31:00", True),
        ("2026-05-04T11:31:00+02:00", True),
        ("2026-05-04T11:29:00+02:00", False),
        ("2026-05-04", False),
        ("2026-05-15", False),
        ("2026-05-14T09:31:00Z", False),
        ("05/05/2026", False),
        ("", False),
    ],
)
def test_only_a_plain_later_date_counts_as_later_consent(given_on: str, later: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """Not the same day, not the future, not a date that reads in two ways."""
    assert consent.is_later(given_on, LEFT_AT, NOW) is later


def test_the_bases_of_the_command_are_those_of_the_law() -> None:
    """The command names them without importing the stage."""
    assert consent.LAWFUL_BASES == BASES


@pytest.mark.parametrize("written", ["soft_opt_in_charity", "Soft opt-in charity", " SOFT-OPT-IN-CHARITY "])
def test_a_basis_may_be_written_as_people_write(written: str) -> None:
    """Spaces, hyphens and capitals make no difference."""
    assert consent.evidence(written) == Evidence("soft_opt_in_charity")


@pytest.mark.parametrize(("basis", "given_on"), [("", ""), ("because", ""), ("consent", "x" * 33)])
def test_evidence_that_proves_nothing_is_refused(basis: str, given_on: str) -> None:
    """A basis is needed, and the date must be one."""
    with pytest.raises(ContentError):
        consent.evidence(basis, "fair", given_on)


def test_leaving_and_joining_are_recorded_once(
    database: Database, import_text: Callable[..., ImportResult]
) -> None:
    """What changes nothing leaves no event."""
    import_text("email,lists\nana@example.org,events\n")
    shown = Evidence("consent", "preferences", "2026-05-14")
    with database.write() as connection:
        left = [consent.withdraw(connection, 1, ["events"], "link", NOW) for _ in range(2)]
        back = [consent.join(connection, 1, ["events", "elsewhere"], shown, NOW) for _ in range(2)]
        on = consent.lists_of(connection, 1)
        kinds = [row.kind for row in connection.execute(select(consent_event).order_by(consent_event.c.id))]

    assert left == [["events"], []]
    assert back == [["events"], []]
    assert on == {"events": True, "supporters": True}
    assert kinds == ["given", "given", "withdrawn", "given"]
