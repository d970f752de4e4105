"""LinkedIn: what is sent, how it is counted, and what becomes of words that stand already."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Response

from newsletter.errors import DeliveryError, PermanentError, UnknownOutcomeError
from newsletter.model import Card, Receipt, Snippet
from newsletter.secret import Secret
from newsletter.social.base import Posting
from newsletter.social.linkedin import LinkedIn, little
from tests.fakes import linkedin as fakes
from tests.fakes import linkedin_text
from tests.fakes.linkedin import PAGE, PERSON
from tests.fakes.linkedin_login import TOKEN, answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from werkzeug import Request

    from tests.fakes.linkedin import FakeLinkedIn

LINK = "https://rivertrust.example/act_now?utm_source=linkedin&utm_campaign=autumn_26"
TEXT = f"The weir (old) is gone. @[River Trust](urn:li:organization:42)\n\nHelp? {LINK}\n\n#Rivers"
WIRE = (
    "The weir \\(old\\) is gone. @[River Trust](urn:li:organization:42)\n\nHelp? "
    "https://rivertrust.example/act\\_now?utm\\_source=linkedin&utm\\_campaign=autumn\\_26"
    "\n\n{hashtag|\\#|Rivers}"
)
CARD = Card(LINK, "Otters (are) back", "After forty years.", "card.jpg")
SHARE = "urn:li:share:7141138937766391808"
NOW = datetime.now(UTC)
AT = NOW - timedelta(minutes=1)
MENTION = st.just("@[River Trust](urn:li:organization:42)")


@pytest.fixture
def fake(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLinkedIn]:
    """Return LinkedIn with a page; what is sent there is right in every test."""
    server = fakes.play(httpserver, monkeypatch)
    yield server
    assert server.complaints() == []


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a file that begins like a JPEG."""
    path = tmp_path / "Flußwehr.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0 picture")
    return path


def posting(
    text: str = TEXT,
    *,
    image: Path | None = None,
    alt: str = "",
    card: Card | None = None,
    card_image: Path | None = None,
) -> Posting:
    """Return what the page is to publish."""
    name = image.name if image else ""
    snippet = Snippet("page", "linkedin", text, link=LINK, image=name, alt=alt, card=card)
    return Posting(snippet, "d-1", AT, image, card_image)


def test_a_text_is_one_request_and_its_urn_is_kept(fake: FakeLinkedIn) -> None:
    """The URN comes in a header, the permalink is made of it."""
    receipt = fake.account.publish(posting())

    ((urn, post),) = fake.posts.items()
    assert fake.requests == ["POST /rest/posts"]
    assert post["commentary"] == WIRE
    assert fake.seen()[0].text == TEXT
    assert (receipt.remote_id, receipt.url) == (urn, f"https://www.linkedin.com/feed/update/{urn}/")


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("Help (now) #EndSlavery @ISJ_org", r"Help \(now\) {hashtag|\#|EndSlavery} \@ISJ\_org"),
        (r"a\b|c{d}e[f]<g>*h*~i~", r"a\\b\|c\{d\}e\[f\]\<g\>\*h\*\~i\~"),
        (
            "#River_Trust #नदी #1 C# #2x",
            r"{hashtag|\#|River\_Trust} {hashtag|\#|नदी} \#1 C\# {hashtag|\#|2x}",
        ),
        ("https://a.example/#frag_1?#x &#39; ##Two", r"https://a.example/\#frag\_1?\#x &\#39; \#\#Two"),
        ("@[Co_op (UK)](urn:li:organization:7)", r"@[Co\_op \(UK\)](urn:li:organization:7)"),
        ("@[Ann](urn:li:person:aB-1)", "@[Ann](urn:li:person:aB-1)"),
        ("@[Ann] (urn:li:person:aB)", r"\@\[Ann\] \(urn:li:person:aB\)"),
        ("@[Ann](https://a.example)", r"\@\[Ann\]\(https://a.example\)"),
    ],
)
def test_reserved_characters_are_escaped_and_marks_are_not(text: str, wire: str) -> None:
    """What is bare by mistake cuts a post off, without a word."""
    account = LinkedIn("page", PAGE)

    assert little.written(text) == wire
    assert account.measure(text) == len(wire)


@given(st.lists(st.text(st.characters(codec="utf-8")) | MENTION | st.sampled_from("#@[]()_\\{|}")))
def test_every_text_is_read_as_it_was_written(pieces: list[str]) -> None:
    """By a reader of its own, which counts by itself."""
    text = "".join(pieces)
    shown, length, broken = linkedin_text.read(little.written(text))

    assert (shown, broken) == (text, "")
    assert LinkedIn("page", PAGE).measure(text) == length
    assert little.same(text, little.written(text))


@pytest.mark.parametrize(
    ("commentary", "alike"),
    [
        (WIRE, True),
        (WIRE.replace("{hashtag|\\#|Rivers}", "#Rivers"), True),
        (WIRE.replace(little.written(LINK), "https://lnkd.in/eXb\\_7-q") + " \n", True),
        (WIRE.replace("42)", "43)"), True),
        (WIRE.replace("gone", "back"), False),
        (WIRE.replace("26", "27"), False),
        (WIRE.replace(little.written(LINK), ""), False),
        (WIRE[:60], False),
        ("", False),
    ],
)
def test_words_are_known_again_when_linkedin_gives_them_back(commentary: str, *, alike: bool) -> None:
    """It may shorten addresses and write marks in another way, but nothing else."""
    assert little.same(TEXT, commentary) is alike


def test_a_text_beyond_the_limit_is_refused_by_linkedin_too(fake: FakeLinkedIn) -> None:
    """Escapes count, and an emoji counts two."""
    longest = "🛶_" * 5 + "x" * (fake.account.limit - 20)
    assert fake.account.measure(longest) == fake.account.limit

    fake.account.publish(posting(longest))
    with pytest.raises(PermanentError, match="escapes count") as caught:
        fake.account.publish(posting(f"{longest}x"))

    assert caught.value.code == "length"
    assert len(fake.posts) == 1


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"author": "River Trust"}, "author = 'River Trust'"),
        ({"author": "urn:li:share:1"}, "author ="),
        ({"author": "urn:li:organization:abc"}, "author ="),
        ({"version": "202613"}, "version = '202613'"),
        ({"client_id": "x"}, "belong together"),
        ({"client_secret": Secret("env", "X")}, "belong together"),
        ({"api_url": "http://api.example"}, "http://api.example"),
        ({"oauth_url": "http://login.example"}, "http://login.example"),
        ({"timeout_s": 0}, "timeout_s"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], why: str) -> None:
    """Before anything is sent."""
    with pytest.raises(ValueError, match=why):
        replace(LinkedIn("page", PAGE), **settings)


@pytest.mark.parametrize("author", ["5583111", PAGE])
def test_a_page_may_be_named_by_its_number(fake: FakeLinkedIn, author: str) -> None:
    """It is in the address of the page for its administrators."""
    replace(fake.account, author=author).publish(posting())

    assert [post["author"] for post in fake.posts.values()] == [PAGE]


def test_a_person_can_post_too(fake: FakeLinkedIn) -> None:
    """With the scope for that."""
    fake.login.scopes = frozenset({"w_member_social"})
    replace(fake.account, author=PERSON).publish(posting())

    assert [post["author"] for post in fake.posts.values()] == [PERSON]


def test_the_card_is_ours_to_make(fake: FakeLinkedIn, picture: Path) -> None:
    """LinkedIn looks nothing up on the page."""
    fake.account.publish(posting(card=CARD, card_image=picture))

    (post,) = fake.posts.values()
    ((urn, content),) = fake.images.items()
    assert content == picture.read_bytes()
    assert post["content"] == {
        "article": {
            "source": LINK,
            "title": "Otters (are) back",
            "description": "After forty years.",
            "thumbnail": urn,
        }
    }


def test_a_long_card_is_cut_to_what_linkedin_takes(fake: FakeLinkedIn) -> None:
    """The post matters more than the end of its card."""
    fake.account.publish(posting(card=Card(LINK, "t" * 500, "d" * 5000)))

    (post,) = fake.posts.values()
    assert [len(post["content"]["article"][name]) for name in ("title", "description")] == [400, 4086]


@pytest.mark.parametrize("trouble", ["gone", "no picture", "refused", "elsewhere"])
def test_a_card_picture_that_fails_does_not_cost_the_post(
    fake: FakeLinkedIn, picture: Path, tmp_path: Path, trouble: str
) -> None:
    """The card goes without it."""
    if trouble == "gone":
        picture = tmp_path / "gone.jpg"
    elif trouble == "no picture":
        picture.write_bytes(b"<html>")
    elif trouble == "refused":
        fake.refusals = [answer(500, {"message": "Internal Server Error"})]
    else:
        fake.upload_url = "http://uploads.example/x"
    fake.account.publish(posting(card=CARD, card_image=picture))

    (seen,) = fake.seen()
    (post,) = fake.posts.values()
    assert seen.card == CARD.title
    assert "thumbnail" not in post["content"]["article"]


def test_a_picture_stands_in_the_place_of_the_card(fake: FakeLinkedIn, picture: Path) -> None:
    """A post has one of them."""
    fake.account.publish(posting(image=picture, alt="A weir", card=CARD, card_image=picture))

    (seen,) = fake.seen()
    assert (seen.has_image, seen.alt, seen.card) == (True, "A weir", "")
    assert [request.split("/")[1] for request in fake.requests] == ["rest", "dms-uploads", "rest"]


@pytest.mark.parametrize("url", ["http://uploads.example/x", "ftp://127.0.0.1/x", "https://a b/", ""])
def test_a_picture_goes_only_where_it_is_safe(fake: FakeLinkedIn, picture: Path, url: str) -> None:
    """An answer cannot lead it, and the token, out in the clear."""
    fake.upload_url = url or "x"
    with pytest.raises(DeliveryError, match="not one of this API"):
        fake.account.publish(posting(image=picture))

    assert not fake.posts


def test_a_host_that_is_not_linkedins_gets_no_token(fake: FakeLinkedIn, picture: Path) -> None:
    """Its address is signed; that is enough."""
    got: list[str | None] = []

    def take(request: Request) -> Response:
        got.append(request.headers.get("Authorization"))
        fake.images["urn:li:image:C4D0AQ"] = request.get_data()
        return Response(status=201)

    with HTTPServer(host="127.0.0.1", port=0) as other:
        other.expect_request("/signed", method="PUT").respond_with_handler(take)
        fake.upload_url = f"{other.url_for('/signed')}?signature=1"
        fake.account.publish(posting(image=picture))

    assert got == [None]
    assert fake.seen()[0].has_image


def test_what_an_upload_says_never_holds_its_address(fake: FakeLinkedIn, picture: Path) -> None:
    """Whoever knows it can put another picture there."""
    picture.write_bytes(b"GIF?")
    with pytest.raises(PermanentError, match="no image") as caught:
        fake.account.publish(posting(image=picture, alt="A weir"))

    assert "planted" not in str(caught.value)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("header", ["", "urn:li:person:1", "<html>"])
def test_a_success_without_a_post_is_no_success(fake: FakeLinkedIn, header: str) -> None:
    """Nobody knows what it was."""
    fake.refusals = [Response(status=201, headers={"x-restli-id": header} if header else {})]
    with pytest.raises(UnknownOutcomeError):
        fake.account.publish(posting())


def test_words_that_stand_already_are_ours_when_they_are_read_there(fake: FakeLinkedIn) -> None:
    """The answer to our first try was lost; nothing is published twice."""
    fake.place(SHARE, WIRE, NOW)
    noted: list[Receipt] = []
    receipt = fake.account.publish(replace(posting(), note=noted.append))

    assert receipt.remote_id == SHARE
    assert noted == [receipt]
    assert list(fake.posts) == [SHARE]


def test_words_that_stood_before_the_edition_have_to_be_changed(fake: FakeLinkedIn) -> None:
    """They cannot be ours."""
    fake.place(SHARE, WIRE, AT - timedelta(days=1))
    with pytest.raises(PermanentError, match=f"only once; they stand since .* at .*{SHARE}") as caught:
        fake.account.publish(posting())

    assert caught.value.code == "duplicate"


@pytest.mark.parametrize("trouble", ["deleted", "no scope", "other words", "other author", "in the works"])
def test_words_that_cannot_be_compared_leave_it_unknown(fake: FakeLinkedIn, trouble: str) -> None:
    """With the post that LinkedIn names, for the person who looks."""
    fake.place(SHARE, WIRE, NOW)
    if trouble == "deleted":
        fake.posts.clear()
    elif trouble == "no scope":
        fake.login.scopes = frozenset({"w_organization_social"})
    else:
        change = {
            "other words": {"commentary": "Something else"},
            "other author": {"author": "urn:li:organization:9"},
            "in the works": {"lifecycleState": "PUBLISH_REQUESTED"},
        }
        fake.posts[SHARE] |= change[trouble]
    with pytest.raises(UnknownOutcomeError, match=SHARE) as caught:
        fake.account.publish(posting())

    assert caught.value.code == "duplicate"
    assert not caught.value.__cause__


def test_a_duplicate_without_a_name_is_unknown_too(fake: FakeLinkedIn) -> None:
    """There is nothing to compare."""
    fake.refusals = [fakes.invalid(422, "Duplicate post is detected", "DUPLICATE_POST")]
    with pytest.raises(UnknownOutcomeError, match="does not name"):
        fake.account.publish(posting())

    assert fake.requests == ["POST /rest/posts"]


def test_a_post_that_is_gone_counts_as_retracted(fake: FakeLinkedIn) -> None:
    """LinkedIn says 204 or 404 to it."""
    fake.refusals = [answer(404, {"status": 404, "code": "NOT_FOUND"})]
    fake.account.retract(Receipt(SHARE))

    assert fake.requests == [f"DELETE /rest/posts/{SHARE}"]


def test_a_receipt_without_a_post_is_for_people(fake: FakeLinkedIn) -> None:
    """Nothing is deleted by guessing."""
    with pytest.raises(PermanentError, match=r"by hand https://linkedin\.example/1"):
        fake.account.retract(Receipt("", "https://linkedin.example/1"))

    assert fake.requests == []
