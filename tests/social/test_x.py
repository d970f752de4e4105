"""X through the real tweepy, against a server on this machine."""

from __future__ import annotations

import base64
import json
import logging
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug import Response

from newsletter import http
from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.model import Snippet
from newsletter.secret import Secret
from newsletter.social.x import LIMIT, X
from tests.social.postings import posting

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_httpserver import HTTPServer
    from werkzeug import Request

KEYS = ("consumer-key-1", "consumer-secret-2", "account-token-3", "account-secret-4")
LINK = "https://rivertrust.example.org/act?utm_source=x&utm_medium=social&utm_campaign=autumn"
SNIPPET = Snippet("main-x", "x", f"The weir is gone.\n\nCan you help? {LINK}", alt="A weir")


def account(monkeypatch: pytest.MonkeyPatch, url: str) -> X:
    """Return the settings of an account whose API is at ``url``."""
    for number, key in enumerate(KEYS):
        monkeypatch.setenv(f"X_KEY_{number}", key)
    names = ("api_key", "api_secret", "access_token", "access_token_secret")
    keys = {name: Secret("env", f"X_KEY_{number}") for number, name in enumerate(names)}
    return X(name="main-x", api_url=url, **keys)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer) -> X:
    """Return an account whose API is the test's server."""
    return account(monkeypatch, httpserver.url_for("/").rstrip("/"))


def test_a_text_is_posted_signed_by_tweepy(httpserver: HTTPServer, here: X) -> None:
    """OAuth 1.0a, made out to X's own address."""
    signatures: list[str] = []

    def post(request: Request) -> Response:
        signatures.append(request.headers["Authorization"])
        assert request.get_json() == {"text": SNIPPET.text}
        return Response(json.dumps({"data": {"id": "77", "text": SNIPPET.text}}), 201)

    httpserver.expect_oneshot_request("/2/tweets", method="POST").respond_with_handler(post)

    receipt = here.publish(posting(SNIPPET, key="k", image=None))

    assert (receipt.remote_id, receipt.url) == ("77", "https://x.com/i/web/status/77")
    assert re.search(r'OAuth .*oauth_consumer_key="consumer-key-1".*oauth_signature="', signatures[0])


def test_a_picture_is_uploaded_described_and_attached(
    httpserver: HTTPServer, here: X, tmp_path: Path
) -> None:
    """In this order."""
    picture = tmp_path / "weir.png"
    picture.write_bytes(b"\x89PNG picture")
    upload = {
        "media": base64.b64encode(b"\x89PNG picture").decode(),
        "media_category": "tweet_image",
        "media_type": "image/png",
    }
    described = {"id": "m5", "metadata": {"alt_text": {"text": "A weir"}}}
    httpserver.expect_ordered_request("/2/media/upload", method="POST", json=upload).respond_with_json(
        {"data": {"id": "m5"}}
    )
    httpserver.expect_ordered_request("/2/media/metadata", method="POST", json=described).respond_with_json(
        {"data": {"id": "m5"}}
    )
    httpserver.expect_ordered_request(
        "/2/tweets", method="POST", json={"text": SNIPPET.text, "media": {"media_ids": ["m5"]}}
    ).respond_with_json({"data": {"id": "78"}}, status=201)

    assert here.publish(posting(SNIPPET, key="k", image=picture)).remote_id == "78"


@pytest.mark.parametrize(
    ("status", "body", "expected", "words"),
    [
        (400, {"errors": [{"message": "text is invalid"}]}, PermanentError, "text is invalid"),
        (401, {"title": "Unauthorized", "detail": "Unauthorized"}, RefusedSenderError, "Unauthorized"),
        (402, {"detail": "credits depleted"}, RefusedSenderError, "credits depleted"),
        (403, {"detail": "Your app is suspended"}, RefusedSenderError, "suspended"),
        (
            403,
            {"detail": "You are not allowed to create a Tweet with duplicate content."},
            PermanentError,
            "duplicate content",
        ),
        (500, {}, UnknownOutcomeError, "may have been accepted"),
        (503, {}, UnknownOutcomeError, "may have been accepted"),
        (307, {}, PermanentError, "moved to"),
        (201, {"errors": []}, UnknownOutcomeError, "not one of this API"),
        (201, [], UnknownOutcomeError, "not one of this API"),
        (201, "<html>", UnknownOutcomeError, "not one of this API"),
    ],
)
def test_an_answer_says_whether_the_post_may_be_public(
    httpserver: HTTPServer, here: X, *, status: int, body: Any, expected: type[DeliveryError], words: str
) -> None:
    """A 5xx and a broken answer leave it open; X has no key to ask again with."""
    httpserver.expect_request("/2/tweets").respond_with_data(
        body if isinstance(body, str) else json.dumps(body),
        status=status,
        headers={"Location": "/2/elsewhere"},
    )

    with pytest.raises(DeliveryError, match=words) as caught:
        here.publish(posting(SNIPPET, key="k", image=None))

    assert type(caught.value) is expected
    assert len(httpserver.log) == 1


def test_a_rate_limit_says_how_long_to_wait(httpserver: HTTPServer, here: X) -> None:
    """X gives Unix seconds; tweepy must not sleep them away."""
    httpserver.expect_request("/2/tweets").respond_with_json(
        {"title": "Too Many Requests"}, status=429, headers={"x-rate-limit-reset": "32472144000"}
    )

    with pytest.raises(TransientError) as caught:
        here.publish(posting(SNIPPET, key="k", image=None))

    assert caught.value.retry_after_s is not None
    assert caught.value.retry_after_s > 3600


def test_a_failed_upload_leaves_nothing_in_doubt(httpserver: HTTPServer, here: X, tmp_path: Path) -> None:
    """No post was asked for yet."""
    picture = tmp_path / "weir.png"
    picture.write_bytes(b"\x89PNG picture")
    httpserver.expect_request("/2/media/upload").respond_with_data("", status=503)

    with pytest.raises(TransientError, match="HTTP 503"):
        here.publish(posting(SNIPPET, key="k", image=picture))
    with pytest.raises(PermanentError, match=r"gone\.png: the picture cannot be read"):
        here.publish(posting(SNIPPET, key="k", image=tmp_path / "gone.png"))


def test_a_late_answer_leaves_the_outcome_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tweepy itself would wait for ever."""
    monkeypatch.setattr(http, "TIMEOUT_S", (1.0, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        slow = account(monkeypatch, f"http://127.0.0.1:{silent.getsockname()[1]}")

        with pytest.raises(UnknownOutcomeError, match="did not come in time"):
            slow.publish(posting(SNIPPET, key="k", image=None))


def test_a_service_that_is_not_there_is_tried_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was handed over."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(TransientError, match="cannot connect"):
        account(monkeypatch, f"http://127.0.0.1:{port}").publish(posting(SNIPPET, key="k", image=None))


def test_whoami_names_the_account(httpserver: HTTPServer, here: X) -> None:
    """People check that they publish where they mean to."""
    httpserver.expect_request("/2/users/me").respond_with_json(
        {"data": {"id": "1", "username": "rivertrust"}}
    )

    assert here.standing().who == "@rivertrust"


def test_secrets_never_reach_a_message_or_a_log(
    httpserver: HTTPServer, here: X, caplog: pytest.LogCaptureFixture
) -> None:
    """Tweepy and its signer log whole requests when asked for details."""
    caplog.set_level(logging.DEBUG)
    httpserver.expect_request("/2/tweets").respond_with_json(
        {"detail": f"token {KEYS[2]} is wrong"}, status=401
    )

    with pytest.raises(RefusedSenderError) as caught:
        here.publish(posting(SNIPPET, key="k", image=None))

    shown = f"{caught.value!r} {here!r} {caplog.text}"
    assert not [key for key in (*KEYS, SNIPPET.text) if key in shown]


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("plain words", 11),
        ("caf\u00e9", 4),
        ("cafe\u0301", 4),
        ("“Quoted” — dash", 15),
        ("€ 5", 4),
        ("日本語", 6),
        ("👍", 2),
        ("👍🏽", 2),
        ("❤️", 2),
        ("🇬🇧", 2),
        ("1️⃣", 2),
        (LINK, 23),
        ("https://a.io", 23),
        (f"{LINK} and {LINK}", 51),
        ("(https://a.io/x)", 25),
        ("rivertrust.example.org", 23),
        ("a-very-long-name-of-a-river.example.org", 39),
        ("no.The next", 28),
    ],
)
def test_lengths_are_weighted_as_x_weighs_them(here: X, text: str, length: int) -> None:
    """Latin 1, the rest 2, an emoji 2, an address 23; what may be an address counts as one."""
    assert here.measure(text) == length


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ("👨‍👩‍👧‍👦", 2),
        ("🫱🏻‍🫲🏿", 9),
        ("🫶🏽", 4),
        ("©", 1),
        ("https://例え.example.org/ä", 23),
        ("x.みんな", 23),
    ],
)
def test_what_only_x_can_tell_is_never_counted_too_short(here: X, text: str, least: int) -> None:
    """A text that is refused is worse than one that could have been longer."""
    assert here.measure(text) >= least


@settings(deadline=None)
@given(st.text(), st.text())
def test_a_text_never_gets_shorter_by_what_follows_a_paragraph_later(first: str, second: str) -> None:
    """Both halves keep their weight."""
    secret = Secret("env", "X")
    network = X("x", secret, secret, secret, secret)

    whole = network.measure(f"{first}\n\n{second}")

    assert whole == network.measure(first) + 2 + network.measure(second)


def test_the_limit_is_280(here: X) -> None:
    """In weighted characters."""
    assert here.limit == LIMIT == 280
