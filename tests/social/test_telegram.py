"""Telegram: what arrives in the channel, what its descriptions mean, and what a bot can tell and undo."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import http
from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.model import Receipt, Snippet
from newsletter.secret import Secret
from newsletter.social.base import Posting, Sighting
from newsletter.social.telegram import Telegram
from tests.fakes import telegram as fakes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_httpserver import HTTPServer

    from tests.fakes.telegram import FakeTelegram

LINK = "https://rivertrust.example/act?utm_source=telegram&utm_campaign=autumn"
TEXT = f"The *weir* is gone_ <b>at last</b> & we swim.\n\nCan you help? {LINK}\n\n#Rivers"
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def fake(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTelegram]:
    """Return a Bot API server with one channel; what is sent there is right in every test."""
    server = fakes.play(httpserver, monkeypatch)
    yield server
    assert server.complaints() == []


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a file that begins like a JPEG."""
    path = tmp_path / "Flußwehr.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0 picture")
    return path


def posting(text: str = TEXT, *, image: Path | None = None, link: str = LINK, alt: str = "") -> Posting:
    """Return what the channel is to publish."""
    name = image.name if image else ""
    return Posting(Snippet("channel", "telegram", text, link=link, image=name, alt=alt), "d-1", AT, image)


def test_a_text_arrives_as_it_is_with_the_preview_of_its_link(fake: FakeTelegram) -> None:
    """Nothing is escaped, and nothing is markup."""
    receipt = fake.account.publish(posting())

    [message] = fake.messages.values()
    assert message["text"] == TEXT
    assert message["link_preview_options"] == {"url": LINK}
    number = receipt.remote_id.partition("/")[2]
    assert receipt == Receipt(f"{fakes.CHAT_ID}/{number}", f"https://t.me/rivertrust/{number}")


def test_a_text_without_link_asks_for_no_preview(fake: FakeTelegram) -> None:
    """Telegram decides then."""
    fake.account.publish(posting("The weir is gone.", link=""))

    [message] = fake.messages.values()
    assert "link_preview_options" not in message


def test_a_picture_carries_the_text(fake: FakeTelegram, picture: Path) -> None:
    """One message, not two."""
    fake.account.publish(posting(image=picture))

    [message] = fake.messages.values()
    assert (message["text"], message["picture"]) == (TEXT, picture.read_bytes())


@pytest.mark.parametrize(("length", "has_picture"), [(1024, True), (1025, False)])
def test_a_picture_stays_away_from_a_text_that_is_too_long_for_it(
    fake: FakeTelegram, picture: Path, *, length: int, has_picture: bool
) -> None:
    """The text is whole, and the page's own picture is shown large above it; it was said before."""
    start = f"{LINK} 🛶 "
    text = start + "x" * (length - fake.account.measure(start))
    long = posting(text, image=picture)

    fake.account.publish(long)

    [message] = fake.messages.values()
    assert (message["text"], bool(message["picture"])) == (text, has_picture)
    large = {"url": LINK, "prefer_large_media": True, "show_above_text": True}
    assert message.get("link_preview_options") == (None if has_picture else large)
    said = " ".join(fake.account.objections(long.snippet))
    assert ("1024 characters and this text has 1025" in said) is not has_picture


def test_the_picture_that_is_left_out_is_told_with_what_stands_in_its_place(fake: FakeTelegram) -> None:
    """Without a link that is nothing."""
    snippet = Snippet("channel", "telegram", "x" * 2000, image="weir.jpg")

    assert "nothing stands in its place" in fake.account.objections(snippet)[0]


def test_a_description_that_nobody_will_find_is_told(fake: FakeTelegram) -> None:
    """Telegram has no place for it."""
    with_alt = Snippet("channel", "telegram", TEXT, image="weir.jpg", alt="A weir")

    assert fake.account.objections(with_alt) == (
        "Telegram has no descriptions of pictures: say in the text what people must know of it",
    )
    assert fake.account.objections(Snippet("channel", "telegram", TEXT)) == ()


def test_a_picture_that_cannot_be_read_is_not_replaced_by_none(fake: FakeTelegram, tmp_path: Path) -> None:
    """Nothing is published."""
    with pytest.raises(PermanentError, match="the picture cannot be read") as caught:
        fake.account.publish(posting(image=tmp_path / "gone.jpg"))

    assert (caught.value.code, fake.requests) == ("picture", 0)


def test_a_picture_that_telegram_cannot_read_is_told_from_other_refusals(
    fake: FakeTelegram, tmp_path: Path
) -> None:
    """Somebody must look at the file."""
    path = tmp_path / "weir.jpg"
    path.write_bytes(b"RIFF    WEBP")

    with pytest.raises(PermanentError, match="IMAGE_PROCESS_FAILED") as caught:
        fake.account.publish(posting(image=path))

    assert caught.value.code == "picture"


@given(st.text(st.characters(codec="utf-8")))
def test_lengths_are_utf_16_units(text: str) -> None:
    """A canoe is two, like a letter with an accent of its own."""
    account = Telegram("channel", Secret("env", "X"), "@rivertrust")

    assert account.measure(text) == fakes.units(text)
    assert account.measure("🛶é") == 3


@pytest.mark.parametrize(
    ("status", "description", "kind", "code", "advice"),
    [
        (401, "Unauthorized", RefusedSenderError, "401", "@BotFather"),
        (404, "Not Found", RefusedSenderError, "404", "@BotFather"),
        (
            403,
            "Forbidden: bot is not a member of the channel chat",
            RefusedSenderError,
            "403",
            "administrator",
        ),
        (403, "Forbidden: bot was kicked from the channel chat", RefusedSenderError, "403", "administrator"),
        (
            400,
            "Bad Request: need administrator rights in the channel chat",
            RefusedSenderError,
            "400",
            "right to post",
        ),
        (400, "Bad Request: CHAT_WRITE_FORBIDDEN", RefusedSenderError, "400", "right to post"),
        (
            400,
            "Bad Request: not enough rights to send photos to the chat",
            RefusedSenderError,
            "400",
            "right to post",
        ),
        (400, "Bad Request: chat not found", RefusedSenderError, "400", "look at channel"),
        (400, "Bad Request: chat_id is empty", RefusedSenderError, "400", "look at channel"),
        (
            400,
            "Bad Request: group chat was upgraded to a supergroup chat",
            RefusedSenderError,
            "400",
            "channel",
        ),
        (400, "Bad Request: message is too long", PermanentError, "400", "too long"),
        (400, "Bad Request: message caption is too long", PermanentError, "400", "too long"),
        (400, "Bad Request: message text is empty", PermanentError, "400", "empty"),
        (400, "Bad Request: PHOTO_INVALID_DIMENSIONS", PermanentError, "picture", "picture"),
        (413, "Request Entity Too Large", PermanentError, "picture", "10 MB"),
        (409, "Conflict", PermanentError, "409", "Conflict"),
        (500, "Internal Server Error", UnknownOutcomeError, "500", "may have been accepted"),
        (502, "Bad Gateway", UnknownOutcomeError, "502", "may have been accepted"),
        (302, "Found", RefusedSenderError, "302", "api_url"),
    ],
)
def test_what_telegram_says_tells_whose_fault_it_is(
    fake: FakeTelegram, *, status: int, description: str, kind: type[DeliveryError], code: str, advice: str
) -> None:
    """Its own words are kept."""
    fake.refusals = [(status, description)]

    with pytest.raises(DeliveryError) as caught:
        fake.account.publish(posting())

    assert (type(caught.value), caught.value.code) == (kind, code)
    assert description in caught.value.why
    assert advice in caught.value.why


def test_haste_waits_as_long_as_telegram_asks(fake: FakeTelegram) -> None:
    """It says so inside the answer, not in a header."""
    fake.fail("429")

    with pytest.raises(TransientError, match="Too Many Requests") as caught:
        fake.account.publish(posting())

    assert (caught.value.retry_after_s, fake.messages) == (60.0, {})


def test_a_lost_answer_stays_unknown(fake: FakeTelegram) -> None:
    """A bot cannot read the channel, so nobody but a person can tell."""
    fake.fail("lost after commit")

    with pytest.raises(UnknownOutcomeError):
        fake.account.publish(posting())

    requests = fake.requests
    assert fake.account.look_up(posting()) == Sighting((), certain=False)
    assert (len(fake.seen()), fake.requests) == (1, requests)


def test_an_answer_without_a_message_is_no_receipt(fake: FakeTelegram) -> None:
    """Something else answered."""
    fake.server.clear()
    fake.server.expect_request(f"/bot{fakes.TOKEN}/sendMessage").respond_with_json({"ok": True, "result": []})

    with pytest.raises(UnknownOutcomeError, match=http.NOT_OURS):
        fake.account.publish(posting())


def test_a_private_channel_has_an_address_for_its_members(fake: FakeTelegram) -> None:
    """It has no name."""
    del fake.chat["username"]

    receipt = fake.account.publish(posting())

    assert receipt.url == f"https://t.me/c/1234567890/{receipt.remote_id.partition('/')[2]}"


def test_a_post_is_deleted_once_and_gone_is_fine(fake: FakeTelegram) -> None:
    """Also when the account was pointed at another channel since."""
    receipt = fake.account.publish(posting())
    elsewhere = Telegram("channel", fake.account.token, "@other", api_url=fake.account.api_url)

    elsewhere.retract(receipt)
    elsewhere.retract(receipt)

    assert fake.messages == {}


def test_a_post_that_is_too_old_is_left_to_a_person(fake: FakeTelegram) -> None:
    """With its address."""
    receipt = fake.account.publish(posting())
    fake.refusals = [(400, "Bad Request: message can't be deleted for everyone")]

    with pytest.raises(PermanentError, match=r"48 hours.+by hand https://t\.me/rivertrust/") as caught:
        fake.account.retract(receipt)

    assert caught.value.code == "by hand"


def test_a_post_that_a_person_confirmed_is_left_to_a_person(fake: FakeTelegram) -> None:
    """Its number is not known."""
    with pytest.raises(PermanentError, match=r"by hand https://t\.me/rivertrust/9"):
        fake.account.retract(Receipt(url="https://t.me/rivertrust/9"))

    assert fake.requests == 0


def test_any_other_refusal_to_delete_is_told(fake: FakeTelegram) -> None:
    """The post still stands."""
    receipt = fake.account.publish(posting())
    fake.refusals = [(403, "Forbidden: bot is not a member of the channel chat")]

    with pytest.raises(RefusedSenderError):
        fake.account.retract(receipt)


def test_standing_names_bot_channel_and_rights(fake: FakeTelegram) -> None:
    """Three questions, nothing published."""
    standing = fake.account.standing()

    assert standing.who == "@river_trust_bot in River Trust"
    assert standing.facts[0] == "channel, the bot is administrator there"
    assert (standing.warnings, fake.messages) == ((), {})


@pytest.mark.parametrize(
    ("kind", "member", "may_post"),
    [
        ("channel", {"status": "creator"}, True),
        ("channel", {"status": "administrator", "can_post_messages": False}, False),
        ("channel", {"status": "member"}, False),
        ("channel", {"status": "left"}, False),
        ("supergroup", {"status": "member"}, True),
        ("supergroup", {"status": "kicked"}, False),
    ],
)
def test_standing_warns_of_a_bot_that_cannot_post(
    fake: FakeTelegram, *, kind: str, member: dict[str, object], may_post: bool
) -> None:
    """Before the first post fails."""
    fake.chat["type"], fake.member = kind, member

    assert (fake.account.standing().warnings == ()) is may_post


def test_a_token_that_is_none_is_never_sent(
    fake: FakeTelegram, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It would be part of an address, and is not shown either."""
    monkeypatch.setenv("PLANTED_TELEGRAM", "../planted/secret")

    with pytest.raises(RefusedSenderError, match="no token of a bot") as caught:
        fake.account.publish(posting())

    assert fake.requests == 0
    assert "planted/secret" not in f"{caught.value!r} {caplog.text}"


def test_the_token_is_hidden_where_the_server_leads_elsewhere(
    fake: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    """A proxy that adds a slash repeats the whole address."""
    path = f"/bot{fakes.TOKEN}/sendMessage"
    fake.server.clear()
    fake.server.expect_request(path).respond_with_data(status=308, headers={"Location": f"{path}/"})
    caplog.set_level("DEBUG")

    with pytest.raises(RefusedSenderError, match="it moved") as caught:
        fake.account.publish(posting())

    assert not [secret for secret in fake.secrets if secret in f"{caught.value!r} {caplog.text}"]


def test_an_address_that_is_not_one_is_refused_at_once() -> None:
    """A token is not sent in the clear."""
    with pytest.raises(ValueError, match="must look like"):
        Telegram("channel", Secret("env", "X"), "@rivertrust", api_url="http://api.example.org")
    with pytest.raises(ValueError, match="timeout_s"):
        Telegram("channel", Secret("env", "X"), "@rivertrust", timeout_s=0)
