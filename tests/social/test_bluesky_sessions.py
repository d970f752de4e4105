"""Bluesky: one session for many posts, renewed when it has ended; against our fake."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter import clock
from newsletter.errors import RefusedSenderError
from newsletter.social.bluesky import session
from tests.fakes import bluesky as fakes
from tests.social.bluesky_servers import drawer, posting

if TYPE_CHECKING:
    from tests.fakes.stand_bluesky import BlueskyStand


def test_one_session_is_enough_for_many_posts(bluesky: BlueskyStand) -> None:
    """A server makes 300 a day."""
    for number in range(3):
        bluesky.account.publish(posting(key=f"edition-{number}"))
    bluesky.account.standing()

    assert bluesky.fake.asked.count("createSession") == 1
    assert bluesky.fake.asked.count("refreshSession") == 0


def test_the_session_is_for_us_alone(bluesky: BlueskyStand) -> None:
    """Its tokens let in."""
    bluesky.account.standing()

    assert drawer(bluesky.account).path.stat().st_mode & 0o777 == 0o600


def test_a_session_that_is_about_to_end_is_renewed_before_it_is_used(bluesky: BlueskyStand) -> None:
    """A write that is refused for it costs an attempt of the server's patience."""
    bluesky.account.standing()
    held = drawer(bluesky.account).read()
    assert held is not None
    drawer(bluesky.account).replace(
        held, dataclasses.replace(held, expires_at=clock.now() + timedelta(seconds=90))
    )
    bluesky.fake.asked.clear()

    bluesky.account.publish(posting())

    assert bluesky.fake.asked == ["refreshSession", "putRecord"]


def test_a_session_that_another_program_has_renewed_is_used_and_not_renewed_again(
    bluesky: BlueskyStand,
) -> None:
    """The newer tokens stay."""
    bluesky.account.standing()
    newer = drawer(bluesky.account).read()
    assert newer is not None
    older = dataclasses.replace(newer, access=bluesky.fake.ended(newer.access))
    drawer(bluesky.account).replace(newer, older)
    opened = session.Session(
        session.Login(bluesky.account.server, fakes.HANDLE, bluesky.account.app_password, timeout_s=1)
    )
    drawer(bluesky.account).replace(older, newer)
    bluesky.fake.asked.clear()

    opened.ask("GET", "com.atproto.server.getSession", repeatable=True)

    assert bluesky.fake.asked == ["getSession", "getSession"]
    assert drawer(bluesky.account).read() == newer


def test_a_session_that_is_refused_when_it_is_new_is_not_renewed_for_ever(bluesky: BlueskyStand) -> None:
    """Once, then a person is told."""
    bluesky.account.standing()
    bluesky.fake.asked.clear()
    bluesky.fake.refusals = [(400, {"error": "ExpiredToken", "message": "Token has expired"})] * 2

    with pytest.raises(RefusedSenderError, match="Token has expired; the session was refused"):
        bluesky.account.publish(posting())

    assert bluesky.fake.asked == ["putRecord", "refreshSession", "putRecord"]


@pytest.mark.parametrize(
    ("document", "home"),
    [
        (
            {"id": "#atproto_pds", "serviceEndpoint": "https://morel.host.example"},
            "https://morel.host.example",
        ),
        (
            {"id": "did:plc:x#atproto_pds", "serviceEndpoint": "https://pds.example/"},
            "https://pds.example",
        ),
        ({"id": "#atproto_pds", "serviceEndpoint": "http://127.0.0.1:2583"}, "http://127.0.0.1:2583"),
        ({"id": "#atproto_pds", "serviceEndpoint": "http://pds.example"}, ""),
        ({"id": "#atproto_pds", "serviceEndpoint": {"uri": "x"}}, ""),
        ({"id": "#bsky_chat", "serviceEndpoint": "https://chat.example"}, ""),
        ("x", ""),
    ],
)
def test_tokens_go_to_the_accounts_own_server_when_it_is_safe(document: object, home: str) -> None:
    """Never over plain http to another machine."""
    assert session._home({"service": [document]}) == home


@pytest.mark.parametrize("document", [None, "x", {}, {"service": "x"}])
def test_without_a_document_the_server_of_the_login_is_asked(document: object) -> None:
    """Older servers send none."""
    assert session._home(document) == ""


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "a.W10.c", "\u00e9.\u00e9.\u00e9"])
def test_a_token_that_is_no_jwt_says_nothing(token: str) -> None:
    """Other servers may make other tokens."""
    assert session.claims(token) == {}
