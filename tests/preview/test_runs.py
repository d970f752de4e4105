"""Texts take the colours of their network, and fold where it folds them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.preview.looks import LOOKS, Look
from newsletter.preview.runs import Run, folded, runs
from newsletter.social.bluesky import texts

URL = "https://www.rivertrust.example/give/monthly?utm_source=social"


def coloured(text: str, kind: str) -> list[tuple[str, str]]:
    """Return what is not just words in a text on a network."""
    return [(run.kind, run.text) for run in runs(text, LOOKS[kind]) if run.kind]


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("bluesky", "Thanks @isj.example!", [("mention", "@isj.example")]),
        ("bluesky", "Thanks @isj!", []),
        ("mastodon", "Thanks @isj@social.example.", [("mention", "@isj@social.example")]),
        ("x", "Thanks @isj!", [("mention", "@isj")]),
        ("x", "Write to hello@isj.example", []),
        ("threads", "Thanks @isj.official.", [("mention", "@isj.official")]),
        ("linkedin", "Thanks @[Safe Harbour](urn:li:organization:12)!", [("mention", "Safe Harbour")]),
        ("slack", "Thanks @isj #Rivers", []),
        ("x", "#Rivers, #2026 and C#sharp", [("tag", "#Rivers")]),
        ("mastodon", "#Жизнь #नदी #Rivers2026", [("tag", "#Жизнь"), ("tag", "#नदी"), ("tag", "#Rivers2026")]),
    ],
)
def test_mentions_and_hashtags_are_those_that_the_network_knows(
    kind: str, text: str, expected: list[tuple[str, str]]
) -> None:
    """What another network would make a link of stays plain words."""
    assert coloured(text, kind) == expected


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("bluesky", "rivertrust.example/give/monthly…"),
        ("mastodon", "rivertrust.example/give/monthl…"),
        ("x", "rivertrust.example/give/mon…"),
        ("facebook", URL),
    ],
)
def test_links_are_as_long_as_the_network_shows_them(kind: str, shown: str) -> None:
    """Hashes and signs inside an address belong to it."""
    assert coloured(f"Give: {URL}#top now", kind)[0] == ("link", shown + ("#top" if shown == URL else ""))


def test_a_post_on_bluesky_is_shown_as_it_is_sent() -> None:
    """To the last character: the adapter itself shortens and marks it."""
    text = f"Grüße 👩‍🚒 an @isj.example: {URL} #Flüsse"

    assert "".join(run.text for run in runs(text, LOOKS["bluesky"])) == texts.show(text).text
    assert [kind for kind, _ in coloured(text, "bluesky")] == ["mention", "link", "tag"]


def test_a_short_link_is_shown_whole() -> None:
    """Without what stands before its host."""
    assert coloured("https://a.example/b", "x") == [("link", "a.example/b")]


def test_the_fold_cuts_characters_as_readers_see_them() -> None:
    """A family of four is one of them, a link keeps its colour on both sides."""
    text = (Run("ab👩‍👩‍👧‍👦"), Run("cdef", "link"))

    assert folded(text, 3) == ((text[0],), (text[1],))
    assert folded(text, 5) == ((text[0], Run("cd", "link")), (Run("ef", "link"),))
    assert folded(text, 7) == (text, ())
    assert folded(text, 0) == (text, ())


def test_white_space_at_the_fold_is_not_shown() -> None:
    """The part behind it begins with a word."""
    assert folded((Run("One.\n\n"), Run("Two.")), 4) == ((Run("One."),), (Run("Two."),))


@given(text=st.text(alphabet="a #@.\n[](:/é👩‍🚒https", max_size=60), fold=st.integers(0, 20))
def test_no_word_is_lost_in_runs_or_at_the_fold(text: str, fold: int) -> None:
    """Whatever people write."""
    made = runs(text, Look("Anything", "plain", mentions=r"@\w+"))
    seen, behind = folded(made, fold)

    assert "".join(run.text for run in made) == text
    assert "".join("".join(run.text for run in (*seen, *behind)).split()) == "".join(text.split())
