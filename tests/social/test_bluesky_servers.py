"""Bluesky against the real PDS and against our fake, which must agree in everything asserted here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from newsletter import http
from newsletter.errors import PermanentError, RefusedSenderError, UnknownOutcomeError
from tests.fakes import bluesky as fakes
from tests.social.bluesky_servers import CARD, LINK, posting

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.model import Receipt
    from tests.social.bluesky_servers import Played

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
"""One character of 25 bytes."""


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a JPEG of 640 by 360 pixels."""
    path = tmp_path / "otter.jpg"
    Image.new("RGB", (640, 360), "#2a6f6f").save(path)
    return path


def test_addresses_hashtags_and_mentions_work_behind_an_emoji(played: Played) -> None:
    """Their places are told in bytes, and the whole address is kept where its text is short."""
    handle, did = played.friend
    played.account.publish(posting(f"🙏🏽 Read {LINK} with @{handle}, not @nobody.test. #Rivers"))

    (record,) = played.records()
    text = record["value"]["text"].encode()
    found = [
        (text[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode(), *facet["features"])
        for facet in record["value"]["facets"]
    ]
    kind = "app.bsky.richtext.facet#"
    assert (
        text.decode()
        == f"🙏🏽 Read rivertrust.example/rivers/otters-are-b… with @{handle}, not @nobody.test. #Rivers"
    )
    assert found == [
        ("rivertrust.example/rivers/otters-are-b…", {"$type": f"{kind}link", "uri": LINK}),
        (f"@{handle}", {"$type": f"{kind}mention", "did": did}),
        ("#Rivers", {"$type": f"{kind}tag", "tag": "Rivers"}),
    ]
    assert record["value"]["langs"] == ["en-GB"]


def test_a_card_has_title_description_and_picture(played: Played, picture: Path) -> None:
    """Nobody else makes one on Bluesky."""
    played.account.publish(posting("Otters!", card=CARD, card_image=picture))

    (record,) = played.records()
    embed = record["value"]["embed"]
    thumb = embed["external"].pop("thumb")
    assert embed["$type"] == "app.bsky.embed.external"
    assert embed["external"] == {
        "uri": LINK,
        "title": "Otters are back",
        "description": "After forty years.",
    }
    assert (thumb["mimeType"], thumb["size"]) == ("image/jpeg", picture.stat().st_size)


def test_a_picture_has_its_description_and_its_shape(played: Played, picture: Path) -> None:
    """Apps leave the right room for it."""
    played.account.publish(posting("Otters!", image=picture))

    (record,) = played.records()
    (shown,) = record["value"]["embed"]["images"]
    assert (shown["alt"], shown["aspectRatio"]) == ("An otter on a stone", {"width": 640, "height": 360})
    assert shown["image"]["size"] == picture.stat().st_size


def test_a_thread_is_one_write_and_every_post_names_the_first_and_the_one_before(
    played: Played, picture: Path
) -> None:
    """By identifiers that were known before the server had told them."""
    noted: list[Receipt] = []
    texts = ("First the weir went. #Rivers", f"Then the otters came: {LINK}", "🦦")

    played.account.publish(posting(*texts, note=noted.append, image=picture))

    records = played.records()
    names = [{"uri": record["uri"], "cid": record["cid"]} for record in records]
    assert [receipt.remote_id for receipt in noted] == [name["uri"] for name in names]
    assert [receipt.reply for receipt in noted] == [name["cid"] for name in names]
    assert [record["value"].get("reply") for record in records] == [
        None,
        {"root": names[0], "parent": names[0]},
        {"root": names[0], "parent": names[1]},
    ]
    assert ["embed" in record["value"] for record in records] == [True, False, False]


def test_a_thread_with_one_bad_post_is_not_begun(played: Played) -> None:
    """All or nothing."""
    with pytest.raises(PermanentError, match="grapheme too big"):
        played.account.publish(posting("First.", "x" * 301, "Last."))

    assert played.records() == []


def test_the_same_posting_again_changes_nothing(played: Played, picture: Path) -> None:
    """Also from another machine, which has no session yet."""
    first = played.account.publish(posting(f"Otters! {LINK}", image=picture))
    before = played.records()
    played.drawer.path.unlink()

    again = played.account.publish(posting(f"Otters! {LINK}", image=picture))

    assert again == first
    assert played.records() == before
    assert first.reply == before[0]["cid"]


def test_a_post_that_was_written_with_another_picture_is_still_ours(played: Played, picture: Path) -> None:
    """The picture of a card could not be had the first time; nothing is written over."""
    first = played.account.publish(posting("Otters!", card=CARD, card_image=picture.with_name("gone.jpg")))
    before = played.records()

    again = played.account.publish(posting("Otters!", card=CARD, card_image=picture))

    assert again == first
    assert played.records() == before


def test_another_post_at_the_key_is_never_written_over(played: Played) -> None:
    """Somebody changed the words there with another program."""
    receipt = played.account.publish(posting("Otters!"))
    rkey = receipt.remote_id.rpartition("/")[2]
    value = {**played.records()[0]["value"], "text": "Beavers!"}
    overwrite(played, rkey, value)

    with pytest.raises(PermanentError, match=f"another post stands in its place; look at .+{rkey}"):
        played.account.publish(posting("Otters!"))
    with pytest.raises(PermanentError, match="another post"):
        played.account.look_up(posting("Otters!"))

    assert [record["value"]["text"] for record in played.records()] == ["Beavers!"]


@pytest.mark.parametrize("texts", [("Otters!",), ("First.", "Then.", "Last.")])
def test_a_lost_answer_is_found_at_its_keys(played: Played, texts: tuple[str, ...]) -> None:
    """For certain, and so is what does not stand."""
    made, other = posting(*texts), posting("Beavers!")
    played.lose_answer()

    with pytest.raises(UnknownOutcomeError):
        played.account.publish(made)
    found, missing = played.account.look_up(made), played.account.look_up(other)

    assert [receipt.remote_id for receipt in found.receipts] == [record["uri"] for record in played.records()]
    assert [receipt.reply for receipt in found.receipts] == [record["cid"] for record in played.records()]
    assert (len(found.receipts), found.certain) == (len(texts), True)
    assert (missing.receipts, missing.certain) == ((), True)


def test_a_thread_that_stands_is_not_written_again(played: Played) -> None:
    """The server says 500 to that, and a look tells what it means."""
    made = posting("First.", "Then.")
    played.account.publish(made)

    with pytest.raises(UnknownOutcomeError, match="HTTP 500"):
        played.account.publish(made)

    assert len(played.account.look_up(made).receipts) == len(played.records()) == 2


def test_a_thread_goes_on_below_what_stands(played: Played) -> None:
    """Its first posts are named as the server knows them."""
    first = played.account.publish(posting("First."))
    names = {"uri": first.remote_id, "cid": played.records()[0]["cid"]}

    played.account.publish(posting("First.", "Then.", "Last.", done=(first,)))

    records = played.records()
    assert [record["value"]["text"] for record in records] == ["First.", "Then.", "Last."]
    assert [record["value"].get("reply", {}).get("root") for record in records] == [None, names, names]
    assert records[2]["value"]["reply"]["parent"]["cid"] == records[1]["cid"]


def test_a_thread_whose_first_posts_are_gone_is_left_to_a_person(played: Played) -> None:
    """A post cannot answer nothing."""
    first = played.account.publish(posting("First."))
    played.account.retract(first)

    with pytest.raises(PermanentError, match="gone from the account"):
        played.account.publish(posting("First.", "Then.", done=(first,)))


def test_a_gap_in_a_thread_is_not_filled_blindly(played: Played) -> None:
    """Somebody deleted a post in the middle."""
    noted: list[Receipt] = []
    made = posting("First.", "Then.", "Last.", note=noted.append)
    played.account.publish(made)
    played.account.retract(noted[1])

    sighting = played.account.look_up(made)

    assert (sighting.receipts, sighting.certain) == ((noted[0],), False)


def test_a_post_is_deleted_once_and_gone_is_fine(played: Played) -> None:
    """The others stay."""
    noted: list[Receipt] = []
    played.account.publish(posting("First.", "Then.", note=noted.append))

    played.account.retract(noted[1])
    played.account.retract(noted[1])

    assert [record["uri"] for record in played.records()] == [noted[0].remote_id]


@pytest.mark.parametrize("how", ["ended", "broken"])
def test_a_session_that_has_ended_is_renewed_once(played: Played, how: str) -> None:
    """The post gets the same key, and the new session is kept for the next."""
    played.account.standing()
    before = played.held
    played.hold(access=played.ended(before.access) if how == "ended" else "broken.token.here")

    receipt = played.account.publish(posting("Otters!"))

    assert [record["uri"] for record in played.records()] == [receipt.remote_id]
    assert played.held.refresh != before.refresh
    assert played.account.look_up(posting("Otters!")).receipts == (receipt,)


def test_a_session_that_cannot_be_renewed_is_made_anew(played: Played) -> None:
    """With the app password."""
    played.account.standing()
    played.hold(access="broken.token.here", refresh="broken.too.here")

    played.account.publish(posting("Otters!"))

    assert len(played.records()) == 1


def test_a_wrong_app_password_is_told_with_the_servers_words(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And without the password."""
    monkeypatch.setenv("PLANTED_BLUESKY", "wrong-pass-word-9999")

    with pytest.raises(RefusedSenderError, match=r"Invalid identifier or password.+app-passwords") as caught:
        played.account.publish(posting("Otters!"))

    assert "wrong-pass" not in f"{caught.value!r}"


@pytest.mark.parametrize("text", ["x" * 301, FAMILY * 121], ids=["301 characters", "3025 bytes"])
def test_a_text_that_is_too_long_is_refused_as_we_count_it(played: Played, text: str) -> None:
    """In characters, and in bytes."""
    assert played.account.measure(text) > played.account.limit

    with pytest.raises(PermanentError, match="too big"):
        played.account.publish(posting(text))

    assert played.records() == []


@pytest.mark.parametrize(
    "text",
    [
        "x" * 300,
        FAMILY * 120,
        f"{'é' * 260} {LINK}",
        "\u0915\u094d\u0937" * 150,
        "🇬🇧" * 300,
        "\u1100\u1161" * 300,
    ],
    ids=["letters", "families", "address", "conjuncts", "flags", "jamo"],
)
def test_a_text_that_just_fits_is_taken(played: Played, text: str) -> None:
    """The server never counts more than we do."""
    assert 290 <= played.account.measure(text) <= 300

    played.account.publish(posting(text))

    assert len(played.records()) == 1


def test_standing_tells_handle_identity_session_and_what_is_left(played: Played) -> None:
    """Of the limits that the server keeps."""
    standing = played.account.standing()

    assert standing.who == f"@{played.account.handle} on {http.place(played.account.server)}"
    assert standing.facts[:2] == (played.did, "logged in with an app password")
    assert "renewed by itself" in standing.facts[2]
    assert "of 3000 requests are left until" in standing.facts[3]
    assert (standing.expires_at, standing.warnings) == (None, ())


def overwrite(played: Played, rkey: str, value: dict[str, Any]) -> None:
    """Change a post as another program of the account's owner does."""
    http.call(
        "POST",
        f"{played.held.facts['home']}/xrpc/com.atproto.repo.putRecord",
        repeatable=True,
        headers={"Authorization": f"Bearer {played.held.access}"},
        json={"repo": played.did, "collection": fakes.COLLECTION, "rkey": rkey, "record": value},
    )
