"""Bluesky: what a post shows, how long that is, and the keys and identifiers of its record."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model import Snippet
from newsletter.social.base import Posting
from newsletter.social.bluesky import cids, records, texts

TEXTS = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.sampled_from(
            ["https://www.trust.example/a/long/path/to/the/weir?x=1", "#Rivers", "@otters.bsky.example"]
        ),
        st.sampled_from([" ", "\n", "🙏🏽", "\u200d", "\u0301", "(", ").", "é"]),
    ),
    max_size=40,
).map("".join)


@pytest.mark.parametrize(
    ("text", "shown", "marked"),
    [
        ("See https://trust.example", "See trust.example", ["trust.example→https://trust.example"]),
        ("See https://trust.example/.", "See trust.example.", ["trust.example→https://trust.example/"]),
        ("HTTPS://WWW.Trust.example/a", "Trust.example/a", ["Trust.example/a→HTTPS://WWW.Trust.example/a"]),
        ("http://trust.example?a=1", "trust.example…", ["trust.example…→http://trust.example?a=1"]),
        ("http://trust.example/a#b!", "trust.example/a…!", ["trust.example/a…→http://trust.example/a#b"]),
        (
            "(https://wiki.example/Weir_(dam))",
            "(wiki.example/Weir_(dam))",
            ["wiki.example/Weir_(dam)→https://wiki.example/Weir_(dam)"],
        ),
        (
            "https://trust.example/rivers/otters/and/more",
            "trust.example/rivers/otters/and/m…",
            ["trust.example/rivers/otters/and/m…→https://trust.example/rivers/otters/and/more"],
        ),
        (
            "https://trust.example/é/水。",
            "trust.example/é/水。",
            ["trust.example/é/水→https://trust.example/é/水"],
        ),
        (
            "https://bank.example@evil.example/x",
            "https://bank.example@evil.example/x",
            ["https://bank.example@evil.example/x→https://bank.example@evil.example/x"],
        ),
        ("#Rivers, #été, #1st", "#Rivers, #été, #1st", ["#Rivers→Rivers", "#été→été", "#1st→1st"]),
        ("No. #1, a#b, &#39; and ##", "No. #1, a#b, &#39; and ##", []),
        ("#" + "x" * 65, "#" + "x" * 65, []),
        ("By @Otters.bsky.test!", "By @Otters.bsky.test!", ["@Otters.bsky.test→otters.bsky.test"]),
        ("us@trust.example, @otters, @a.b.é", "us@trust.example, @otters, @a.b.é", []),
        ("xhttps://trust.example and https://", "xhttps://trust.example and https://", []),
        ("half \ud83d of it", "half ? of it", []),
    ],
)  # fmt: skip
def test_what_is_shown_and_what_works_in_it(text: str, shown: str, marked: list[str]) -> None:
    """Signs of the sentence stay outside, hosts stay whole."""
    found = texts.show(text)

    assert found.text == shown
    assert [
        f"{shown.encode()[mark.start : mark.end].decode()}→{mark.target}" for mark in found.marks
    ] == marked


@given(TEXTS)
def test_facets_are_whole_characters_apart_from_each_other(text: str) -> None:
    """Wherever they stand in any text."""
    shown = texts.show(text)
    sent = shown.text.encode()

    places = [(facet["index"]["byteStart"], facet["index"]["byteEnd"]) for facet in texts.facets(shown, str)]

    assert [place for both in places for place in both] == sorted(place for both in places for place in both)
    for start, end in places:
        assert 0 <= start < end <= len(sent)
        assert sent[start:end].decode()


@given(TEXTS)
def test_what_we_call_short_enough_is_within_both_limits(text: str) -> None:
    """Counted anew, on exactly what is sent."""
    sent = texts.show(text).text
    length = texts.measure(text)

    assert length >= len(regex.findall(r"\X", sent))
    assert (len(sent.encode()) > 3000) <= (length > 300)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("né👩\u200d🚒", 3),
        ("x" * 300, 300),
        # Ten bytes are worth a character, so that 3001 are worth 301.
        ("e" + "\u0301" * 1500, 301),
        ("e" + "\u0301" * 1499, 300),
        # Servers with an older Unicode take these apart.
        ("\u0915\u094d\u0937", 2),
        ("https://www.trust.example/rivers", len("trust.example/rivers")),
    ],
)
def test_lengths_are_characters_as_readers_see_them_or_tenths_of_bytes(text: str, length: int) -> None:
    """Whichever is more."""
    assert texts.measure(text) == length


def test_a_mention_that_nobody_has_is_plain_text() -> None:
    """The words stay."""
    shown = texts.show("With @otters.bsky.example")

    assert texts.facets(shown, lambda _handle: "") == []


def test_identifiers_are_those_of_the_real_server() -> None:
    """@atproto/pds answered with these."""
    post = {"$type": "app.bsky.feed.post", "langs": ["en"]}
    first = {
        "uri": "at://did:plc:3j52kcyxv67za3dayc3bjmka/app.bsky.feed.post/3n2zrnzict7nu",
        "cid": "bafyreieilxhut565ftvzy6nlxa3xdq7mfsqrxbmngazhmux2hsqa2ukehy",
    }
    second = {
        "uri": "at://did:plc:3j52kcyxv67za3dayc3bjmka/app.bsky.feed.post/3n2zrnzidh7e4",
        "cid": "bafyreidofpxq5t22fwpgwtzlyyctgiqh22xaf7ngpqvyclsjjrldodxyn4",
    }
    tag = {"$type": "app.bsky.richtext.facet#tag", "tag": "One"}

    assert (
        cids.cid_of(
            {
                **post,
                "text": "First 🙏🏽 #One",
                "createdAt": "2026-11-24T04:11:34.989Z",
                "facets": [{"index": {"byteStart": 15, "byteEnd": 19}, "features": [tag]}],
            }
        )
        == first["cid"]
    )
    assert (
        cids.cid_of(
            {
                **post,
                "text": "End",
                "createdAt": "2026-11-24T04:11:34.991Z",
                "reply": {"root": first, "parent": second},
            }
        )
        == "bafyreiffut5tb7sb7j4wf623nmdlbbz72yfafqodkqccddgy5x5g2uk2ki"
    )


def test_the_identifier_of_a_picture_is_a_link() -> None:
    """Its bytes are in the record, not its letters; @atproto/pds answered with this."""
    link = "bafkreid6htell6d5fhlam6v3s27ldimzmpexi4vcnhnzhhmyspivnxerga"

    assert cids.encode({"$link": link}).hex().startswith("d82a58250001551220")
    assert cids.encode({"$link": link, "more": 1}).hex().startswith("a2")


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "00"),
        (23, "17"),
        (24, "1818"),
        (255, "18ff"),
        (256, "190100"),
        (65_536, "1a00010000"),
        (2**32, "1b0000000100000000"),
        ("é", "62c3a9"),
        ([1, "a"], "82016161"),
        # Shorter names come first.
        ({"bb": 1, "c": 2}, "a261630262626201"),
    ],
)
def test_values_are_encoded_as_dag_cbor_prescribes(value: object, encoded: str) -> None:
    """The examples are those of RFC 8949, appendix A, and of its rules."""
    assert cids.encode(value).hex() == encoded


@pytest.mark.parametrize("value", [None, True, 1.5, -1, b"x", {"a": None}])
def test_values_that_no_record_of_ours_has_are_refused(value: object) -> None:
    """Rather than given a wrong identifier."""
    with pytest.raises(TypeError, match="no record of ours"):
        cids.encode(value)


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2099, 1, 1), timezones=st.just(timezone(timedelta(hours=2)))),  # noqa: DTZ001 - hypothesis adds the zone
    st.text(max_size=5),
)
def test_keys_are_tids_that_ascend_along_a_thread_and_never_change(at: datetime, key: str) -> None:
    """Wherever and whenever they are made."""
    thread = Snippet("river", "bluesky", "a\n\nb\n\nc", parts=("a", "b", "c"))
    posting = Posting(thread, key, at)

    keys = [records.place_of("did:plc:x", posting, number).rkey for number in range(3)]

    assert keys == sorted(set(keys))
    assert keys == [records.place_of("did:plc:x", posting, number).rkey for number in range(3)]
    assert all(re.fullmatch(r"[234567a-j][234567a-z]{12}", key) for key in keys)


def test_times_are_utc_a_millisecond_apart() -> None:
    """Apps show a thread in this order."""
    at = datetime(2026, 3, 2, 10, 0, 0, 999_600, timezone(timedelta(hours=1)))
    posting = Posting(Snippet("river", "bluesky", "a\n\nb", parts=("a", "b")), "d-1", at)

    assert [records.created_at(posting, number) for number in range(2)] == [
        "2026-03-02T09:00:00.999Z",
        "2026-03-02T09:00:01.000Z",
    ]


def test_two_deliveries_of_one_moment_have_different_keys() -> None:
    """Two accounts of config.toml may be one account there."""
    at, snippet = datetime(2026, 3, 2, 9, tzinfo=UTC), Snippet("river", "bluesky", "a")

    keys = {
        records.place_of("did:plc:x", Posting(snippet, f"d-{number}", at), 0).rkey for number in range(50)
    }

    assert len(keys) == 50


@pytest.mark.parametrize(
    "uri",
    ["", "https://bsky.app/x", "at://did:plc:x/app.bsky.feed.like/3k", "at://did:plc:x/app.bsky.feed.post/"],
)
def test_a_receipt_that_names_no_post_has_no_place(uri: str) -> None:
    """It was confirmed by a person, say."""
    assert records.place_at(uri) is None
