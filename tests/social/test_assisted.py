"""Assisted: the kit that a person publishes with, what it opens, and how its texts are counted."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from newsletter.errors import PermanentError, RefusedSenderError, TransientError, UnknownOutcomeError
from newsletter.model import Snippet
from newsletter.social.assisted import Assisted, intent_url
from newsletter.social.assisted.places import PLACES
from newsletter.social.base import Posting, Sighting

LINK = "https://rivertrust.example/act?utm_source=x&utm_campaign=autumn"
TEXT = f"The <weir> is gone & we're 🛶.\n\nCan you help? {LINK}\n\n#Rivers"
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def posting(*, image: Path | None = None, alt: str = "", account: str = "our x", text: str = TEXT) -> Posting:
    """Return what a person is to publish."""
    name = image.name if image else ""
    snippet = Snippet(account, "assisted", text, link=LINK, language="en", image=name, alt=alt)
    return Posting(snippet, "delivery-1", AT, image)


def kit_of(account: Assisted, made: Posting) -> Path:
    """Have the kit written and return its folder, the only one there is."""
    with pytest.raises(UnknownOutcomeError):
        account.publish(made)
    [folder] = account.path.iterdir()
    return folder


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a picture's file."""
    path = tmp_path / "Wehr & Fluß.png"
    path.write_bytes(b"\x89PNG picture")
    return path


def test_a_kit_holds_everything_a_person_needs(tmp_path: Path, picture: Path) -> None:
    """Text, picture and description as files, and a page that leads through them."""
    folder = kit_of(Assisted("our x", "x", tmp_path / "kits"), posting(image=picture, alt="A weir"))

    contents = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert contents.pop("open.html").startswith(b"<!DOCTYPE html>")
    assert contents == {
        "text.txt": f"{TEXT}\n".encode(),
        "alt.txt": b"A weir\n",
        "picture.png": b"\x89PNG picture",
    }
    assert folder.name.startswith("2026-03-02-our-x-")


def test_the_page_shows_texts_as_they_are_and_opens_the_network(tmp_path: Path, picture: Path) -> None:
    """Nothing of the text is taken for markup."""
    alt = 'A "weir" <b>'
    folder = kit_of(Assisted("our x", "x", tmp_path / "kits"), posting(image=picture, alt=alt))

    page = html.fromstring((folder / "open.html").read_bytes())
    assert [frame.text for frame in page.iter("pre")] == [
        TEXT,
        alt,
        "newsletter accounts confirm URL --account 'our x'",
    ]
    [image] = page.iter("img")
    assert (image.get("src"), image.get("alt")) == ("picture.png", alt)
    assert [link.get("href") for link in page.iter("a")] == [intent_url("x", TEXT, LINK), "picture.png"]
    assert page.find(".//b") is None


def test_a_page_without_picture_or_intent_asks_for_neither(tmp_path: Path) -> None:
    """There is a text to paste."""
    folder = kit_of(Assisted("main", path=tmp_path / "kits"), posting(account="main"))

    page = html.fromstring((folder / "open.html").read_bytes())
    assert sorted(path.name for path in folder.iterdir()) == ["open.html", "text.txt"]
    assert [len(list(page.iter(tag))) for tag in ("a", "img", "pre", "li")] == [0, 0, 2, 3]


def test_publishing_ends_in_words_that_say_what_to_do(tmp_path: Path) -> None:
    """The delivery waits for the person, and nothing is noted as published."""
    account = Assisted("our x", "bluesky", tmp_path / "kits")
    noted: list[object] = []
    made = posting()

    with pytest.raises(UnknownOutcomeError) as caught:
        account.publish(Posting(made.snippet, made.key, made.at, note=noted.append))

    [folder] = account.path.iterdir()
    assert caught.value.code == "by hand"
    assert caught.value.why == (
        f"a person publishes it on Bluesky: open {folder / 'open.html'}, "
        "then run: newsletter accounts confirm URL --account 'our x'"
    )
    assert noted == []
    assert account.look_up(made) == Sighting((), certain=False)
    assert Assisted.by_hand


def test_the_same_delivery_writes_the_same_kit_and_another_its_own(tmp_path: Path) -> None:
    """A repeat changes nothing; a strange name stays inside the folder."""
    account = Assisted("main", path=tmp_path / "out" / "kits")
    for made in (posting(), posting(), posting(account="../../x"), posting(account="é" * 300, text="Other")):
        with pytest.raises(UnknownOutcomeError):
            account.publish(made)

    assert len(list(account.path.iterdir())) == 3
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["kits"]


def test_a_missing_picture_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    """A kit without its picture would look finished."""
    with pytest.raises(PermanentError, match=r"gone\.png: the picture cannot be read") as caught:
        Assisted("main", path=tmp_path / "kits").publish(posting(image=tmp_path / "gone.png"))

    assert caught.value.code == "picture"
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_is_a_file_needs_a_person(tmp_path: Path) -> None:
    """Waiting does not mend it."""
    (tmp_path / "kits").write_text("in the way", encoding="utf-8")
    account = Assisted("main", path=tmp_path / "kits")

    with pytest.raises(RefusedSenderError, match="the folder cannot be written"):
        account.publish(posting())
    with pytest.raises(RefusedSenderError, match="the folder cannot be written"):
        account.standing()


def test_a_full_disk_is_tried_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No person is sent to half a kit."""

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(TransientError, match="No space left on device"):
        Assisted("main", path=tmp_path / "kits").publish(posting())


def test_standing_names_the_network_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """The folder is made when it is missing."""
    kits = tmp_path / "kits"

    assert Assisted("main", "linkedin", kits).standing().who == f"LinkedIn, by hand, with kits in {kits}"
    assert list(kits.iterdir()) == []


@pytest.mark.parametrize(
    ("network", "page", "parameters"),
    [
        ("bluesky", "https://bsky.app/intent/compose", {"text": [TEXT]}),
        ("x", "https://x.com/intent/post", {"text": [TEXT]}),
        ("threads", "https://www.threads.net/intent/post", {"text": [TEXT]}),
        ("linkedin", "https://www.linkedin.com/sharing/share-offsite/", {"url": [LINK]}),
        ("facebook", "https://www.facebook.com/sharer/sharer.php", {"u": [LINK]}),
    ],
)
def test_an_intent_link_carries_the_text_or_the_link_whole(
    network: str, page: str, parameters: dict[str, list[str]]
) -> None:
    """Whatever is in it."""
    parts = urlsplit(intent_url(network, TEXT, LINK))

    assert parts._replace(query="").geturl() == page
    assert parse_qs(parts.query, strict_parsing=True) == parameters


@pytest.mark.parametrize("network", ["instagram", "other", "mastodon"])
def test_where_there_is_no_such_page_there_is_no_link(network: str) -> None:
    """Nor where there is nothing to share."""
    assert intent_url(network, TEXT, LINK) == ""
    assert intent_url("linkedin", TEXT, "") == ""


@given(st.text())
def test_any_text_becomes_an_address(text: str) -> None:
    """Also one with half a character in it."""
    assert intent_url("x", text, "").isascii()


@pytest.mark.parametrize(
    ("network", "text", "length"),
    [
        ("bluesky", "né 👩‍👩‍👧‍👦", 4),
        ("bluesky", "👩‍👩‍👧‍👦" * 10, 25),
        ("x", "plain words", 11),
        ("x", "cafe\u0301", 4),
        ("x", "日本語", 6),
        ("x", "👍", 2),
        ("x", f"{LINK} and https://a.io", 51),
        ("x", "rivertrust.example.org", 23),
        ("x", "no.The next", 28),
        ("threads", "né 🙏🏽", 11),
        ("threads", "❤️", 6),
        ("linkedin", "né 🛶", 5),
        ("facebook", "né 🛶", 5),
        ("instagram", "né 🛶", 5),
        ("other", "né 🛶", 5),
    ],
)
def test_lengths_are_those_of_the_network(network: str, text: str, length: int) -> None:
    """As its page counts."""
    assert PLACES[network].measure(text) == length


@pytest.mark.parametrize(
    ("text", "least"), [("👨‍👩‍👧‍👦", 2), ("👍🏽", 2), ("x.みんな", 23), ("https://例え.example/ä", 23)]
)
def test_what_only_x_can_tell_is_never_counted_too_short(text: str, least: int) -> None:
    """A text that is refused is worse than one that could have been longer."""
    assert PLACES["x"].measure(text) >= least


@given(st.text(st.characters(exclude_characters=".:")))
def test_words_without_addresses_weigh_what_x_says(text: str) -> None:
    """By the ranges that X publishes."""
    light = (range(0x1100), range(0x2000, 0x200E), range(0x2010, 0x2020), range(0x2032, 0x2038))
    characters = unicodedata.normalize("NFC", text)

    weight = sum(1 if any(ord(one) in some for some in light) else 2 for one in characters)
    assert PLACES["x"].measure(text) == weight


def test_limits_are_those_of_the_network_unless_they_are_given(tmp_path: Path) -> None:
    """A server of one's own may take more."""
    limits = {name: place.limit for name, place in PLACES.items()}
    assert limits == {
        "bluesky": 300,
        "x": 280,
        "linkedin": 3000,
        "facebook": 63206,
        "threads": 500,
        "instagram": 2200,
        "other": 500,
    }
    assert Assisted("main", "x", tmp_path).limit == 280
    assert Assisted("main", "other", tmp_path, max_characters=5000).limit == 5000
    with pytest.raises(ValueError, match="must not be negative"):
        Assisted("main", max_characters=-1)


def test_what_instagram_does_not_do_is_told() -> None:
    """Others do it."""
    bare = Snippet("main", "assisted", "The weir is gone.")

    assert Assisted("main", "instagram").objections(bare) == ("Instagram takes no post without a picture",)
    assert len(Assisted("main", "instagram").objections(posting(image=Path("weir.jpg")).snippet)) == 1
    assert Assisted("main", "x").objections(bare) == ()
