"""Webhook: what is said of failures, without a part of the hook's address."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.errors import (
    ConfigError,
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.model import Snippet
from newsletter.secret import Secret
from newsletter.social.base import Posting, Sighting
from newsletter.social.webhook import Webhook
from tests.fakes import webhook as fakes
from tests.fakes.webhook import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_httpserver import HTTPServer

    from newsletter.social.webhook.shapes import Shape
    from tests.fakes.webhook import FakeHooks

SHAPES: tuple[Shape, ...] = ("slack", "discord", "plain")
SNIPPET = Snippet("hook", "webhook", "The weir is gone. https://rivertrust.example/act")
POSTING = Posting(SNIPPET, "delivery-1", datetime(2026, 3, 2, 9, tzinfo=UTC))


@pytest.fixture
def hooks(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Shape], FakeHooks]]:
    """Return a function that plays hooks of a shape; what is sent there is right in every test."""
    yield from fakes.players(httpserver, monkeypatch)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_page_in_place_of_an_answer_is_no_success(
    hooks: Callable[[Shape], FakeHooks], shape: Shape
) -> None:
    """And nobody knows."""
    fake = hooks(shape)
    fake.fail("html")

    with pytest.raises(UnknownOutcomeError, match="not one of this API"):
        fake.account.publish(POSTING)


@pytest.mark.parametrize(
    ("shape", "status", "body", "kind", "words"),
    [
        ("slack", 400, "invalid_payload", PermanentError, "invalid_payload"),
        ("slack", 400, "no_text", PermanentError, "no_text"),
        ("slack", 403, "action_prohibited", RefusedSenderError, "ask an administrator"),
        ("slack", 403, "invalid_token", RefusedSenderError, "make a new one"),
        ("slack", 404, "no_service", RefusedSenderError, "the hook is gone"),
        ("slack", 404, "channel_not_found", RefusedSenderError, "channel_not_found"),
        ("slack", 410, "channel_is_archived", RefusedSenderError, "channel_is_archived"),
        ("slack", 500, "rollup_error", UnknownOutcomeError, "rollup_error"),
        ("slack", 302, "", RefusedSenderError, "it moved"),
        ("discord", 404, {"message": "Unknown Webhook", "code": 10015}, RefusedSenderError, "is gone"),
        ("discord", 401, {"message": "Invalid Webhook Token", "code": 50027}, RefusedSenderError, "is gone"),
        ("discord", 403, {"message": "Missing Permissions", "code": 50013}, RefusedSenderError, "forbidden"),
        (
            "discord",
            413,
            {"message": "Request entity too large", "code": 40005},
            PermanentError,
            "too large",
        ),
        (
            "discord",
            400,
            {"message": "Cannot send an empty message", "code": 50006},
            PermanentError,
            "an empty message",
        ),
        ("discord", 503, {"message": "Service Unavailable"}, UnknownOutcomeError, "may have been accepted"),
        ("plain", 410, {"error": "gone"}, RefusedSenderError, "gone"),
        ("plain", 422, {"error": "no such campaign"}, PermanentError, "no such campaign"),
    ],
)
def test_what_a_hook_says_tells_whose_fault_it_is(
    hooks: Callable[[Shape], FakeHooks],
    *,
    shape: Shape,
    status: int,
    body: Any,
    kind: type[DeliveryError],
    words: str,
) -> None:
    """Its own words are kept."""
    fake = hooks(shape)
    fake.refusals = [said(status, body)]

    with pytest.raises(DeliveryError) as caught:
        fake.account.publish(POSTING)

    assert (type(caught.value), caught.value.code, fake.seen()) == (kind, str(status), [])
    assert words in caught.value.why


@pytest.mark.parametrize(
    ("shape", "body", "headers", "wait_s"),
    [
        ("slack", "rate_limited", {"Retry-After": "30"}, 30.0),
        ("slack", "rate_limited", {}, None),
        (
            "discord",
            {"message": "slow down", "retry_after": 1.337, "global": True},
            {"Retry-After": "2"},
            1.337,
        ),
        ("discord", "<html>Cloudflare</html>", {"Retry-After": "600"}, 600.0),
        ("discord", {"message": "slow down", "retry_after": "soon"}, {}, None),
    ],
)
def test_haste_waits_as_long_as_it_is_asked(
    hooks: Callable[[Shape], FakeHooks],
    *,
    shape: Shape,
    body: Any,
    headers: dict[str, str],
    wait_s: float | None,
) -> None:
    """Slack says it in a header, Discord in the answer, what stands before Discord in a header."""
    fake = hooks(shape)
    fake.refusals = [said(429, body, headers)]

    with pytest.raises(TransientError) as caught:
        fake.account.publish(POSTING)

    assert (caught.value.retry_after_s, fake.seen()) == (wait_s, [])


@pytest.mark.parametrize("shape", SHAPES)
def test_a_lost_answer_stays_unknown(hooks: Callable[[Shape], FakeHooks], shape: Shape) -> None:
    """A hook cannot read its channel."""
    fake = hooks(shape)
    fake.fail("lost after commit")

    with pytest.raises(UnknownOutcomeError):
        fake.account.publish(POSTING)

    assert fake.account.look_up(POSTING) == Sighting((), certain=False)
    assert len(fake.seen()) == 1


@pytest.mark.parametrize(
    ("address", "shape", "why"),
    [
        ("http://hooks.example.org/planted-part", "plain", "must begin with https://"),
        ("hooks.slack.com/services/planted-part", "slack", "must begin with https://"),
        ("https://[planted-part", "slack", "must begin with https://"),
        ("https://discord.com/api/webhooks/1/planted-part", "slack", 'shape = "discord"'),
        ("https://hooks.slack.com/services/planted-part", "discord", 'shape = "slack"'),
    ],
)
def test_a_wrong_address_is_told_without_showing_it(
    monkeypatch: pytest.MonkeyPatch, *, address: str, shape: Shape, why: str
) -> None:
    """It may be almost right."""
    monkeypatch.setenv("HOOK", address)
    account = Webhook("hook", Secret("env", "HOOK", where="config.toml:4 (social.address)"), shape)

    with pytest.raises(RefusedSenderError, match=why) as caught:
        account.standing()

    assert "planted-part" not in f"{caught.value!r} {caught.value} {caught.value.__context__!r}"
    assert caught.value.where == "config.toml:4 (social.address)"


@pytest.mark.parametrize(
    "address", ["https://discord.com/api/webhooks/1/x/slack", "https://hooks.slack.com/triggers/T0/x"]
)
def test_an_address_for_another_shape_on_purpose_is_taken(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Discord's for Slack's shape, and Slack's workflows."""
    monkeypatch.setenv("HOOK", address)
    shape: Shape = "slack" if "discord" in address else "plain"

    assert Webhook("hook", Secret("env", "HOOK"), shape).standing().who.startswith(f"{shape} hook at ")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("status", [308, 404, 429, 500])
def test_no_part_of_the_address_shows_in_a_failure(
    hooks: Callable[[Shape], FakeHooks], caplog: pytest.LogCaptureFixture, *, shape: Shape, status: int
) -> None:
    """Also where the server repeats it."""
    fake = hooks(shape)
    address = fake.account.address.reveal()
    words = f"cannot post to {address} or /{address.partition('://')[2].partition('/')[2]}"
    body = words if shape == "slack" else {"message": words}
    fake.refusals = [said(status, body, {"Location": f"{address}/"})]
    caplog.set_level("DEBUG")

    with pytest.raises(DeliveryError) as caught:
        fake.account.publish(POSTING)

    shown = f"{caught.value!r} {caught.value} {caught.value.__context__!r} {fake.account!r} {caplog.text}"
    assert not [part for part in fakes.PARTS if part in shown]


def test_an_address_that_is_missing_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Like every secret."""
    monkeypatch.delenv("NO_HOOK", raising=False)

    with pytest.raises(ConfigError, match="NO_HOOK is not set"):
        Webhook("hook", Secret("env", "NO_HOOK")).publish(POSTING)
