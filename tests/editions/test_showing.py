"""What stands under the words: a picture, a card, or nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.campaigns.campaign import Campaign, Social
from newsletter.model import Card, Image, Post
from newsletter.social.folder import Folder
from tests.editions.sample_snippet import LINK, POST, WEIR, folder, made

if TYPE_CHECKING:
    from newsletter.model import Snippet

CARDS = {"makes_cards": True}
THUMB = f"{WEIR.name[:16]}-card.jpg"


def shown(snippet: Snippet) -> tuple[str, str]:
    """Return the pictures of snippet and card; "-" for no card."""
    return snippet.image, snippet.card.image if snippet.card else "-"


@pytest.mark.parametrize(
    ("social", "alt", "with_cards", "without"),
    [
        (Social(), "A weir", (WEIR.name, "-"), (WEIR.name, "-")),
        (Social(), "", ("", THUMB), (WEIR.name, "-")),
        (Social(), None, ("", ""), ("", "-")),
        (Social(show="card"), "A weir", ("", THUMB), ("", "-")),
        (Social(show="image"), "", (WEIR.name, "-"), (WEIR.name, "-")),
        (Social(show="image"), None, ("", ""), ("", "-")),
        (Social(image=False), "A weir", ("", ""), ("", "-")),
        (Social(image=False, show="card"), "A weir", ("", ""), ("", "-")),
    ],
)
def test_the_campaign_and_the_description_decide(
    social: Social, alt: str | None, with_cards: tuple[str, str], without: tuple[str, str]
) -> None:
    """On networks that show our card, and on the others."""
    assert shown(made(folder(**CARDS), social=social, alt=alt)) == with_cards
    assert shown(made(folder(), social=social, alt=alt)) == without


def test_a_card_tells_of_the_lead_post() -> None:
    """Title and excerpt, plain; and leads where the link leads."""
    card = made(folder(**CARDS)).card

    assert card == Card(url=LINK, title=POST.title, description=POST.excerpt)
    assert made(folder(**CARDS), link="").card is None


def test_long_titles_and_descriptions_of_cards_are_cut() -> None:
    """At a sentence, else at a word."""
    post = Post("p", "The weir and " * 30, "It fell. " * 90)

    card = made(folder(**CARDS), post=post).card

    assert card
    assert (len(card.title) <= 200, card.title[-1]) == (True, "…")
    assert (len(card.description) <= 300, card.description[-8:]) == (True, "It fell.")


def test_the_files_of_every_account_lie_in_the_edition(trust: Any) -> None:
    """Each once; the letter's own where it fits."""
    small = type("Folder", (Folder,), {"__module__": Folder.__module__, "max_image_bytes": 2_000})
    cards = type("Folder", (Folder,), {"__module__": Folder.__module__, **CARDS})
    root = trust.workspace.root
    post = replace(trust.posts[0], images=(Image("", "river.jpg"),))
    networks = [small("small", root), Folder("plain", root), cards("cards", root), cards("more", root)]

    edition = trust.build(Campaign("autumn", "Otters"), networks=networks, posts=(post,))

    files = {path.name: path.stat().st_size for path in (edition.folder / "images").iterdir()}
    letter = edition.images[0]
    assert [shown(snippet) for snippet in edition.snippets] == [
        (f"{letter[:16]}-2000.jpg", "-"),
        (letter, "-"),
        ("", f"{letter[:16]}-card.jpg"),
        ("", f"{letter[:16]}-card.jpg"),
    ]
    assert set(files) == set(edition.images)
    assert len(edition.images) == 3
    assert files[f"{letter[:16]}-2000.jpg"] <= 2_000
    assert f"{letter[:16]}-2000" not in edition.html
    record = json.loads((edition.folder / "edition.json").read_bytes())
    assert set(record["pictures"]) == set(files)


def test_a_damaged_picture_does_not_stop_the_edition(trust: Any) -> None:
    """It is left out of letter and snippets; the checks name its file."""
    path = trust.posts[0].folder / "river.jpg"
    path.write_bytes(path.read_bytes()[:2_000])

    edition = trust.build(Campaign("autumn", "Otters"))

    assert len(edition.images) == 2
    assert [snippet.image for snippet in edition.snippets] == ["", ""]
    assert "The otters are back" in edition.html
