"""Bluesky: what errors mean, pictures that fail, and how an account stands; against our fake."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.model import Receipt
from newsletter.secret import Secret
from newsletter.social.bluesky import Bluesky
from tests.fakes import bluesky as fakes
from tests.social.bluesky_servers import CARD, LINK, drawer, posting

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.stand_bluesky import BlueskyStand


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a small PNG."""
    path = tmp_path / "otter.png"
    Image.new("RGB", (64, 36), "#2a6f6f").save(path)
    return path


@pytest.mark.parametrize(
    ("status", "error", "kind", "code", "advice"),
    [
        (401, "AuthFactorTokenRequired", RefusedSenderError, "AuthFactorTokenRequired", "own password"),
        (401, "AuthenticationRequired", RefusedSenderError, "AuthenticationRequired", "app-passwords"),
        (401, "AuthMissing", RefusedSenderError, "AuthMissing", "app-passwords"),
        (401, "AccountTakedown", RefusedSenderError, "AccountTakedown", "suspended"),
        (403, "AccountTakedown", RefusedSenderError, "AccountTakedown", "suspended"),
        (400, "AccountDeactivated", RefusedSenderError, "AccountDeactivated", "deactivated"),
        (400, "RepoNotFound", RefusedSenderError, "RepoNotFound", "moved or is deleted"),
        (404, "XRPCNotSupported", RefusedSenderError, "XRPCNotSupported", "look at server"),
        (404, "", RefusedSenderError, "404", "look at server"),
        (403, "Forbidden", RefusedSenderError, "Forbidden", "HTTP 403"),
        (400, "InvalidRequest", PermanentError, "InvalidRequest", "HTTP 400"),
        (400, "BlobTooLarge", PermanentError, "picture", "does not take this picture"),
        (400, "InvalidMimeType", PermanentError, "picture", "does not take this picture"),
        (413, "", PermanentError, "picture", "does not take this picture"),
        (400, "BlobNotFound", TransientError, "BlobNotFound", "HTTP 400"),
        (302, "", PermanentError, "302", "put the new address"),
        (500, "InternalServerError", UnknownOutcomeError, "500", "may have been accepted"),
        (502, "UpstreamFailure", UnknownOutcomeError, "502", "may have been accepted"),
    ],
)
def test_what_a_server_says_tells_whose_fault_it_is(
    bluesky: BlueskyStand, *, status: int, error: str, kind: type[DeliveryError], code: str, advice: str
) -> None:
    """Its own words are kept."""
    bluesky.fake.refusals = [(status, {"error": error, "message": "words of its own"})]

    with pytest.raises(DeliveryError) as caught:
        bluesky.account.publish(posting())

    assert (type(caught.value), caught.value.code) == (kind, code)
    assert advice in caught.value.why
    assert status == 302 or "words of its own" in caught.value.why
    assert bluesky.seen() == []


def test_haste_waits_until_the_moment_that_the_server_names(bluesky: BlueskyStand) -> None:
    """In a header of its own."""
    bluesky.fail("429")

    with pytest.raises(TransientError, match="Rate Limit Exceeded") as caught:
        bluesky.account.publish(posting())

    assert caught.value.retry_after_s is not None
    assert 55 <= caught.value.retry_after_s <= 60


def test_a_suspended_account_is_told_from_a_wrong_password(bluesky: BlueskyStand) -> None:
    """A new password would not help."""
    bluesky.fake.status = "suspended"

    with pytest.raises(RefusedSenderError, match=r"has been taken down; the account is suspended"):
        bluesky.account.standing()


@pytest.mark.parametrize(("status", "error"), [(502, "UpstreamFailure"), (400, "RepoTakendown")])
def test_a_key_that_is_taken_by_what_cannot_be_read_is_left_open(
    bluesky: BlueskyStand, status: int, error: str
) -> None:
    """It may be ours."""
    bluesky.fake.refusals = [
        (400, {"error": "InvalidSwap", "message": "Record was at bafy"}),
        (status, {"error": error, "message": "not now"}),
    ]

    with pytest.raises(UnknownOutcomeError, match=f"cannot be read now: HTTP {status}: not now"):
        bluesky.account.publish(posting())


def test_a_key_that_was_taken_and_is_free_again_is_left_open(bluesky: BlueskyStand) -> None:
    """Somebody works on the account at this moment."""
    bluesky.fake.refusals = [(400, {"error": "InvalidSwap", "message": "Record was at bafy"})]

    with pytest.raises(UnknownOutcomeError, match="gone again"):
        bluesky.account.publish(posting())


def test_what_is_done_is_not_asked_about(bluesky: BlueskyStand) -> None:
    """Nothing is left to do."""
    done = (Receipt("at://did:plc:x/app.bsky.feed.post/3mg2vbwr32222"),)

    assert bluesky.account.publish(posting(done=done)) == done[0]
    assert bluesky.fake.asked == []


@pytest.mark.parametrize("refusal", ["BlobTooLarge", "InternalServerError"])
def test_a_card_whose_picture_is_not_taken_goes_without_it(
    bluesky: BlueskyStand, picture: Path, refusal: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It never costs the post."""
    bluesky.fake.blob_refusal = refusal

    bluesky.account.publish(posting(card=CARD, card_image=picture))

    assert [seen.card for seen in bluesky.seen()] == ["Otters are back"]
    assert "the card goes without its picture" in caplog.text


@pytest.mark.parametrize("content", [None, b"", b"RIFF\0\0\0\0WEBPVP8 ", b"\xff\xd8\xff\xe0 not a picture"])
def test_a_card_whose_picture_is_none_goes_without_it(
    bluesky: BlueskyStand, tmp_path: Path, content: bytes | None
) -> None:
    """Missing, empty, of another kind, or broken."""
    path = tmp_path / "card.jpg"
    if content is not None:
        path.write_bytes(content)

    bluesky.account.publish(posting(card=CARD, card_image=path))

    assert [seen.card for seen in bluesky.seen()] == ["Otters are back"]
    assert bluesky.fake.blobs == {}


def test_a_card_stands_with_the_post_that_has_its_link(bluesky: BlueskyStand) -> None:
    """With the first one when none has."""
    bluesky.account.publish(posting("First.", f"Then {LINK}", card=CARD))
    bluesky.account.publish(posting("Another.", "And more.", key="edition-2", card=CARD))

    cards = {seen.text: seen.card for seen in bluesky.seen()}
    title = "Otters are back"
    assert cards == {
        "First.": "",
        "Then rivertrust.example/rivers/otters-are-b…": title,
        "Another.": title,
        "And more.": "",
    }


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no JPEG or PNG"),
        (
            b"GIF89a\x01\x00\x01\x00\x00\xff\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x00;",
            "no JPEG or PNG",
        ),
        (b"\xff\xd8\xff\xe0 not a picture", "no JPEG or PNG"),
    ],
)
def test_a_picture_that_is_none_is_told_before_anything_is_written(
    bluesky: BlueskyStand, tmp_path: Path, content: bytes, why: str
) -> None:
    """With the file's name."""
    path = tmp_path / "otter.jpg"
    path.write_bytes(content)

    with pytest.raises(PermanentError, match=f"otter.jpg.+{why}") as caught:
        bluesky.account.publish(posting(image=path))

    assert (caught.value.code, bluesky.seen(), bluesky.fake.blobs) == ("picture", [], {})


def test_a_picture_that_is_too_large_is_not_uploaded(bluesky: BlueskyStand, picture: Path) -> None:
    """The server would take it, and refuse the post."""
    picture.write_bytes(picture.read_bytes() + bytes(1_000_000))

    with pytest.raises(PermanentError, match="Bluesky takes 1000000") as caught:
        bluesky.account.publish(posting(image=picture))

    assert (caught.value.code, bluesky.fake.blobs) == ("picture", {})


def test_a_picture_that_the_server_refuses_costs_the_post(bluesky: BlueskyStand, picture: Path) -> None:
    """Unlike a card, it is what people were to see."""
    bluesky.fake.blob_refusal = "BlobTooLarge"

    with pytest.raises(PermanentError, match="does not take this picture") as caught:
        bluesky.account.publish(posting(image=picture))

    assert (caught.value.code, bluesky.seen()) == ("picture", [])


def test_a_mention_that_cannot_be_resolved_now_stays_plain_text(
    bluesky: BlueskyStand, caplog: pytest.LogCaptureFixture
) -> None:
    """And the post goes out."""
    bluesky.fake.refusals = [(502, {"error": "UpstreamFailure", "message": "later"})]

    bluesky.account.publish(posting(f"With @{fakes.FRIEND[0]}"))

    (record,) = bluesky.fake.records.values()
    assert "facets" not in record["value"]
    assert f"the mention of {fakes.FRIEND[0]} stays plain text" in caplog.text


def test_an_answer_to_an_upload_that_is_no_blob_is_none(bluesky: BlueskyStand, picture: Path) -> None:
    """Something else answered."""
    bluesky.fake.refusals = [(200, {"blob": "x"})]

    with pytest.raises(TransientError, match="not one of this API"):
        bluesky.account.publish(posting(image=picture))


def test_standing_warns_of_an_account_that_is_not_active(bluesky: BlueskyStand) -> None:
    """Before the first post fails."""
    bluesky.fake.status = "deactivated"

    assert bluesky.account.standing().warnings == (
        "the account is deactivated; log in at bsky.app to see why",
    )


def test_standing_warns_of_the_accounts_own_password(bluesky: BlueskyStand) -> None:
    """It opens more than posts."""
    bluesky.fake.scope = "com.atproto.access"

    standing = bluesky.account.standing()

    assert "logged in with its own password" in standing.facts
    assert "make an app password" in standing.warnings[0]


def test_standing_warns_of_a_handle_that_leads_nowhere(bluesky: BlueskyStand) -> None:
    """The DNS record of its domain is gone, say."""
    bluesky.fake.refusals = [(200, {"handle": "handle.invalid", "did": fakes.DID})]

    assert "DNS record" in bluesky.account.standing().warnings[0]


@pytest.mark.parametrize("remote_id", ["", "at://did:plc:somebodyelse/app.bsky.feed.post/3mg2vbwr32222"])
def test_a_post_that_is_not_ours_is_left_to_a_person(bluesky: BlueskyStand, remote_id: str) -> None:
    """With its address."""
    with pytest.raises(PermanentError, match=r"by hand https://bsky\.app/profile/x/post/3k"):
        bluesky.account.retract(Receipt(remote_id, url="https://bsky.app/profile/x/post/3k"))

    assert "deleteRecord" not in bluesky.fake.asked


def test_login_says_where_app_passwords_are_made(bluesky: BlueskyStand) -> None:
    """There is no page that leads back."""
    with pytest.raises(PermanentError, match=r"bsky\.app/settings/app-passwords"):
        bluesky.account.login_url("http://127.0.0.1:1/", "state")


def test_secrets_are_hidden_where_the_server_repeats_them(
    bluesky: BlueskyStand, caplog: pytest.LogCaptureFixture
) -> None:
    """In its words, and in its log of ours."""
    bluesky.account.standing()
    held = drawer(bluesky.account).read()
    assert held is not None
    caplog.set_level(logging.DEBUG)
    words = f"{fakes.APP_PASSWORD} {held.access} {held.refresh}"
    bluesky.fake.refusals = [(400, {"error": "InvalidRequest", "message": words})]

    with pytest.raises(PermanentError, match=r"\*\*\* \*\*\* \*\*\*") as caught:
        bluesky.account.publish(posting())

    assert not [secret for secret in bluesky.secrets if secret in f"{caught.value!r} {caplog.text}"]


@pytest.mark.parametrize(
    "handle",
    [
        fakes.HANDLE,
        "@RiverTrust.bsky.example",
        f"https://bsky.app/profile/{fakes.HANDLE}",
        f"https://bsky.app/profile/{fakes.HANDLE}/",
        fakes.DID,
    ],
)
def test_a_handle_is_taken_in_the_forms_people_copy(bluesky: BlueskyStand, handle: str) -> None:
    """They all are one account."""
    account = dataclasses.replace(bluesky.account, handle=handle)

    assert account.standing().who.startswith(f"@{fakes.HANDLE} on ")


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"handle": "rivertrust"}, "must look like 'rivertrust.bsky.social'"),
        ({"handle": "news@rivertrust.example"}, "must look like"),
        ({"server": "http://bsky.social"}, "must look like"),
        ({"timeout_s": 0}, "timeout_s"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_once(settings: dict[str, Any], why: str) -> None:
    """A password is not sent in the clear."""
    whole = {"handle": fakes.HANDLE, "app_password": Secret("env", "X"), **settings}

    with pytest.raises(ValueError, match=why):
        Bluesky("river", **whole)
