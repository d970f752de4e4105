"""LinkedIn: the login, tokens that are renewed in time, and how the account stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from newsletter import clock, tokens
from newsletter.errors import DeliveryError, PermanentError, RefusedSenderError, TransientError
from newsletter.model import Snippet
from newsletter.secret import Secret
from newsletter.social.base import Posting
from newsletter.social.linkedin import LinkedIn
from newsletter.tokens import Tokens
from tests.fakes import linkedin as fakes
from tests.fakes.linkedin import PAGE, PERSON
from tests.fakes.linkedin_login import CLIENT_ID, CODE, REFRESH, TOKEN, answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_httpserver import HTTPServer
    from werkzeug import Response

    from newsletter.tokens import Drawer
    from tests.fakes.linkedin import FakeLinkedIn

DOOR = "http://127.0.0.1:8765/"
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
POSTING = Posting(Snippet("page", "linkedin", "News"), "d-1", NOW)
GIVEN = "AQX-planted-given-1"


@pytest.fixture
def fake(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeLinkedIn]:
    """Return LinkedIn with a page that is let in by a login; it is a day in November."""
    monkeypatch.setenv(tokens.FOLDER_VARIABLE, str(tmp_path / "tokens"))
    monkeypatch.setattr(clock, "now", lambda: NOW)
    server = fakes.play(httpserver, monkeypatch, token=None)
    server.login.redirect_url = DOOR
    server.login.expires_at = NOW + timedelta(days=60)
    yield server
    assert server.complaints() == []


@pytest.fixture
def drawer(fake: FakeLinkedIn) -> Drawer:
    """Return where the tokens of the account lie."""
    return tokens.drawer("linkedin", CLIENT_ID, PAGE)


def old(days: float, *, refresh: str = REFRESH, refresh_days: float | None = 300) -> Tokens:
    """Return tokens of an earlier login that end in so many days."""
    refresh_ends = NOW + timedelta(days=refresh_days) if refresh_days else None
    return Tokens(
        TOKEN, refresh, NOW + timedelta(days=days), refresh_ends, {"scope": "w_organization_social"}
    )


def with_token(fake: FakeLinkedIn, **settings: Any) -> LinkedIn:
    """Return the account with the token in config.toml."""
    return replace(fake.account, token=Secret("env", "PLANTED_LINKEDIN"), **settings)


@pytest.mark.parametrize(
    ("author", "scopes"),
    [(PAGE, "w_organization_social r_organization_social"), (PERSON, "w_member_social openid profile")],
)
def test_the_login_asks_for_what_the_author_needs(fake: FakeLinkedIn, author: str, scopes: str) -> None:
    """And leads back to the address it was given."""
    url = urlsplit(replace(fake.account, author=author).login_url(DOOR, "state-1"))

    assert url.path == "/oauth/v2/authorization"
    assert {name: values[0] for name, values in parse_qs(url.query).items()} == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": DOOR,
        "state": "state-1",
        "scope": scopes,
    }


def test_a_login_lets_us_publish(fake: FakeLinkedIn, drawer: Drawer) -> None:
    """The tokens are kept outside of the workspace, for this user alone."""
    with pytest.raises(RefusedSenderError, match="run newsletter accounts login page"):
        fake.account.publish(POSTING)
    fake.account.log_in(CODE, DOOR)
    fake.account.publish(POSTING)

    found = drawer.read()
    assert found is not None
    assert (found.access, found.refresh) == (GIVEN, REFRESH)
    assert found.expires_at == NOW + timedelta(days=60)
    assert found.refresh_expires_at == NOW + timedelta(days=365)
    assert drawer.path.stat().st_mode & 0o777 == 0o600
    assert len(fake.posts) == 1


def test_a_second_login_takes_the_place_of_the_first(fake: FakeLinkedIn, drawer: Drawer) -> None:
    """The first may have been revoked."""
    drawer.replace(None, old(30))
    fake.account.log_in(CODE, DOOR)

    found = drawer.read()
    assert found is not None
    assert found.access == GIVEN


def test_a_code_that_is_not_taken_is_told_without_it(fake: FakeLinkedIn) -> None:
    """LinkedIn repeats it, we do not."""
    fake.login.redirect_url = "http://127.0.0.1:1/"
    with pytest.raises(RefusedSenderError, match="Unable to retrieve access token") as caught:
        fake.account.log_in(CODE, DOOR)

    assert CODE not in str(caught.value)


@pytest.mark.parametrize(
    ("account", "why"),
    [
        (LinkedIn("page", PAGE), "set client_id and client_secret"),
        (LinkedIn("page", PAGE, token=Secret("env", "X")), "take it out to log in"),
    ],
)
def test_without_an_app_there_is_no_login(account: LinkedIn, why: str) -> None:
    """It says what to set instead."""
    with pytest.raises(PermanentError, match=why):
        account.login_url(DOOR, "state-1")


def test_without_an_app_no_code_is_traded(fake: FakeLinkedIn) -> None:
    """There is nobody to trade it."""
    with pytest.raises(RefusedSenderError, match="client_id"):
        LinkedIn("page", PAGE).log_in(CODE, DOOR)


@pytest.mark.parametrize(("days", "renewed"), [(8, False), (6, True), (-1, True)])
def test_a_token_is_renewed_a_week_before_it_ends(
    fake: FakeLinkedIn, drawer: Drawer, days: float, *, renewed: bool
) -> None:
    """Renewing does not move the end of the token for renewals."""
    drawer.replace(None, old(days))
    fake.account.publish(POSTING)

    found = drawer.read()
    assert found is not None
    assert found.access == (GIVEN if renewed else TOKEN)
    assert fake.requests.count("POST /oauth/v2/accessToken") == renewed


def test_what_a_renewal_leaves_out_stays_as_it_was(fake: FakeLinkedIn, drawer: Drawer) -> None:
    """LinkedIn need not repeat it."""
    drawer.replace(None, old(1))
    fake.login.outage = answer(200, {"access_token": TOKEN, "expires_in": 5_184_000})
    fake.account.publish(POSTING)

    assert drawer.read() == replace(old(1), expires_at=NOW + timedelta(days=60))


def test_no_token_is_renewed_that_would_not_live_longer(fake: FakeLinkedIn, drawer: Drawer) -> None:
    """In the last days before the next login, nothing is gained by asking."""
    drawer.replace(None, old(3, refresh_days=3))
    fake.account.publish(POSTING)

    assert fake.requests == ["POST /rest/posts"]


@pytest.mark.parametrize("days", [2, -1])
def test_a_renewal_that_fails_matters_only_when_the_token_has_ended(
    fake: FakeLinkedIn, drawer: Drawer, days: float
) -> None:
    """Until then the old one is good."""
    drawer.replace(None, old(days))
    fake.login.refreshes = False
    if days > 0:
        fake.account.publish(POSTING)
        assert len(fake.posts) == 1
        return
    with pytest.raises(RefusedSenderError, match="refresh token is invalid"):
        fake.account.publish(POSTING)


def test_a_login_that_is_out_of_order_is_for_later(fake: FakeLinkedIn, drawer: Drawer) -> None:
    """The token has ended, but a renewal may work then."""
    drawer.replace(None, old(-1))
    fake.login.outage = answer(500, {})
    with pytest.raises(TransientError):
        fake.account.publish(POSTING)


def test_a_token_that_cannot_be_renewed_ends(fake: FakeLinkedIn, drawer: Drawer) -> None:
    """Most apps get none for renewals."""
    drawer.replace(None, old(-1, refresh="", refresh_days=None))
    with pytest.raises(
        RefusedSenderError, match="the login ended on 2026-11-23; run newsletter accounts login"
    ):
        fake.account.publish(POSTING)

    assert fake.requests == []


@pytest.mark.parametrize("refreshes", [True, False])
def test_a_newer_token_of_another_program_is_not_overwritten(
    fake: FakeLinkedIn, drawer: Drawer, monkeypatch: pytest.MonkeyPatch, *, refreshes: bool
) -> None:
    """It renewed while we asked; what stands then is used, whatever we were told."""
    before, theirs = old(-1), replace(old(60), access="AQX-planted-theirs")
    drawer.replace(None, before)
    fake.login.refreshes = refreshes
    trade = fake.login._exchange

    def meanwhile(form: dict[str, str]) -> Response:
        drawer.replace(before, theirs)
        told = trade(form)
        fake.login.tokens = {theirs.access}
        return told

    monkeypatch.setattr(fake.login, "_exchange", meanwhile)
    fake.account.publish(POSTING)

    assert drawer.read() == theirs
    assert len(fake.posts) == 1


def test_a_login_stands_until_its_renewals_end(fake: FakeLinkedIn) -> None:
    """With the page's name, its scopes and the version's end."""
    fake.account.log_in(CODE, DOOR)
    standing = fake.account.standing()

    assert standing.who == f"River Trust, {PAGE}"
    assert standing.expires_at == NOW + timedelta(days=365)
    assert standing.warnings == ()
    assert "version 202610 of the API, until 2027-10-01 at least" in standing.facts
    assert "scopes: r_organization_social, rw_organization_admin, w_organization_social" in standing.facts
    assert "the access token is renewed by itself until then" in standing.facts


def test_a_renewal_that_is_refused_shows_in_the_end_of_the_token(fake: FakeLinkedIn, drawer: Drawer) -> None:
    """It will not be renewed by itself after all."""
    drawer.replace(None, old(5))
    fake.login.refreshes = False
    fake.login.expires_at = NOW + timedelta(days=5)
    standing = fake.account.standing()

    assert standing.expires_at == NOW + timedelta(days=5)
    assert "within 7 days" in " ".join(standing.warnings)


@pytest.mark.parametrize(
    ("days", "warning"),
    [
        (15, ""),
        (13.5, "the token ends within 14 days, on 2026-12-07 21:00 UTC: make a new one"),
        (6, "the token ends within 7 days, on 2026-11-30 09:00 UTC: make a new one"),
        (0.5, "the token ends within a day, on 2026-11-24 21:00 UTC: make a new one"),
    ],
)
def test_the_end_of_a_token_is_told_in_time(fake: FakeLinkedIn, days: float, warning: str) -> None:
    """LinkedIn knows it, when it is asked in the name of the app."""
    fake.login.expires_at = NOW + timedelta(days=days)
    standing = with_token(fake).standing()

    assert standing.expires_at == fake.login.expires_at
    assert standing.warnings == ((warning,) if warning else ())


@pytest.mark.parametrize(
    ("version", "warning"),
    [
        ("202602", ""),
        ("202601", "version 202601 may be switched off from 2027-01-01 on: set version to a newer month"),
        ("202511", "version 202511 may be off since 2026-11-01 on: set version to a newer month"),
    ],
)
def test_the_end_of_a_version_is_told_two_months_before(
    fake: FakeLinkedIn, version: str, warning: str
) -> None:
    """It ends a year after its month, and all posts with it."""
    fake.versions = frozenset({version})

    assert with_token(fake, version=version).standing().warnings == ((warning,) if warning else ())


@pytest.mark.parametrize(
    ("author", "scopes", "warnings"),
    [
        (PAGE, {"r_organization_social"}, ["it cannot publish: the scope w_organization_social is missing"]),
        (PAGE, {"w_organization_social"}, ["the scope r_organization_social is missing"]),
        (PERSON, {"openid", "profile"}, ["it cannot publish: the scope w_member_social is missing"]),
        (PERSON, {"w_member_social"}, []),
        ("urn:li:person:other", {"w_member_social", "profile"}, ["a token cannot post for anybody else"]),
    ],
)
def test_what_the_token_may_not_do_is_told(
    fake: FakeLinkedIn, author: str, scopes: set[str], warnings: list[str]
) -> None:
    """Before a post fails for it."""
    fake.login.scopes = frozenset(scopes)
    told = with_token(fake, author=author).standing().warnings

    assert len(told) == len(warnings)
    assert all(warning in line for warning, line in zip(warnings, told, strict=True))


def test_a_person_is_named_when_the_token_may_read_that(fake: FakeLinkedIn) -> None:
    """Else there is the URN."""
    fake.login.scopes = frozenset({"w_member_social", "profile"})
    account = with_token(fake, author=PERSON)
    assert account.standing().who == f"Ann Rivers, {PERSON}"

    fake.login.scopes = frozenset({"w_member_social"})
    assert account.standing().who == PERSON
    assert "look at the profile" in " ".join(account.standing().facts)


def test_a_token_without_an_app_stands_too(fake: FakeLinkedIn) -> None:
    """But nobody tells when it ends."""
    standing = with_token(
        replace(fake, account=replace(fake.account, client_id="", client_secret=None))
    ).standing()

    assert standing.who == f"River Trust, {PAGE}"
    assert standing.expires_at is None
    assert "when the token ends is told with client_id and client_secret only" in standing.facts


def test_an_app_that_is_not_known_is_a_warning(fake: FakeLinkedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token publishes without it."""
    monkeypatch.setenv("PLANTED_LINKEDIN_APP", "planted-wrong-secret")
    (warning,) = with_token(fake).standing().warnings

    assert "Client authentication failed" in warning
    assert "planted" not in warning


@pytest.mark.parametrize("asks", [True, False])
def test_a_revoked_token_is_refused(fake: FakeLinkedIn, *, asks: bool) -> None:
    """Whoever is asked about it."""
    fake.login.revoke()
    account = with_token(fake)
    if not asks:
        account = replace(account, client_id="", client_secret=None)
    with pytest.raises(RefusedSenderError, match="revoked"):
        account.standing()


@pytest.mark.parametrize("body", [{"status": 500}, {"status": 404}])
def test_a_page_that_cannot_be_asked_is_an_error(fake: FakeLinkedIn, body: dict[str, int]) -> None:
    """It does not stand well."""
    fake.refusals = [answer(body["status"], body)]
    with pytest.raises(DeliveryError):
        with_token(fake).standing()
