"""Facebook: what a Page is sent, what its errors mean, how a post is found again, what a token may do."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.errors import DeliveryError, PermanentError, RefusedSenderError, UnknownOutcomeError
from newsletter.model import Receipt, Snippet
from newsletter.secret import Secret
from newsletter.social.base import Posting, Sighting
from newsletter.social.facebook import Facebook
from tests.fakes import facebook as fakes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_httpserver import HTTPServer

    from tests.fakes.facebook import FakeFacebook

LINK = "https://rivertrust.example/act?utm_source=facebook&utm_campaign=autumn"
TEXT = f"The weir is gone & we swim 🛶\n\nCan you help? {LINK}\n\n#Rivers"
SECRET = Secret("env", "PLANTED_FACEBOOK_APP")


@pytest.fixture
def fake(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeFacebook]:
    """Return a Graph API server with one Page; what is sent there is right in every test."""
    server = fakes.play(httpserver, monkeypatch)
    yield server
    assert server.complaints() == []


@pytest.fixture
def signed(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeFacebook]:
    """Return the same for an account that knows the app's secret."""
    server = fakes.play(httpserver, monkeypatch, app_id=fakes.APP_ID, app_secret=SECRET, page=fakes.PAGE)
    yield server
    assert server.complaints() == []


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a file that begins like a JPEG."""
    path = tmp_path / "Flußwehr.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0 picture")
    return path


def posting(text: str = TEXT, *, image: Path | None = None, link: str = LINK, alt: str = "") -> Posting:
    """Return what the Page is to publish; its edition was frozen an hour ago."""
    name = image.name if image else ""
    snippet = Snippet("page", "facebook", text, link=link, image=name, alt=alt)
    return Posting(snippet, "d-1", datetime.now(UTC) - timedelta(hours=1), image)


def ends_in(days: float) -> int:
    """Return a time as Facebook writes it."""
    return int(time.time() + days * 86400)


def test_a_text_brings_the_link_whose_preview_facebook_makes(fake: FakeFacebook) -> None:
    """One request, and an address for people."""
    receipt = fake.account.publish(posting())

    [(number, post)] = fake.posts.items()
    assert (post["message"], post["link"]) == (TEXT, LINK)
    assert receipt == Receipt(number, f"https://www.facebook.com/{number}")
    assert fake.requests == ["POST me/feed"]


def test_a_text_without_link_has_no_preview(fake: FakeFacebook) -> None:
    """The variant without a link stays without one."""
    fake.account.publish(posting("The weir is gone.", link=""))

    assert [post["link"] for post in fake.posts.values()] == [""]


def test_a_picture_is_uploaded_with_its_description_before_anybody_sees_it(
    signed: FakeFacebook, picture: Path
) -> None:
    """The post then carries it in place of the link's preview; both requests are signed."""
    signed.account.publish(posting(image=picture, alt="Ein Wehr"))

    [photo] = signed.photos.values()
    assert photo == {"content": picture.read_bytes(), "alt": "Ein Wehr"}
    assert [post["link"] for post in signed.posts.values()] == [""]
    assert signed.requests == [f"POST {fakes.PAGE}/photos", f"POST {fakes.PAGE}/feed"]


def test_a_picture_without_a_description_says_nothing(fake: FakeFacebook, picture: Path) -> None:
    """Facebook then makes one up."""
    fake.account.publish(posting(image=picture))

    assert [photo["alt"] for photo in fake.photos.values()] == [""]


def test_a_picture_that_facebook_does_not_take_costs_the_post(fake: FakeFacebook, tmp_path: Path) -> None:
    """A person has to look at it."""
    path = tmp_path / "weir.webp"
    path.write_bytes(b"RIFF    WEBP")

    with pytest.raises(PermanentError, match=r"invalid image file; Facebook does not take") as caught:
        fake.account.publish(posting(image=path))

    assert (caught.value.code, fake.posts) == ("picture", {})


def test_an_upload_whose_answer_is_lost_is_no_doubt(fake: FakeFacebook, picture: Path) -> None:
    """Nobody has seen it, so another one does no harm."""
    fake.refusals = [fakes.refused(500, 1, "An unknown error occurred")]
    with pytest.raises(DeliveryError) as caught:
        fake.account.publish(posting(image=picture))
    assert caught.value.kind == "transient"

    fake.account.publish(posting(image=picture))
    assert len(fake.posts) == 1


def test_the_longest_text_is_counted_in_utf_16(fake: FakeFacebook) -> None:
    """A canoe is two, which no other way of counting exceeds."""
    assert fake.account.measure("🛶é") == 3
    assert (fake.account.limit, fake.account.fold) == (63_206, 477)


@pytest.mark.parametrize(
    ("code", "more", "kind", "name", "advice"),
    [
        (1500, {}, PermanentError, "1500", "Sharing Debugger"),
        (100, {"error_subcode": 1609005}, PermanentError, "100/1609005", "Sharing Debugger"),
        (324, {}, PermanentError, "picture", "picture"),
        (100, {"error_subcode": 1366046}, PermanentError, "picture", "picture"),
        (1, {"error_subcode": 1366051}, PermanentError, "duplicate", ""),
        (190, {"error_subcode": 463}, RefusedSenderError, "190/463", "has ended"),
        (200, {}, RefusedSenderError, "200", "permission"),
        (2, {"is_transient": True}, UnknownOutcomeError, "2", "may have been accepted"),
    ],
)
def test_what_facebook_says_tells_whose_fault_it_is(
    fake: FakeFacebook, *, code: int, more: dict[str, Any], kind: type[DeliveryError], name: str, advice: str
) -> None:
    """Its own words are kept."""
    fake.refusals = [fakes.refused(400, code, "Facebook's own words", **more)]

    with pytest.raises(DeliveryError) as caught:
        fake.account.publish(posting())

    assert (type(caught.value), caught.value.code) == (kind, name)
    assert "Facebook's own words" in caught.value.why
    assert advice in caught.value.why


def test_a_post_whose_answer_was_lost_is_found_on_the_page(fake: FakeFacebook) -> None:
    """With its own address, among others, however many come after it."""
    fake.rows = 2
    fake.fail("500 after commit")
    with pytest.raises(UnknownOutcomeError, match="retry your request later"):
        fake.account.publish(posting())
    [number] = fake.posts
    fake.posts[number]["message"] = TEXT.replace("\n\n", "\n")
    for later in range(5):
        fake.add(f"{fakes.PAGE}_{later}", f"Other words {later}")

    sighting = fake.account.look_up(posting())

    assert sighting == Sighting((Receipt(number, f"https://www.facebook.com/{number}"),), certain=True)


def test_the_same_words_of_last_month_are_not_this_post(fake: FakeFacebook) -> None:
    """A campaign may be published again; a post without words is passed over."""
    fake.add(f"{fakes.PAGE}_1", TEXT, ago=timedelta(days=30))
    fake.add(f"{fakes.PAGE}_2", "")

    assert fake.account.look_up(posting()) == Sighting(certain=True)


def test_a_duplicate_since_the_edition_was_frozen_is_our_own_post(fake: FakeFacebook) -> None:
    """The Page did not show it when it was looked for."""
    fake.add(f"{fakes.PAGE}_1", TEXT)
    noted: list[Receipt] = []
    made = posting()

    receipt = fake.account.publish(Posting(made.snippet, made.key, made.at, note=noted.append))

    assert [receipt.remote_id] == list(fake.posts)
    assert noted == [receipt]


def test_a_duplicate_of_an_older_post_is_for_a_person(fake: FakeFacebook) -> None:
    """Nothing was published."""
    fake.add(f"{fakes.PAGE}_1", TEXT, ago=timedelta(days=1))

    with pytest.raises(PermanentError, match="Duplicate status message") as caught:
        fake.account.publish(posting())

    assert caught.value.code == "duplicate"


def test_another_refusal_does_not_make_a_post_ours(fake: FakeFacebook) -> None:
    """Somebody has published the same words by hand."""
    fake.add(f"{fakes.PAGE}_1", TEXT)
    fake.refusals = [fakes.refused(403, 200, "Requires pages_manage_posts")]

    with pytest.raises(RefusedSenderError, match="Requires pages_manage_posts"):
        fake.account.publish(posting())


def test_a_page_that_was_not_read_to_its_end_leaves_the_doubt(fake: FakeFacebook) -> None:
    """The post may be among the others."""
    fake.add(f"{fakes.PAGE}_1", "Other words")
    row = {"id": "1", "message": "x", "created_time": fake.posts[f"{fakes.PAGE}_1"]["created_time"]}
    fake.refusals = [fakes.granted({"data": [row], "paging": {"next": "https://graph.facebook.com/next"}})]

    assert fake.account.look_up(posting()) == Sighting(certain=False)


def test_a_post_that_the_token_cannot_see_is_not_called_deleted(fake: FakeFacebook) -> None:
    """It is one of another Page, or the token may read it but not delete it."""
    with pytest.raises(RefusedSenderError, match="may not see it"):
        fake.account.retract(Receipt("4711_1"))

    receipt = fake.account.publish(posting())
    fake.refusals = [fakes.refused(400, 100, "Unsupported delete request.", error_subcode=33)]
    with pytest.raises(RefusedSenderError, match="Unsupported delete request"):
        fake.account.retract(receipt)
    assert len(fake.posts) == 1


def test_any_other_refusal_to_delete_is_told(fake: FakeFacebook) -> None:
    """The post still stands."""
    receipt = fake.account.publish(posting())
    fake.refusals = [fakes.granted({"success": False})]
    with pytest.raises(PermanentError, match=r"by hand https://www\.facebook\.com/"):
        fake.account.retract(receipt)
    fake.refusals = [fakes.refused(403, 200, "Requires pages_manage_posts")]
    with pytest.raises(RefusedSenderError, match="Requires pages_manage_posts"):
        fake.account.retract(receipt)


def test_a_post_that_a_person_confirmed_is_left_to_a_person(fake: FakeFacebook) -> None:
    """Its number is not known."""
    with pytest.raises(PermanentError, match=r"by hand https://www\.facebook\.com/x"):
        fake.account.retract(Receipt(url="https://www.facebook.com/x"))

    assert fake.requests == []


def test_standing_without_the_app_says_what_is_missing(fake: FakeFacebook) -> None:
    """The Page itself is known all the same."""
    standing = fake.account.standing()

    assert standing.who == "River Trust on Facebook"
    assert standing.facts[0] == f"Page {fakes.PAGE}, Graph API v23.0"
    assert "app_secret" in standing.facts[1]
    assert (standing.expires_at, standing.warnings) == (None, ())


def test_standing_with_the_app_tells_all_of_the_token(signed: FakeFacebook) -> None:
    """A token of a Page that never ends is how it should be."""
    standing = signed.account.standing()

    assert standing.facts[1] == "may: pages_manage_posts, pages_read_engagement, pages_show_list"
    assert (standing.expires_at, standing.warnings) == (None, ())


@pytest.mark.parametrize(
    ("told", "warning"),
    [
        ({"type": "USER"}, "the token of a person"),
        ({"scopes": ["pages_manage_posts"]}, "lacks pages_read_engagement"),
        ({"scopes": None}, "lacks pages_manage_posts and pages_read_engagement"),
        ({"expires_at": ends_in(3)}, "the token ends on"),
        ({"data_access_expires_at": ends_in(3)}, "may read the Page until"),
    ],
)
def test_standing_warns_of_what_will_go_wrong(
    signed: FakeFacebook, told: dict[str, Any], warning: str
) -> None:
    """Before it does."""
    signed.inspected |= told

    [found] = signed.account.standing().warnings

    assert warning in found


def test_a_token_that_has_time_is_not_warned_of(signed: FakeFacebook) -> None:
    """The sooner of its two ends is told."""
    signed.inspected |= {"expires_at": ends_in(59), "data_access_expires_at": ends_in(40)}
    standing = signed.account.standing()

    assert standing.expires_at == datetime.fromtimestamp(signed.inspected["data_access_expires_at"], UTC)
    assert standing.warnings == ()


def test_standing_warns_of_another_page_and_of_an_old_version(signed: FakeFacebook) -> None:
    """Facebook answers an old version with a later one."""
    signed.page["id"], signed.speaks = "5555", "v25.0"

    another, old = signed.account.standing().warnings

    assert another == f"the token belongs to Page 5555, not to {fakes.PAGE}: make one of that Page"
    assert old == "Graph API v23.0 has ended, v25.0 answers: put a later one into version"


def test_the_token_of_a_person_is_told_from_that_of_a_page(fake: FakeFacebook) -> None:
    """People have no category."""
    del fake.page["category"]

    with pytest.raises(RefusedSenderError, match=r"nonexisting field .+ make one of the Page"):
        fake.account.standing()


def test_the_wrong_secret_of_the_app_is_named(signed: FakeFacebook, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is published with it."""
    monkeypatch.setenv("PLANTED_FACEBOOK_APP", "another secret")

    with pytest.raises(RefusedSenderError, match="app_secret must be that of the app"):
        signed.account.publish(posting())

    assert signed.posts == {}


def test_the_secret_of_the_app_is_hidden_where_facebook_repeats_it(signed: FakeFacebook) -> None:
    """In what it says of the token, too."""
    words = f"Bad token {fakes.APP_ID}|{fakes.APP_SECRET} or {fakes.APP_SECRET}"
    signed.refusals = [fakes.granted(signed.page), fakes.refused(400, 190, words)]

    with pytest.raises(RefusedSenderError, match=r"Bad token \*\*\* or \*\*\*"):
        signed.account.standing()


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"api_url": "http://graph.example.org"}, "must look like"),
        ({"page": "River Trust"}, "not the number of a Page"),
        ({"version": "23"}, "must look like 'v23.0'"),
        ({"app_id": "44"}, "without app_secret"),
        ({"timeout_s": 0}, "timeout_s"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_once(settings: dict[str, Any], why: str) -> None:
    """Before anything is sent."""
    with pytest.raises(ValueError, match=why):
        Facebook("page", Secret("env", "X"), **settings)
