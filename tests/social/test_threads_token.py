"""The token of Threads: refreshed before it ends, kept, and never written over a newer one."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter import clock, tokens
from newsletter.errors import ConfigError, RefusedSenderError
from newsletter.tokens import Tokens
from tests.fakes import threads as fakes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_httpserver import HTTPServer

    from newsletter.tokens import Drawer
    from tests.fakes.threads import FakeThreads


@pytest.fixture
def fake(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeThreads]:
    """Return a Threads server with one profile; what is sent there is right in every test."""
    server = fakes.play(httpserver, monkeypatch, tmp_path)
    yield server
    assert server.complaints() == []


@pytest.fixture
def drawer(fake: FakeThreads) -> Drawer:
    """Return where the tokens of the account lie."""
    return tokens.drawer("threads", fake.account.api_url, fakes.TOKEN)


def refreshes(fake: FakeThreads) -> int:
    """Count the requests for a new token."""
    return fake.requests.count("GET refresh_access_token")


def held(fake: FakeThreads, days: float) -> Tokens:
    """Return a token that the server takes, with so many days left."""
    fake.tokens.append("planted-later")
    return Tokens("planted-later", expires_at=clock.now() + timedelta(days=days))


def test_the_first_use_learns_when_the_token_ends(fake: FakeThreads, drawer: Drawer) -> None:
    """From then on the refreshed one is used, and not refreshed again."""
    standing = fake.account.standing()
    fake.account.standing()

    kept = drawer.read()
    assert kept is not None
    assert kept.access == fake.tokens[-1] != fakes.TOKEN
    assert standing.expires_at == kept.expires_at
    assert kept.expires_at is not None
    assert timedelta(days=59) < kept.expires_at - clock.now() <= timedelta(days=60)
    assert refreshes(fake) == 1


def test_a_token_that_is_too_young_is_used_as_it_is(fake: FakeThreads, drawer: Drawer) -> None:
    """It cannot be refreshed on its first day, which is no fault of anybody."""
    fake.young = True
    standing = fake.account.standing()

    assert "after its first day" in standing.facts[-1]
    assert (standing.expires_at, standing.warnings, drawer.read()) == (None, (), None)


@pytest.mark.parametrize(("days", "refreshed"), [(31, 0), (29, 1)])
def test_a_token_is_refreshed_in_its_last_month(
    fake: FakeThreads, drawer: Drawer, *, days: float, refreshed: int
) -> None:
    """Sooner would be of no use."""
    drawer.replace(None, held(fake, days))
    fake.account.standing()

    assert refreshes(fake) == refreshed


def test_a_token_that_is_not_refreshed_is_warned_of(fake: FakeThreads, drawer: Drawer) -> None:
    """A person has two weeks to look after it."""
    fake.young = True
    kept = drawer.replace(None, held(fake, 10))
    standing = fake.account.standing()

    assert standing.expires_at == kept.expires_at
    assert "is not refreshed: make a new one" in standing.warnings[0]


def test_a_token_that_has_ended_says_so(fake: FakeThreads, drawer: Drawer) -> None:
    """Only a new one helps then."""
    drawer.replace(None, Tokens("ended", expires_at=clock.now() - timedelta(days=1)))

    with pytest.raises(RefusedSenderError, match="the token has ended; make a new one"):
        fake.account.standing()


def test_a_newer_token_of_another_program_stays(
    fake: FakeThreads, drawer: Drawer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It came while ours was on its way, and is the one that is used."""
    old = drawer.replace(None, held(fake, 5))
    fake.tokens.append("planted-newest")
    newest = Tokens("planted-newest", expires_at=clock.now() + timedelta(days=60))
    refresh = fake._refresh

    def overtaken(request: object) -> object:
        drawer.replace(old, newest)
        return refresh(request)  # type: ignore[arg-type]

    monkeypatch.setattr(fake, "_refresh", overtaken)
    standing = fake.account.standing()

    assert drawer.read() == newest
    assert standing.expires_at == newest.expires_at


def test_another_token_in_the_settings_starts_anew(
    fake: FakeThreads, drawer: Drawer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person made it because the kept ones were of no use any more."""
    drawer.replace(None, Tokens("ended", expires_at=clock.now() + timedelta(days=50)))
    fake.tokens.append("planted-by-hand")
    monkeypatch.setenv("PLANTED_THREADS", "planted-by-hand")

    assert fake.account.standing().who == "@rivertrust on Threads"


def test_a_token_that_cannot_be_kept_is_used_and_told(fake: FakeThreads, tmp_path: Path) -> None:
    """A full disk costs no post."""
    (tmp_path / "tokens").write_text("in the way", encoding="utf-8")
    with pytest.raises(ConfigError):
        fake.account.standing()
    (tmp_path / "tokens").unlink()
    (tmp_path / "tokens").mkdir()
    name = tokens.drawer("threads", fake.account.api_url, fakes.TOKEN).path
    name.with_suffix(".lock").mkdir()

    standing = fake.account.standing()

    assert "the refreshed token is lost again: " in standing.warnings[0]
    assert "cannot be written" in standing.warnings[0]


@pytest.mark.parametrize("lives_s", ["soon", None])
def test_a_token_without_a_known_end_is_kept_for_now(
    fake: FakeThreads, drawer: Drawer, lives_s: object
) -> None:
    """And refreshed at the next occasion."""
    body = {"access_token": "planted-odd", "expires_in": lives_s}
    fake.tokens.append("planted-odd")
    fake.server.clear()
    fake.server.expect_request("/refresh_access_token").respond_with_data(json.dumps(body))
    fake.__post_init__()

    assert fake.account.standing().expires_at is None
    assert drawer.read() == Tokens("planted-odd")
