"""A card shows one account as its readers see it, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from newsletter import workspace
from newsletter.app import App, open_app
from newsletter.editions.build import build_named
from newsletter.model import Card, Finding
from newsletter.preview.cards import AccountCard, cards
from newsletter.social.folder import Folder

if TYPE_CHECKING:
    from newsletter.editions.edition import Edition

ACCOUNTS = """
[[social]]
name = "toots"
type = "mastodon"
server = "https://social.example"
token = { env = "TOOTS_TOKEN" }

[[social]]
name = "channel"
type = "telegram"
channel = "@rivertrust"
token = { env = "CHANNEL_TOKEN" }

[[social]]
name = "staff"
type = "webhook"
shape = "slack"
address = { env = "STAFF_HOOK" }

[[social]]
name = "friends"
type = "webhook"
shape = "discord"
address = { env = "FRIENDS_HOOK" }

[[social]]
name = "knots"
type = "threads"
token = { env = "KNOTS_TOKEN" }

[[social]]
name = "knots-with-pictures"
type = "threads"
token = { env = "KNOTS_TOKEN" }
pictures_url = "https://news.rivertrust.example/v/images"
"""
STORY = "https://rivertrust.example/stories/otters-at-harbour-weir"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    """Return a workspace with several accounts; none of their secrets is there."""
    root = workspace.create(tmp_path_factory.mktemp("cards") / "ws").workspace.root
    with (root / "config.toml").open("a", encoding="utf-8") as file:
        file.write(ACCOUNTS)
    return open_app(root)


@pytest.fixture(scope="module")
def edition(app: App) -> Edition:
    """Return the sample campaign, built."""
    return build_named(app.workspace, app.loaded, app.networks, "autumn-digest")


def shown(app: App, edition: Edition, account: str, **changes: Any) -> AccountCard:
    """Return the card of an account whose snippet has other words or another picture."""
    snippets = {snippet.account: snippet for snippet in edition.snippets}
    changed = replace(snippets[account], **changes)
    return cards(app, replace(edition, snippets=(changed,)), ())[0]


def test_every_account_has_a_card_in_their_order(app: App, edition: Edition) -> None:
    """No secret is needed and nobody is asked."""
    found = cards(app, edition, ())[:5]

    assert [card.snippet.account for card in found] == ["folder", "toots", "channel", "staff", "friends"]
    assert [card.look.name for card in found] == ["Folder", "Mastodon", "Telegram", "Slack", "Discord"]
    assert [card.handle for card in found] == [
        "folder",
        "toots on social.example",
        "@rivertrust",
        "staff",
        "friends",
    ]


def test_every_post_of_a_thread_has_its_own_counter(app: App, edition: Edition) -> None:
    """In the network's counting: an address counts 23 on Mastodon."""
    link = f"{STORY}?utm_source=mastodon"
    card = shown(app, edition, "toots", parts=("x" * 501, "y" * 450, link), link=link)

    assert [(post.length, post.limit, post.fullness) for post in card.posts] == [
        (501, 500, "over"),
        (450, 500, "close"),
        (23, 500, "room"),
    ]
    assert [post.share for post in card.posts] == [100, 90, 5]


def test_the_picture_stands_in_the_first_post_and_the_preview_with_the_link(
    app: App, edition: Edition
) -> None:
    """Mastodon makes a preview of a link beside no picture."""
    card = shown(app, edition, "toots", parts=("One.", f"Two. {STORY}", "Three."), link=STORY)

    assert [post.picture for post in card.posts] == [True, False, False]
    assert [bool(post.link_card) for post in card.posts] == [False, True, False]


def test_our_own_preview_is_shown_as_we_made_it(app: App, edition: Edition) -> None:
    """With its picture."""
    made = Card(STORY, "The otters are back", "Two of them.", "otter.jpg")
    card = shown(app, edition, "toots", text=f"Look: {STORY}", link=STORY, image="", card=made)

    found = card.posts[0].link_card
    assert found
    assert (found.title, found.description, found.image) == (made.title, made.description, made.image)
    assert found.domain == "rivertrust.example"
    assert found.ours


def test_a_preview_that_the_network_makes_is_told_from_the_lead_post(app: App, edition: Edition) -> None:
    """Whatever parameters the link has."""
    link = f"{STORY}/?utm_source=mastodon"
    found = shown(app, edition, "toots", text=link, link=link, image="").posts[0].link_card

    assert found
    assert found.title == "The night the otters came back to Harbour Weir"
    assert found.description
    assert not found.ours


def test_nothing_is_made_up_about_another_page(app: App, edition: Edition) -> None:
    """The page of the call to action names itself; only its host is known."""
    link = "https://rivertrust.example/give"
    found = shown(app, edition, "toots", text=link, link=link, image="").posts[0].link_card

    assert found
    assert (found.domain, found.title, found.ours) == ("rivertrust.example", "", False)


@pytest.mark.parametrize(
    ("account", "text", "picture", "preview"),
    [
        ("toots", STORY, True, False),
        ("channel", STORY, True, False),
        ("channel", "w" * 1024 + STORY, False, True),
        ("staff", STORY, False, True),
        ("friends", STORY, True, True),
        ("knots", STORY, False, True),
        ("knots-with-pictures", STORY, True, False),
        ("folder", STORY, True, False),
    ],
)
def test_what_stands_under_the_text_is_what_the_network_shows_there(
    app: App, edition: Edition, account: str, text: str, *, picture: bool, preview: bool
) -> None:
    """Slack's hooks take no picture, Telegram none under a long text, Threads none without its address."""
    post = shown(app, edition, account, text=text, link=STORY).posts[0]

    assert post.picture is picture
    assert bool(post.link_card) is preview


def test_the_findings_about_an_account_stand_on_its_card(app: App, edition: Edition) -> None:
    """Not those of another whose name begins alike, and no notes."""
    findings = (
        Finding("S1", "error", "snippet for toots, post 2: 512 of 500 characters", "Too long.", ""),
        Finding("S10", "warning", "snippet for toots", "It arrives in part.", ""),
        Finding("S9", "info", "snippet for toots: cut", "It was cut.", ""),
        Finding("S1", "error", "snippet for toots2: 512 of 500 characters", "Too long.", ""),
        Finding("L1", "error", "letter, link 2", "It leads nowhere.", ""),
    )

    card = next(card for card in cards(app, edition, findings) if card.snippet.account == "toots")

    assert card.warnings == (
        ("error", "Too long. (post 2: 512 of 500 characters)"),
        ("warning", "It arrives in part."),
    )


@dataclass(frozen=True)
class Folding(Folder):
    """A network of a type that nobody knows yet."""

    fold: ClassVar[int] = 10


def test_a_network_without_a_look_is_shown_plainly_and_folded_where_it_says(
    app: App, edition: Edition
) -> None:
    """Its own ``fold`` is enough."""
    opened = App(app.workspace, app.loaded)
    vars(opened)["networks"] = (Folding("folder"),)
    card = shown(opened, edition, "folder", text="The otters are back.", image="")

    assert (card.look.name, card.look.style) == ("Test_cards", "plain")
    assert [run.text for run in card.posts[0].seen] == ["The otters"]
    assert [run.text for run in card.posts[0].behind] == ["are back."]
