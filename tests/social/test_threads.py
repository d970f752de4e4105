"""Threads: containers and what becomes of them, chains, counting, errors, and what an account tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.model import Receipt, Snippet
from newsletter.secret import Secret
from newsletter.social import threads
from newsletter.social.base import Posting, Sighting
from newsletter.social.threads import Threads
from tests.fakes import threads as fakes
from tests.fakes.facebook import granted, refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_httpserver import HTTPServer

    from tests.fakes.threads import FakeThreads

LINK = "https://rivertrust.example/act?utm_source=threads&utm_campaign=autumn"
TEXT = f"The weir is gone & we swim 🛶\n\nCan you help? {LINK}\n\n#Rivers"
CHAIN = ("First the weir went.", "Then the otters came.", TEXT)


@pytest.fixture
def fake(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeThreads]:
    """Return a Threads server with one profile; what is sent there is right in every test."""
    monkeypatch.setattr(threads.posts, "WAITS_S", (0.0, 0.0))
    server = fakes.play(httpserver, monkeypatch, tmp_path)
    yield server
    assert server.complaints() == []


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a file that begins like a JPEG, which the web finds."""
    path = tmp_path / "0f1e2d.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0 picture")
    return path


def posting(*texts: str, image: Path | None = None, link: str = LINK, alt: str = "", **more: Any) -> Posting:
    """Return what the profile is to publish; its edition was frozen an hour ago."""
    words = texts or (TEXT,)
    parts, name = (words if len(words) > 1 else ()), image.name if image else ""
    snippet = Snippet("profile", "threads", "\n".join(words), parts, link=link, image=name, alt=alt)
    return Posting(snippet, "d-1", datetime.now(UTC) - timedelta(hours=1), image, **more)


def containers(fake: FakeThreads) -> list[dict[str, Any]]:
    """Return the fields that containers were made with."""
    return [
        {name: value for name, value in made.items() if name != "status"} for made in fake.containers.values()
    ]


def test_a_text_is_prepared_with_the_preview_of_its_link_and_published(fake: FakeThreads) -> None:
    """Then it is asked where it can be seen."""
    receipt = fake.account.publish(posting())

    [(number, post)] = fake.posts.items()
    assert containers(fake) == [{"media_type": "TEXT", "text": TEXT, "link_attachment": LINK}]
    assert receipt == Receipt(number, post["permalink"])


def test_a_text_without_link_asks_for_no_preview(fake: FakeThreads) -> None:
    """Threads decides then."""
    fake.account.publish(posting("The weir is gone."))

    assert containers(fake) == [{"media_type": "TEXT", "text": "The weir is gone."}]


def test_a_post_whose_address_is_not_told_is_published_all_the_same(fake: FakeThreads) -> None:
    """It stands, and that is what counts."""
    fake.hides = True
    receipt = fake.account.publish(posting())

    assert receipt == Receipt(next(iter(fake.posts)), "")


def test_a_picture_is_fetched_from_the_web_with_its_description(fake: FakeThreads, picture: Path) -> None:
    """By its name in the edition, which the public pages serve."""
    fake.account.publish(posting(image=picture, alt="Ein Wehr"))

    url = f"{fakes.PICTURES_URL}/{picture.name}"
    expected = {"media_type": "IMAGE", "text": TEXT, "image_url": url, "alt_text": "Ein Wehr"}
    assert containers(fake) == [expected]
    assert fake.account.objections(posting(image=picture).snippet) == ()


def test_a_picture_that_the_web_does_not_find_is_named(fake: FakeThreads, tmp_path: Path) -> None:
    """Nothing is published."""
    path = tmp_path / "elsewhere" / "0f1e2d.jpg"
    path.parent.mkdir()
    path.write_bytes(b"\xff\xd8\xff")

    with pytest.raises(PermanentError, match=r"private window: FAILED_DOWNLOADING_IMAGE") as caught:
        fake.account.publish(posting(image=path))

    assert (caught.value.code, fake.posts) == ("picture", {})


@pytest.mark.parametrize(("link", "instead"), [(LINK, "the preview of its link"), ("", "nothing")])
def test_without_an_address_for_pictures_the_text_goes_alone(
    fake: FakeThreads, picture: Path, *, link: str, instead: str
) -> None:
    """And that was said before."""
    account = replace(fake.account, pictures_url="")
    made = posting(image=picture, link=link)
    [objection] = account.objections(made.snippet)
    assert f"{instead} stands in its place" in objection

    account.publish(made)
    assert [seen.has_image for seen in fake.seen()] == [False]


def test_a_container_is_waited_for(fake: FakeThreads) -> None:
    """Twice here; pictures take a moment."""
    fake.unready = 2
    fake.account.publish(posting())

    assert len(fake.posts) == 1


@pytest.mark.parametrize("status", ["IN_PROGRESS", "ERROR", "EXPIRED"])
def test_a_text_that_cannot_be_prepared_is_tried_again_later(fake: FakeThreads, status: str) -> None:
    """Nobody has seen anything."""
    fake.becomes = status
    with pytest.raises(TransientError, match=f"has not prepared the post: {status}"):
        fake.account.publish(posting())

    assert fake.posts == {}


def test_a_container_that_is_not_known_everywhere_yet_is_tried_again_later(fake: FakeThreads) -> None:
    """Error 24 comes moments after it was told to be ready; nothing was published."""
    fake.forgets = True
    with pytest.raises(TransientError, match="The requested resource does not exist"):
        fake.account.publish(posting())


@pytest.mark.parametrize("fault", ["lost after commit", "500 after commit"])
def test_a_container_that_was_published_decides_a_doubt_at_once(fake: FakeThreads, fault: str) -> None:
    """The timeline then gives the post's number; one request was made that publishes."""
    fake.fail(fault)
    receipt = fake.account.publish(posting())

    [(number, post)] = fake.posts.items()
    assert receipt == Receipt(number, post["permalink"])
    assert fake.requests.count("POST me/threads_publish") == 1


def test_a_container_that_was_published_without_being_listed_leaves_the_doubt(fake: FakeThreads) -> None:
    """It may show in a minute."""
    fake.fail("500 after commit")
    fake.hides = True
    with pytest.raises(UnknownOutcomeError, match="may have been accepted"):
        fake.account.publish(posting())

    assert len(fake.posts) == 1


def test_a_container_that_cannot_be_asked_leaves_the_doubt(fake: FakeThreads) -> None:
    """A later look tells."""
    fake.fail("lost after commit")
    fake.then = [refused(500, 2, "Try later")]
    with pytest.raises(UnknownOutcomeError):
        fake.account.publish(posting())

    assert len(fake.account.look_up(posting()).receipts) == 1


def test_a_chain_has_its_picture_first_and_its_preview_with_its_link(
    fake: FakeThreads, picture: Path
) -> None:
    """Each post answers the one before."""
    fake.account.publish(posting(*CHAIN, image=picture))

    first, second, third = fake.posts
    url = f"{fakes.PICTURES_URL}/{picture.name}"
    assert containers(fake) == [
        {"media_type": "IMAGE", "text": CHAIN[0], "image_url": url},
        {"media_type": "TEXT", "text": CHAIN[1], "reply_to_id": first},
        {"media_type": "TEXT", "text": CHAIN[2], "link_attachment": LINK, "reply_to_id": second},
    ]
    assert third not in (first, second)


def test_a_token_that_ends_in_the_middle_leaves_what_stands(fake: FakeThreads) -> None:
    """With a new token it goes on after it."""
    noted: list[Receipt] = []
    fake.fail("", "revoked")
    with pytest.raises(RefusedSenderError, match="the token has ended"):
        fake.account.publish(posting(*CHAIN, note=noted.append))
    assert len(noted) == len(fake.posts) == 1

    fake.tokens.append(fakes.TOKEN)
    (fake.pictures / "tokens").rename(fake.pictures / "old")
    receipt = fake.account.publish(posting(*CHAIN, done=tuple(noted), note=noted.append))

    assert receipt == noted[0]
    assert [post["text"] for post in fake.posts.values()] == list(CHAIN)


def test_a_lost_answer_in_a_chain_is_found_among_the_answers(fake: FakeThreads) -> None:
    """Not among the posts that begin something."""
    noted: list[Receipt] = []
    fake.fail("", "lost after commit")
    fake.account.publish(posting(*CHAIN, note=noted.append))

    assert [receipt.remote_id for receipt in noted] == list(fake.posts)


def test_a_chain_is_found_again_post_by_post(fake: FakeThreads) -> None:
    """What answers another post, or stands there already, is not the next one."""
    same = ("Again.", "Again.", "Again.")
    fake.add("1", "Again.", ago=timedelta(days=30))
    fake.add("2", "Again.")
    fake.add("3", "Again.", replied_to={"id": "1"})
    fake.add("4", "Again.", replied_to={"id": "2"})
    sighting = fake.account.look_up(posting(*same))

    assert ([receipt.remote_id for receipt in sighting.receipts], sighting.certain) == (["2", "4"], True)

    done = sighting.receipts[:1]
    assert fake.account.look_up(posting(*same, done=done)) == sighting


@pytest.mark.parametrize("unread", [0, 1])
def test_a_chain_is_in_doubt_when_posts_or_answers_were_not_read_to_their_end(
    fake: FakeThreads, unread: int
) -> None:
    """What is missing may be among the others."""
    row = {"id": "1", "text": "x", "timestamp": datetime.now(UTC).isoformat()}
    bodies: list[dict[str, Any]] = [{"data": []}, {"data": []}]
    bodies[unread] = {"data": [row], "paging": {"next": "https://graph.threads.net/next"}}
    fake.refusals = [granted(body) for body in bodies]

    assert fake.account.look_up(posting(*CHAIN)) == Sighting(certain=False)


def test_one_post_is_looked_for_without_reading_answers(fake: FakeThreads) -> None:
    """So its token needs no right to read them; a topic loses its sign."""
    fake.add("2", TEXT.replace("#", ""))
    sighting = fake.account.look_up(posting())

    assert sighting == Sighting((Receipt("2", fake.posts["2"]["permalink"]),), certain=True)
    assert "GET me/replies" not in fake.requests


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("Café", 4),
        ("Cafe\u0301", 5),
        ("🛶", 4),
        ("👨‍👩‍👧", 18),
        ("🇬🇧", 8),
        ("1️⃣", 7),
        ("❤️", 6),
        ("\U0001d41bold", 5),
        (LINK, len(LINK)),
    ],
)
def test_an_emoji_counts_its_bytes_and_an_address_all_of_it(
    fake: FakeThreads, *, text: str, length: int
) -> None:
    """What else there is counts as it is stored, in UTF-16."""
    assert fake.account.measure(text) == length


@given(st.text(st.characters(codec="utf-8")))
def test_nothing_is_longer_there_than_here(text: str) -> None:
    """Counted by hand for emoji that are ones beyond doubt."""
    assert fakes.counted(text) <= Threads("profile", Secret("env", "X")).measure(text)


def test_too_many_links_are_objected_to(fake: FakeThreads) -> None:
    """The same one twice is one; Threads refuses the container."""
    links = [f"https://rivertrust.example/{number}" for number in range(5)]
    most = " ".join([*links, f"({links[0]})."])
    assert fake.account.objections(posting(most).snippet) == ()
    fake.account.publish(posting(most, link=""))

    [objection] = fake.account.objections(posting("Hello.", f"{most} www.rivertrust.example").snippet)
    assert objection == "post 2 has 6 links and Threads takes 5"
    with pytest.raises(PermanentError, match=r"LINK_LIMIT_EXCEEDED; it has more links"):
        fake.account.publish(posting(f"{most} https://rivertrust.example", link=""))


@pytest.mark.parametrize(
    ("code", "more", "kind", "name", "advice"),
    [
        (1, {"error_subcode": 2207052}, PermanentError, "picture", "private window"),
        (9, {"error_subcode": 2207042}, TransientError, "9/2207042", "24 hours"),
        (4, {"error_subcode": 2207051}, RefusedSenderError, "4/2207051", "restricted"),
        (10, {}, RefusedSenderError, "10", "permission"),
        (2, {}, TransientError, "2", ""),
        (100, {}, PermanentError, "100", ""),
    ],
)
def test_what_threads_says_of_a_container_tells_whose_fault_it_is(
    fake: FakeThreads, *, code: int, more: dict[str, Any], kind: type[DeliveryError], name: str, advice: str
) -> None:
    """Its own words are kept; nobody is in doubt, for nobody sees a container."""
    fake.refusals = [refused(400, code, "Meta's own words", **more)]

    with pytest.raises(DeliveryError) as caught:
        fake.account.publish(posting())

    assert (type(caught.value), caught.value.code) == (kind, name)
    assert "Meta's own words" in caught.value.why
    assert advice in caught.value.why


def test_a_post_of_somebody_else_is_not_called_deleted(fake: FakeThreads) -> None:
    """The account was pointed at another profile since, or the token may not delete."""
    receipt = fake.account.publish(posting())
    fake.refusals = [refused(400, 24, "The requested resource does not exist")]
    with pytest.raises(RefusedSenderError, match="does not exist"):
        fake.account.retract(receipt)

    fake.posts.clear()
    fake.username = "another"
    with pytest.raises(RefusedSenderError, match="does not exist"):
        fake.account.retract(receipt)


def test_a_post_that_is_not_deleted_is_left_to_a_person(fake: FakeThreads) -> None:
    """Also one whose number is not known."""
    fake.refusals = [granted({"success": False})]
    for remote_id in ("", "18"):
        with pytest.raises(PermanentError, match=r"by hand https://www\.threads\.com/x"):
            fake.account.retract(Receipt(remote_id, "https://www.threads.com/x"))


@pytest.mark.parametrize(("used", "warned"), [(3, False), (250, True)])
def test_standing_tells_name_and_quota(fake: FakeThreads, *, used: int, warned: bool) -> None:
    """And warns when nothing is left of it."""
    fake.used = used
    standing = fake.account.standing()

    assert standing.who == "@rivertrust on Threads"
    assert standing.facts == (f"{250 - used} of 250 posts in 24 hours are left",)
    assert bool(standing.warnings) is warned


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"api_url": "http://graph.example.org"}, "must look like"),
        ({"pictures_url": "news.rivertrust.example/v/images"}, "must look like"),
        ({"timeout_s": 0}, "timeout_s"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_once(settings: dict[str, Any], why: str) -> None:
    """Before anything is sent."""
    with pytest.raises(ValueError, match=why):
        Threads("profile", Secret("env", "X"), **settings)
