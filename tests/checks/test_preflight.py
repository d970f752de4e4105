"""What the checks hand back, and what their rules look at."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from newsletter.checks import css, evidence, preflight
from newsletter.checks.links import fault
from newsletter.checks.rule import MAX_PLACES


def test_errors_come_first(draft: Any) -> None:
    """Staff read from the top."""
    draft.recipients = None
    draft.preheader = "Short."
    draft.html = draft.html.replace('href="https://rivertrust.example/guide"', 'href="#"')

    severities = [finding.severity for finding in draft.findings()]

    assert set(severities) == {"error", "warning", "info"}
    assert severities == sorted(severities, key=("error", "warning", "info").index)


def test_a_repeated_mistake_is_named_a_few_times_and_counted(draft: Any) -> None:
    """A template's mistake is in every story; the list stays readable."""
    bad = "".join(f'<a href="/story/{number}">Story {number}</a>' for number in range(20))
    draft.html = draft.html.replace("<h1", f"{bad}<h1", 1)

    places = [finding.where for finding in draft.findings() if finding.id == "K1"]

    assert len(places) == MAX_PLACES + 1
    assert places[-1] == "and 12 more places"


def test_places_with_the_same_reason_stand_together(draft: Any) -> None:
    """One mistake, one paragraph."""
    draft.html = draft.html.replace('href="https://rivertrust.example/guide"', 'href="http://localhost/a"')
    draft.text = draft.text.replace("https://rivertrust.example/guide", "http://localhost/a")

    groups = [(found.id, places) for found, places in preflight.by_reason(draft.findings())]

    assert (
        "K1",
        ["link “What a fair contract says” to http://localhost/a", "text part: http://localhost/a"],
    ) in groups


def test_only_errors_block(draft: Any) -> None:
    """Warnings are for people to weigh."""
    draft.preheader = "Short."
    assert draft.findings()
    assert preflight.blocking(draft.findings()) == ()

    draft.recipients = 0
    assert [finding.id for finding in preflight.blocking(draft.findings())] == ["P1"]


def test_every_rule_says_why_how_and_whence() -> None:
    """The page of rules is made of these words."""
    for rule in preflight.rules():
        assert rule.why.endswith(".")
        assert rule.mend.endswith(".")
        assert rule.source
        assert rule.look.__doc__


def test_an_edition_without_parts_is_judged_not_fatal(draft: Any) -> None:
    """Even an empty letter gets findings, not a traceback."""
    draft.html = draft.text = ""

    assert {"D1", "D3", "K2", "C2"} <= {finding.id for finding in draft.findings()}


@pytest.mark.parametrize(
    "html",
    [
        '<a href="http://[::1">River</a>',
        '<a href="https://[bad/">River</a>',
        '<p style="color:;;padding">River</p>',
        '<p style="font-size:1..2px">River</p>',
        '<img src="http://[" alt="x">',
        "<table><tr><td style='padding:1px 2px 3px 4px 5px'>River</td></tr></table>",
        "<style>@media{</style>",
    ],
)
def test_odd_markup_is_judged_not_fatal(draft: Any, html: str) -> None:
    """What people paste must never stop the checks."""
    draft.html = draft.html.replace("<h1", f"{html}<h1", 1)

    assert draft.findings()


def test_the_longest_name_reaches_every_part(draft: Any) -> None:
    """The rehearsal really tries the strangest values."""
    longest = evidence.Evidence(
        edition=draft.built(),
        organisation=draft.organisation,
        networks={},
        posts={},
        recipients=None,
        now=datetime(2026, 11, 20, 9, 0, tzinfo=UTC),
    ).longest

    assert "Hohenlohe" in str(longest.message["Subject"])
    assert "Wilhelmine" in str(longest.message["To"])
    assert "Hohenlohe" in longest.text
    assert "&lt;b&gt;" in longest.html
    assert "Bcc" not in longest.message


@pytest.mark.parametrize(
    ("href", "sound"),
    [
        ("https://rivertrust.example/give", True),
        ("mailto:news@rivertrust.example", True),
        ("tel:+441179000000", True),
        ("#part", True),
        ("mailto:", False),
        ("www.rivertrust.example", False),
        ("ftp://rivertrust.example", False),
        ("https://10.0.0.4/x", False),
        ("https://[fe80::1]/x", False),
        ("https://intranet/x", False),
        ("https://office.local/x", False),
        ("https://dev.rivertrust.example/x", False),
        ("https://development.rivertrust.example/x", True),
        ("https://rivertrust.example/a b", False),
        ("https://rivertrust.example/{{ id }}", False),
    ],
)
def test_addresses_are_told_apart(href: str, *, sound: bool) -> None:
    """What readers can open, and what only we can."""
    assert (fault(href) == "") is sound


def test_contrast_is_that_of_the_standard() -> None:
    """Two pairs that WCAG's own documents give."""
    grey, white = css.colour("#767676"), css.colour("white")

    assert grey is not None
    assert white is not None
    assert css.contrast(grey, white) == pytest.approx(4.54, abs=0.01)
    assert css.contrast(white, white) == 1


@pytest.mark.parametrize(
    ("style", "edges"),
    [
        ("padding:4px", (4, 4, 4, 4)),
        ("padding:1px 2px 3px", (1, 2, 3, 2)),
        ("padding:1px 2px 3px 4px", (1, 2, 3, 4)),
        ("padding:4px;padding-left:0", (4, 4, 4, 0)),
        ("padding-top:6pt", (8, 0, 0, 0)),
        ("", (0, 0, 0, 0)),
    ],
)
def test_paddings_are_read_as_browsers_do(style: str, edges: tuple[float, ...]) -> None:
    """Shorthands, long forms and points."""
    assert css.edges(css.declarations(style), "padding") == edges
