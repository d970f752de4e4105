"""LinkedIn: what each of its errors means for a post."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from newsletter import clock
from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.model import Snippet
from newsletter.social.base import Posting
from newsletter.social.linkedin.refusals import VERDICTS
from tests.fakes import linkedin as fakes
from tests.fakes.linkedin import invalid
from tests.fakes.linkedin_login import TOKEN, answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_httpserver import HTTPServer
    from werkzeug import Response

    from tests.fakes.linkedin import FakeLinkedIn

POSTING = Posting(Snippet("page", "linkedin", "News"), "d-1", datetime(2026, 11, 2, 9, tzinfo=UTC))


@pytest.fixture
def fake(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLinkedIn]:
    """Return LinkedIn with a page."""
    server = fakes.play(httpserver, monkeypatch)
    yield server
    assert server.complaints() == []


def said(status: int, code: str, message: str = "", **headers: str) -> Response:
    """Return an error in LinkedIn's usual form."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer(status, {"status": status, "code": code, "message": message}, named)


ROWS: list[tuple[Response, type[DeliveryError], str, str]] = [
    (
        said(426, "NONEXISTENT_VERSION", "Requested version 20261001 is not active"),
        RefusedSenderError,
        "version",
        "set version",
    ),
    (said(400, "", "Requested version 20261001 is not active"), RefusedSenderError, "version", "set version"),
    (said(400, "VERSION_MISSING", "A version must be present"), RefusedSenderError, "version", "set version"),
    (said(426, "", "Upgrade Required"), RefusedSenderError, "version", "set version"),
    (said(401, "REVOKED_ACCESS_TOKEN", "Oh"), RefusedSenderError, "401", "Oh; the token was revoked"),
    (said(401, "EXPIRED_ACCESS_TOKEN", "Oh"), RefusedSenderError, "401", "Oh; the token has expired"),
    (said(401, "", "Empty oauth2_access_token"), RefusedSenderError, "401", "log in again"),
    (said(403, "MEMBER_RESTRICTED", "Member is restricted"), RefusedSenderError, "403", "LinkedIn itself"),
    (said(403, "ACCESS_DENIED", "Not enough permissions"), RefusedSenderError, "403", "lacks a scope"),
    (invalid(422, "Duplicate post is detected", "DUPLICATE_POST"), UnknownOutcomeError, "duplicate", "stand"),
    (invalid(400, "Content is a duplicate of urn:li:x:1", ""), UnknownOutcomeError, "duplicate", "stand"),
    (invalid(422, "too long", "FIELD_LENGTH_TOO_LONG"), PermanentError, "length", "escapes count"),
    (invalid(400, "no", "FIELD_ARRAY_SIZE_TOO_HIGH"), PermanentError, "length", "escapes count"),
    (invalid(400, "text exceeded the maximum allowed", ""), PermanentError, "length", "escapes count"),
    (invalid(422, "urn:li:image:1 is not there", ""), PermanentError, "picture", "this picture"),
    (invalid(422, "author is wrong", "INVALID_VALUE"), PermanentError, "422", "author is wrong"),
    (said(400, "ILLEGAL_ARGUMENT", "Syntax exception"), PermanentError, "400", "Syntax exception"),
    (said(404, "RESOURCE_NOT_FOUND", "No such resource"), PermanentError, "404", "No such resource"),
    (said(500, "", "Internal Server Error"), UnknownOutcomeError, "500", "may have been accepted"),
    (said(504, ""), UnknownOutcomeError, "504", "may have been accepted"),
    (said(503, "", "Busy", Retry_After="9"), TransientError, "503", "Busy"),
    (said(302, "", Location="https://elsewhere.example/x"), PermanentError, "302", "elsewhere.example/x"),
]


@pytest.mark.parametrize(("response", "kind", "code", "why"), ROWS)
def test_every_error_says_what_it_means(
    fake: FakeLinkedIn, response: Response, kind: type[DeliveryError], code: str, why: str
) -> None:
    """In LinkedIn's own words and with what to do; nothing is tried twice."""
    fake.refusals = [response]
    with pytest.raises(kind) as caught:
        fake.account.publish(POSTING)

    assert type(caught.value) is kind or kind is UnknownOutcomeError
    assert caught.value.code == code
    assert why in caught.value.why
    assert fake.requests == ["POST /rest/posts"]


def test_every_row_of_the_table_is_tried_above() -> None:
    """Rows without a test would be guesses."""
    tried = {(response.status_code, code) for response, _, code, _ in ROWS}

    missing = [
        row for row in VERDICTS if not any((status, row[3] or str(status)) in tried for status in row[0])
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("response", "wait_s"),
    [
        (said(429, "", "Throttled", Retry_After="90"), 90),
        (said(429, "", "Resource level throttle DAY limit is reached"), 2 * 3600),
        (said(429, "", "APPLICATION DAY LIMIT", Retry_After="60"), 60),
        (said(429, "TOO_MANY_REQUESTS", "Slow down"), None),
    ],
)
def test_haste_waits_as_long_as_linkedin_asks(
    fake: FakeLinkedIn, monkeypatch: pytest.MonkeyPatch, response: Response, wait_s: float | None
) -> None:
    """Limits of a day start anew at midnight UTC, whether or not it says so."""
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 2, 22, tzinfo=UTC))
    fake.refusals = [response]
    with pytest.raises(TransientError) as caught:
        fake.account.publish(POSTING)

    assert caught.value.retry_after_s == wait_s


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"code": 7},
        {"errorDetails": []},
        {"errorDetails": {"inputErrors": {}}},
        {"errorDetails": {"inputErrors": ["DUPLICATE_POST"]}},
        "<html>Bad Request</html>",
    ],
)
def test_an_error_of_another_shape_is_an_error(fake: FakeLinkedIn, body: Any) -> None:
    """LinkedIn has many."""
    fake.refusals = [answer(400, body)]
    with pytest.raises(PermanentError, match="HTTP 400") as caught:
        fake.account.publish(POSTING)

    assert caught.value.code == "400"


def test_a_token_that_an_error_repeats_is_hidden(fake: FakeLinkedIn) -> None:
    """Messages are shown to people and kept."""
    fake.refusals = [said(401, "INVALID_ACCESS_TOKEN", f"token {TOKEN} is not known")]
    with pytest.raises(RefusedSenderError, match=r"token \*\*\* is not known") as caught:
        fake.account.publish(POSTING)

    assert TOKEN not in repr(caught.value)


def test_a_version_that_has_ended_is_named(fake: FakeLinkedIn) -> None:
    """All posts fail at once on that day; the message must say what to do."""
    fake.versions = frozenset({"202711"})
    with pytest.raises(RefusedSenderError, match=r"20261001 is not active; .* set version to a newer month"):
        fake.account.publish(POSTING)
