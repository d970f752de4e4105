"""Shorter words that still read well."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.editions.fitting import at_sentence, at_word, clean
from newsletter.social.base import graphemes

if TYPE_CHECKING:
    from collections.abc import Callable

LINK = "https://rivertrust.example/act?a=1&b=2"


def within(limit: int) -> Callable[[str], bool]:
    """Return a rule that accepts up to ``limit`` characters."""
    return lambda text: len(text) <= limit


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("One came. Two stayed. Three left.", 25, "One came. Two stayed."),
        ("One came. Two stayed.", 5, ""),
        (
            "Dr. Rao met St. Mary's staff, e.g. Ann B. Lee. They won.",
            50,
            "Dr. Rao met St. Mary's staff, e.g. Ann B. Lee.",
        ),
        ("It costs 3.50 a day. That is all.", 22, "It costs 3.50 a day."),
        ("“Go!” she said. He went.", 18, "“Go!” she said."),
        ("He said “Go.” She went.", 15, "He said “Go.”"),
        ("Really?! Yes.", 9, "Really?!"),
        ("川は自由です。魚が戻りました。", 10, "川は自由です。"),
        ("A heading\n\nA sentence that is long.", 15, "A heading"),
        (f"See {LINK}. Then go on.", 45, f"See {LINK}."),
    ],
)
def test_a_cut_at_a_sentence_keeps_whole_sentences(text: str, limit: int, cut: str) -> None:
    """Abbreviations, figures and addresses do not end one."""
    assert at_sentence(text, within(limit)) == cut


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("The river runs clean again", 15, "The river runs…"),
        ("The river runs clean again", 14, "The river…"),
        ("The river, long dead, lives", 12, "The river…"),
        ("Unbreakable", 5, ""),
        (f"Look at {LINK} today", 30, "Look at…"),
        (f"Look at {LINK} today", 50, f"Look at {LINK}…"),
        ("Join #SafeMigration now", 12, "Join…"),
        ("Ask @asha@social.example now", 20, "Ask…"),
        ("川は自由です", 4, "川は自…"),
        ("น้ำใสไหลเย็น", 8, "น้ำใสไห…"),
        ("Families 👩‍👩‍👧‍👦 come", 20, "Families 👩‍👩‍👧‍👦…"),
        ("It rains. All day", 12, "It rains."),
    ],
)
def test_a_cut_at_a_word_is_marked_and_keeps_what_belongs_together(text: str, limit: int, cut: str) -> None:
    """Links, hashtags, mentions and graphemes stay whole or go."""
    assert at_word(text, within(limit)) == cut


def test_a_cut_that_says_too_little_is_not_made() -> None:
    """One word and an ellipsis are no text."""
    assert at_word("The river runs clean again", within(15), least=4) == ""


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.integers(0, 60))
def test_a_cut_is_a_start_of_the_text_and_breaks_no_grapheme(text: str, limit: int) -> None:
    """For every text and limit, at a sentence or at a word."""
    text = clean(text)

    for cut in (at_sentence(text, within(limit)), at_word(text, within(limit))):
        kept = graphemes(cut.removesuffix("…") if not text.startswith(cut) else cut)

        assert len(cut) <= limit
        assert kept == graphemes(text)[: len(kept)]


def test_a_count_that_jumps_is_never_overrun() -> None:
    """A network may count a longer text as shorter; the result fits all the same."""

    def fits(text: str) -> bool:
        return len(text) <= 10 or 20 <= len(text) <= 22

    assert fits(at_word("aa bb cc dd ee ff gg hh ii jj", fits))


def test_cutting_a_very_long_text_takes_few_measurements() -> None:
    """Staff paste whole books by mistake."""
    measured: list[int] = []

    def fits(text: str) -> bool:
        measured.append(len(text))
        return len(text) <= 300

    assert len(at_word("word " * 50_000, fits)) <= 300
    assert len(measured) < 40


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("Cafe\u0301", "Café"),
        (" a\t b\r\nc ", "a b c"),
        ("a\x00b\x1b[0m", "ab[0m"),
        ("half \ud83d pair", "half pair"),
        ("\ufeffstart", "start"),
        ("a\u2028b", "a b"),
        ("👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"),
    ],
)
def test_clean_text_is_one_line_that_every_network_takes(raw: str, cleaned: str) -> None:
    """NFC, no control characters, no halves, single spaces."""
    assert clean(raw) == cleaned


def test_paragraphs_are_kept_where_they_are_meant() -> None:
    """With one empty line at most."""
    assert clean("One \r\n\n\n\n two\tthree\n", paragraphs=True) == "One\n\ntwo three"


@settings(deadline=None)
@given(st.text(), st.booleans())
def test_cleaning_twice_changes_nothing(text: str, paragraphs: bool) -> None:  # noqa: FBT001 - hypothesis passes it
    """And the result can be written as UTF-8."""
    cleaned = clean(text, paragraphs=paragraphs)

    assert clean(cleaned, paragraphs=paragraphs) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned.encode("utf-8")[:0] == b""
