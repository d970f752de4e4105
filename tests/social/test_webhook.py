"""Webhook: what Slack, Discord and plain hooks get, what readers see of it, and what is said of failures."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import (
    PermanentError,
    RefusedSenderError,
)
from newsletter.model import Receipt, Snippet
from newsletter.secret import Secret
from newsletter.social.base import Posting
from newsletter.social.webhook import Webhook
from newsletter.social.webhook.shapes import LIMITS, Shape
from tests.fakes import webhook as fakes
from tests.fakes.webhook import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_httpserver import HTTPServer

    from tests.fakes.webhook import FakeHooks

LINK = "https://rivertrust.example/a_b*c?utm_source=webhook&utm_campaign=autumn_26"
TEXT = f"""# The *weir* is `gone` <b>at_last</b> & we ~swim~ @everyone <!channel> <@123>

> Can you help? {LINK}.
-# a\\b [here](https://other.example/x) ||spoiler||

#EndSlavery #River_Trust"""
SHAPES: tuple[Shape, ...] = ("slack", "discord", "plain")
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def hooks(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Shape], FakeHooks]]:
    """Return a function that plays hooks of a shape; what is sent there is right in every test."""
    yield from fakes.players(httpserver, monkeypatch)


def posting(text: str = TEXT, image: Path | None = None) -> Posting:
    """Return what a hook is to publish."""
    name, alt = (image.name, "A weir") if image else ("", "")
    return Posting(Snippet("hook", "webhook", text, link=LINK, image=name, alt=alt), "delivery-1", AT, image)


@pytest.mark.parametrize("shape", SHAPES)
def test_readers_see_the_text_as_it_is_written(hooks: Callable[[Shape], FakeHooks], shape: Shape) -> None:
    """No formatting, no mention, no lost character; addresses are links."""
    fake = hooks(shape)

    fake.account.publish(posting())

    assert [post.text for post in fake.seen()] == [TEXT]


@given(st.text(st.characters(codec="utf-8")), st.sampled_from(SHAPES))
def test_what_is_counted_is_never_shorter_than_what_is_sent(text: str, shape: Shape) -> None:
    """Escapes count."""
    account = Webhook("hook", Secret("env", "X"), shape)

    assert account.measure(text) >= len(text)


@pytest.mark.parametrize(
    ("shape", "text", "length"),
    [
        ("slack", "a & b", 9),
        ("slack", "<i>", 9),
        ("slack", "https://a.example/?x=1&y=2", 32),
        ("slack", "🛶", 2),
        ("discord", "a_b*", 6),
        ("discord", "https://a.example/_x_", 21),
        ("discord", "# Title #Tag", 13),
        ("discord", "-# small\n> quote", 18),
        ("plain", "a & b_c", 7),
    ],
)
def test_escapes_count(shape: Shape, text: str, length: int) -> None:
    """Exactly what is sent is counted."""
    assert Webhook("hook", Secret("env", "X"), shape).measure(text) == length


@pytest.mark.parametrize("shape", ["slack", "discord"])
def test_the_longest_text_is_taken_and_one_more_is_not(
    hooks: Callable[[Shape], FakeHooks], shape: Shape
) -> None:
    """The fake counts by itself."""
    fake = hooks(shape)
    longest = "_&" * 5 + "x" * (LIMITS[shape] - fake.account.measure("_&" * 5))

    fake.account.publish(posting(longest))
    with pytest.raises(PermanentError, match="HTTP 400") as caught:
        fake.account.publish(posting(f"{longest}x"))

    assert len(fake.seen()) == 1
    assert ("Must be 2000 or fewer" in caught.value.why) is (shape == "discord")


def test_slack_gets_one_section_and_says_ok(hooks: Callable[[Shape], FakeHooks]) -> None:
    """There is nothing else to keep."""
    fake = hooks("slack")

    receipt = fake.account.publish(posting("Help & swim: https://a.example/?x=1&y=2."))

    text = "Help &amp; swim: <https://a.example/?x=1&amp;y=2>."
    section = {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
    assert fake.bodies == [{"text": text, "blocks": [section], "unfurl_links": True}]
    assert receipt == Receipt(reply="ok")


def test_discord_gets_a_message_and_says_where_it_is(hooks: Callable[[Shape], FakeHooks]) -> None:
    """The address is for members of the server."""
    fake = hooks("discord")

    receipt = fake.account.publish(posting("The weir is gone."))

    assert fake.bodies == [{"content": "The weir is gone.", "allowed_mentions": {"parse": []}}]
    assert receipt == Receipt("9000", "https://discord.com/channels/200/300/9000")


def test_a_hook_that_does_not_tell_its_channel_still_publishes(hooks: Callable[[Shape], FakeHooks]) -> None:
    """The receipt has no address then."""
    fake = hooks("discord")
    fake.tells = False

    assert fake.account.publish(posting("The weir is gone.")) == Receipt("9000")


def test_a_picture_goes_to_discord_with_its_description(
    hooks: Callable[[Shape], FakeHooks], tmp_path: Path
) -> None:
    """The name of the file on our disk stays here."""
    picture = tmp_path / "Flußwehr.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n picture")
    fake = hooks("discord")

    fake.account.publish(posting(image=picture))

    [post], [body] = fake.seen(), fake.bodies
    assert (post.text, post.alt, post.has_image) == (TEXT, "A weir", True)
    assert body["attachments"] == [{"id": 0, "filename": "picture.png", "description": "A weir"}]


def test_a_picture_that_cannot_be_read_is_not_replaced_by_none(
    hooks: Callable[[Shape], FakeHooks], tmp_path: Path
) -> None:
    """Nothing is published."""
    fake = hooks("discord")

    with pytest.raises(PermanentError, match="the picture cannot be read") as caught:
        fake.account.publish(posting(image=tmp_path / "gone.png"))

    assert (caught.value.code, fake.requests) == ("picture", [])


@pytest.mark.parametrize(("shape", "objections"), [("slack", 1), ("discord", 0), ("plain", 1)])
def test_a_picture_that_has_no_place_is_told(shape: Shape, objections: int) -> None:
    """Before anything leaves."""
    account = Webhook("hook", Secret("env", "X"), shape)

    assert len(account.objections(Snippet("hook", "webhook", TEXT, image="weir.png"))) == objections
    assert account.objections(Snippet("hook", "webhook", TEXT)) == ()


def test_a_plain_hook_gets_what_the_post_is_made_of(hooks: Callable[[Shape], FakeHooks]) -> None:
    """With the key that tells a repeat."""
    fake = hooks("plain")

    receipt = fake.account.publish(posting())

    assert fake.bodies == [
        {"text": TEXT, "link": LINK, "alt": "", "key": "delivery-1", "campaign": "autumn_26"}
    ]
    assert receipt == Receipt()


@pytest.mark.parametrize(
    ("answer", "receipt"),
    [
        ({"id": 7, "url": "https://rivertrust.example/p/7"}, Receipt("7", "https://rivertrust.example/p/7")),
        ({"id": "x", "url": "javascript:alert(1)"}, Receipt("x")),
        ([1], Receipt()),
        ("thanks", Receipt()),
    ],
)
def test_a_plain_hook_may_say_where_the_post_is(
    hooks: Callable[[Shape], FakeHooks], answer: Any, receipt: Receipt
) -> None:
    """Or anything else."""
    fake = hooks("plain")
    fake.refusals = [said(200, answer)]

    assert fake.account.publish(posting()) == receipt


def test_a_message_on_discord_is_deleted_and_gone_is_fine(hooks: Callable[[Shape], FakeHooks]) -> None:
    """Twice is as good as once."""
    fake = hooks("discord")
    receipt = fake.account.publish(posting())

    fake.account.retract(receipt)
    fake.account.retract(receipt)

    assert fake.seen() == []


def test_a_message_whose_hook_is_gone_still_stands(hooks: Callable[[Shape], FakeHooks]) -> None:
    """The same status, another code."""
    fake = hooks("discord")
    receipt = fake.account.publish(posting())
    fake.refusals = [said(404, {"message": "Unknown Webhook", "code": 10015})]

    with pytest.raises(RefusedSenderError, match=r"hook is gone.+by hand https://discord\.com/channels/"):
        fake.account.retract(receipt)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_no_hook_can_delete_is_left_to_a_person(
    hooks: Callable[[Shape], FakeHooks], shape: Shape
) -> None:
    """On Discord that is a post that a person confirmed."""
    fake = hooks(shape)

    with pytest.raises(PermanentError, match=r"by hand https://a\.example/1") as caught:
        fake.account.retract(Receipt(url="https://a.example/1"))

    assert (caught.value.code, fake.requests) == ("by hand", [])


def test_standing_names_what_discord_tells(hooks: Callable[[Shape], FakeHooks]) -> None:
    """And nothing of the hook's token, which Discord tells too."""
    fake = hooks("discord")

    standing = fake.account.standing()

    assert standing.who.startswith("River News in channel 300 at localhost:")
    assert not [part for part in fakes.PARTS if part in repr(standing)]


@pytest.mark.parametrize("shape", ["slack", "plain"])
def test_standing_of_a_silent_hook_asks_nobody(hooks: Callable[[Shape], FakeHooks], shape: Shape) -> None:
    """Any question would be a post."""
    fake = hooks(shape)

    assert fake.account.standing().who.startswith(f"{shape} hook at localhost:")
    assert fake.requests == []


def test_a_hook_of_discord_that_is_gone_is_found_by_asking(hooks: Callable[[Shape], FakeHooks]) -> None:
    """Before the first post fails."""
    fake = hooks("discord")
    fake.fail("revoked")
    with pytest.raises(RefusedSenderError):
        fake.account.publish(posting())

    with pytest.raises(RefusedSenderError, match="Unknown Webhook; the hook is gone"):
        fake.account.standing()


def test_settings_that_cannot_work_are_refused() -> None:
    """Only a plain hook takes any length."""
    address = Secret("env", "X")

    with pytest.raises(ValueError, match="max_characters = 2001"):
        Webhook("hook", address, "discord", max_characters=2001)
    with pytest.raises(ValueError, match="max_characters = -1"):
        Webhook("hook", address, "plain", max_characters=-1)
    with pytest.raises(ValueError, match="timeout_s"):
        Webhook("hook", address, timeout_s=0)
    assert Webhook("hook", address, "plain", max_characters=9000).limit == 9000
    assert [Webhook("hook", address, shape).limit for shape in SHAPES] == [3000, 2000, 5000]
