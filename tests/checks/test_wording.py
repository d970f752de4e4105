"""What the rules about words of snippets find, and what they leave in peace."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.checks import avoided
from newsletter.config import Mention
from newsletter.errors import ConfigError
from newsletter.model import CallToAction, Card

if TYPE_CHECKING:
    from pathlib import Path


def found(draft: Any, rule: str, *texts: str) -> list[str]:
    """Return where a rule finds something when the snippet says this; several texts are a thread."""
    snippet = draft.snippets[0]
    parts = texts if len(texts) > 1 else ()
    draft.snippets = (replace(snippet, text="\n\n".join(texts), parts=parts),)
    return [finding.where.partition(": ")[2] for finding in draft.findings() if finding.id == rule]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("READ THIS NOW please", ["“READ THIS NOW”"]),
        ("BIG, BAD, BOLD!", ["“BIG, BAD, BOLD”"]),
        ("ЧИТАЙТЕ ЭТО СЕЙЧАС", ["“ЧИТАЙТЕ ЭТО СЕЙЧАС”"]),
        ("The OAS and the UN met", []),
        ("I A B C", []),
        ("#OAS #UN #ILO", []),
        ("ILO\nUN\nOAS", []),
    ],
)
def test_words_in_capitals(draft: Any, text: str, places: list[str]) -> None:
    """Three of them; names of organisations may be two."""
    assert found(draft, "S11", text) == places


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("\U0001d5d5\U0001d5fc\U0001d5f9\U0001d5f1 news", 1),
        ("\U0001f150\U0001f151 plan", 1),
        ("Blood group \U0001f170\ufe0f", 0),
        ("x² + ½, ℹ️ №1, Ｆｕｌｌ", 0),  # noqa: RUF001 - letters that East Asian texts use
    ],
)
def test_letters_in_disguise(draft: Any, text: str, count: int) -> None:
    """Signs with a meaning of their own stay."""
    assert len(found(draft, "S12", text)) == count


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("Look 🌊🌊🌊", ["🌊🌊🌊"]),
        ("Look 🌊 👩‍👩‍👧‍👦 🇬🇧!", ["🌊👩‍👩‍👧‍👦🇬🇧"]),
        ("1️⃣2️⃣3️⃣", ["1️⃣2️⃣3️⃣"]),
        ("Look 🌊🌊, and 🦦", []),
        ("👩‍👩‍👧‍👦👩🏽‍🚒", []),
        ("1, 2, 3 # *", []),
    ],
)
def test_emoji_in_a_row(draft: Any, text: str, places: list[str]) -> None:
    """Two are fine, whatever they are joined of."""
    assert found(draft, "S13", text) == places


@pytest.mark.parametrize(
    ("question", "bare"),
    [
        ("Read more", True),
        ("More info", True),
        ("Donate!", True),
        ("Give to the river today", False),
        ("Will you?", False),
        ("هل تساعدنا؟", False),
        ("川を守ろう", False),
        ("捐款吗\uff1f", False),
    ],
)
def test_a_bare_call_to_action(draft: Any, question: str, *, bare: bool) -> None:
    """A question or a short sentence says what for."""
    draft.edition["call_to_action"] = CallToAction(question, "Go", "https://rivertrust.example/act")

    assert bool(found(draft, "S14", question)) == bare


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("http://a.example/b and https://c.example", ["http://a.example/b"]),
        ("WWW.a.example", ["WWW.a.example"]),
        ("https://www.a.example and mail@www.a.example", []),
    ],
)
def test_addresses_without_https(draft: Any, text: str, places: list[str]) -> None:
    """With the old scheme, or with none."""
    assert found(draft, "S15", text) == places


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("#safemigration and (#rivers)", ["#safemigration", "#rivers"]),
        ("#SafeMigration #OAS #5Rivers #人権 #2026", []),
        ("https://a.example/#part &#38;", []),
    ],
)
def test_hashtags_in_small_letters(draft: Any, text: str, places: list[str]) -> None:
    """Scripts without capitals, and anchors of addresses, are none."""
    assert found(draft, "S16", text) == places


@pytest.mark.parametrize(
    ("alt", "told"),
    [
        ("Image of a weir", False),
        ("an picture showing a weir", False),
        ("Une photo de la rivière", False),
        ("weir_final-2.JPG", False),
        ("Photographer at the weir", True),
        ("Image-makers of the valley", True),
    ],
)
def test_descriptions_that_say_nothing_first(draft: Any, alt: str, *, told: bool) -> None:
    """In the languages that templates speak."""
    draft.snippets = (replace(draft.snippets[0], alt=alt),)

    assert [finding.id for finding in draft.findings() if finding.id == "S17"] == ([] if told else ["S17"])


def test_every_post_of_a_thread_is_looked_at_and_named(draft: Any) -> None:
    """Staff must find the place."""
    found(draft, "S15", "One.", "See www.a.example")

    assert "snippet for files, post 2: www.a.example" in [finding.where for finding in draft.findings()]


def test_a_thread_is_measured_post_by_post(draft: Any) -> None:
    """The length of all of it together matters nowhere; their number does."""
    draft.network = type("Folder", (type(draft.network),), {"max_posts": 2})("files", max_characters=60)

    assert found(draft, "S1", "a" * 60, "b" * 61, "c" * 10) == ["61 of 60 characters", "3 posts"]


def test_a_card_picture_must_be_a_jpeg_or_png_of_its_size(draft: Any) -> None:
    """As the picture by itself must."""
    draft.snippets = (replace(draft.snippets[0], card=Card("https://a.example", "A", image="ferry.png")),)
    assert found(draft, "S4", "Hello") == []

    draft.network = type("Folder", (type(draft.network),), {"max_image_bytes": 100})("files")
    assert found(draft, "S4", "Hello") == ["ferry.png"]


def test_mentions_are_looked_up_in_the_address_book(draft: Any) -> None:
    """Where the network has no mentions, the plain name belongs there."""
    draft.mentions = (Mention("isj", label="the Institute"),)

    assert found(draft, "S19", "with @isj, the Institute and a@b.example") == ["@isj"]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("Slaves, and a sex  slave", ["“Slaves”", "“sex  slave”"]),
        ("Slavery, the slave trade and https://a.example/slave", []),
        ("We rescue girls.", ["“rescue girls”"]),
    ],
)
def test_words_that_hurt(draft: Any, text: str, places: list[str]) -> None:
    """The longest that match, as whole words; what may stand is left in peace."""
    assert found(draft, "S18", text) == places


def test_a_finding_about_words_says_why_and_what_to_say_instead(draft: Any) -> None:
    """From the list."""
    found(draft, "S18", "A slave spoke")
    (finding,) = (finding for finding in draft.findings() if finding.id == "S18")

    assert finding.why.startswith("It makes what was done to people into what they are.")
    assert finding.why.endswith("Say instead: enslaved person, person in slavery.")


def test_a_list_of_the_workspace_takes_the_place_of_the_built_in_one(draft: Any) -> None:
    """By language; without a list nothing is found."""
    (draft.folder / "words").mkdir()
    (draft.folder / "words" / "avoid.en.txt").write_text(
        "# ours\n\nweir = dam | We say dam.\n", encoding="utf-8"
    )
    draft.templates = (draft.folder,)

    assert found(draft, "S18", "A slave at the Weir") == ["“Weir”"]
    draft.edition["language"] = "cy-GB"
    assert found(draft, "S18", "A slave at the Weir") == []


def test_a_line_that_is_no_entry_is_named(tmp_path: Path) -> None:
    """All of them at once."""
    (tmp_path / "words").mkdir()
    path = tmp_path / "words" / "avoid.en.txt"
    path.write_text("slave\nslave trade =\n= x\n", encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        avoided.read((tmp_path,), "en")

    assert [problem.where for problem in caught.value.problems] == [f"{path}:1", f"{path}:3"]


def test_the_built_in_list_is_sound() -> None:
    """Every entry says why, and what to say."""
    entries = avoided.read((), "en-GB")

    assert len(entries) > 10
    assert all(entry.why.endswith(".") for entry in entries if entry.instead)
    assert all(form == form.casefold() for entry in entries for form in entry.words)
