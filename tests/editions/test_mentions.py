"""Mentions: one name for everybody who writes, the right form on every network."""

from __future__ import annotations

from typing import Any

import pytest

from newsletter.campaigns.campaign import Campaign, Social
from newsletter.config import Mention
from newsletter.editions.mentions import resolve, unknown
from newsletter.errors import ConfigError
from newsletter.social.assisted import Assisted
from tests.editions.sample_snippet import made

ISJ = Mention(
    "isj",
    label="Institute for Social Justice",
    bluesky="isj.example",
    linkedin="urn:li:organization:77",
    mastodon="@isj@social.example",
    x="isj_org",
)
BOOK = (ISJ, Mention("river-trust", x="rivertrust"))


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("mastodon", "With @isj@social.example, and river-trust."),
        ("bluesky", "With @isj.example, and river-trust."),
        ("x", "With @isj_org, and @rivertrust."),
        ("linkedin", "With @[Institute for Social Justice](urn:li:organization:77), and river-trust."),
        ("threads", "With Institute for Social Justice, and river-trust."),
        ("folder", "With Institute for Social Justice, and river-trust."),
    ],
)
def test_a_name_becomes_what_the_network_knows_or_plain_words(kind: str, written: str) -> None:
    """Whatever letters it is written in; and the result is known there."""
    assert resolve("With @ISJ, and @river-trust.", kind, BOOK) == written
    assert list(unknown(written, kind, BOOK)) == []


@pytest.mark.parametrize(
    "text",
    ["mail isj@isj.example", "@isj@other.example", "@isj.other.example", "@isjs", "https://a.example/@isj"],
)
def test_what_is_no_bare_name_stays_as_it_is(text: str) -> None:
    """Addresses of mail and web, handles in full, longer names."""
    assert resolve(text, "mastodon", BOOK) == text


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("x", "With @nobody and @isj_org", ["@nobody"]),
        ("x", "With @someone@social.example", ["@someone@social.example"]),
        ("mastodon", "With @someone@social.example and @someone.", ["@someone"]),
        ("bluesky", "With @someone.example and @someone@social.example", ["@someone@social.example"]),
        (
            "linkedin",
            "With @[A B](urn:li:organization:1) and @[A B](https://a.example)",
            ["@[A B](https://a.example)"],
        ),
        ("folder", "mail a@b.example, see https://a.example/@b", []),
    ],
)
def test_what_a_network_would_not_know_is_found(kind: str, text: str, found: list[str]) -> None:
    """A handle in full is meant for the network whose form it has."""
    assert list(unknown(text, kind, BOOK)) == found


def test_the_words_of_a_snippet_are_resolved_and_never_cut_inside_a_mention() -> None:
    """In hook and why; the question is the same on every channel."""
    snippet = made(500, social=Social(hook="Thanks to @isj", why="And to @nobody."), book=BOOK)

    assert snippet.text.startswith("Thanks to Institute for Social Justice\n\nAnd to @nobody.")


@pytest.mark.parametrize(
    ("place", "source", "thanks"),
    [
        ("x", "x", "@isj_org"),
        ("linkedin", "linkedin", "Institute for Social Justice"),
        ("other", "assisted", "Institute for Social Justice"),
    ],
)
def test_an_account_that_a_person_posts_to_is_written_for_its_network(
    trust: Any, place: str, source: str, thanks: str
) -> None:
    """Template, parameters of links and mentions, where they can be typed."""
    book = '\n[[mention]]\nname = "isj"\nlabel = "Institute for Social Justice"\nx = "isj_org"\n'
    trust.configure(f'{book}linkedin = "urn:li:organization:77"\n')
    account = Assisted("desk", network=place, path=trust.workspace.root / "kits")  # type: ignore[arg-type]

    plan = Campaign("autumn", "Otters", social=Social(hook="Thanks, @isj", hashtags=("a",)))
    (snippet,) = trust.build(plan, networks=[account]).snippets

    assert snippet.network == "assisted"
    assert snippet.text.startswith(f"Thanks, {thanks}\n\n")
    assert f"utm_source={source}&" in snippet.link
    assert snippet.text.endswith(snippet.link) == (place == "x")


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ('name = "a b"', "'a b' is no name to mention; use letters, digits and hyphens"),
        (
            'name = "isj"\n[[mention]]\nname = "ISJ"',
            "there is a [[mention]] for 'ISJ' already; put both into one",
        ),
        (
            'name = "isj"\nmastodon = "isj"',
            "'isj' is no name there; write one like 'rivertrust@social.example'",
        ),
        ('name = "isj"\nlinkedin = "77"', "'77' is no name there; write one like 'urn:li:organization:1234'"),
        ('name = "isj"\nblusky = "isj"', "there is no setting called 'blusky'; did you mean 'bluesky'?"),
    ],
)
def test_a_wrong_entry_of_the_address_book_is_named_with_its_line(trust: Any, lines: str, why: str) -> None:
    """Before anybody is mentioned by another's name."""
    with pytest.raises(ConfigError) as caught:
        trust.configure(f"\n[[mention]]\n{lines}\n")

    assert [problem.why for problem in caught.value.problems] == [why]
    assert "config.toml:1" in caught.value.problems[0].where


def test_a_right_entry_is_read(trust: Any) -> None:
    """With or without the @ of a handle."""
    config = trust.configure(
        '\n[[mention]]\nname = "isj"\nx = "@isj"\nmastodon = "isj@social.example"\n'
    ).config

    assert config.mention == (Mention("isj", x="@isj", mastodon="isj@social.example"),)
    assert resolve("@isj", "x", config.mention) == "@isj"
