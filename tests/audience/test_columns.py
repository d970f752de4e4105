"""Columns are known by the names that other programs give them."""

from __future__ import annotations

import pytest

from newsletter.audience import columns
from newsletter.errors import ContentError


@pytest.mark.parametrize(
    ("header", "field", "place"),
    [
        (["E-Mail"], "email", 0),
        (["Name", "EMAIL ADDRESS"], "email", 1),
        (["Name", "e_mail"], "email", 1),
        (["Address", "Email"], "email", 1),
        (["Address", "Name"], "email", 0),
        (["email", "Given Name"], "first_name", 1),
        (["email", "FNAME", "LNAME"], "last_name", 2),
        (["email", "Family-name"], "last_name", 1),
        (["email", "Full name"], "name", 1),
        (["email", "Lang"], "language", 1),
        (["email", "Time zone"], "timezone", 1),
        (["email", "Mailing list"], "lists", 1),
        (["email", "Lawful basis"], "lawful_basis", 1),
        (["email", "Consent-Source"], "consent_source", 1),
        (["email", "OPTIN_TIME"], "consent_date", 1),
    ],
)
def test_usual_names_are_understood(header: list[str], field: str, place: int) -> None:
    """Capitals and punctuation do not matter, and the best name wins."""
    assert columns.understand(header, {}, where="people.csv").fields[field] == place


def test_other_columns_become_merge_values() -> None:
    """Under names that templates can say, each its own."""
    header = ["email", "Home Town", "2026 gift", "", "home-town", "view_url", "Straße"]
    found = columns.understand(header, {}, where="people.csv")

    assert found.attributes == {
        "home_town": 1,
        "column_2026_gift": 2,
        "column_4": 3,
        "home_town_2": 4,
        "view_url_2": 5,
        "strasse": 6,
    }


def test_a_mapping_wins_over_the_name() -> None:
    """A column can be given a field, another name, or be left out."""
    mapped = {"Contact": "email", "email": "old_address", "notes": "ignore"}
    found = columns.understand(["Contact", "Email", "Notes"], mapped, where="people.csv")

    assert found.fields == {"email": 0}
    assert found.attributes == {"old_address": 1}


@pytest.mark.parametrize(
    ("header", "mapped", "reason"),
    [
        (["Name", "Town"], {}, r"no column holds addresses; the first row has: 'Name', 'Town'"),
        (["email"], {"Contact": "email"}, "no column 'Contact'; there are: 'email'"),
        (["email", *map(str, range(100))], {}, "101 columns; at most 100"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(
    header: list[str], mapped: dict[str, str], reason: str
) -> None:
    """The line shows what there is."""
    with pytest.raises(ContentError, match=reason):
        columns.understand(header, mapped, where="people.csv")
