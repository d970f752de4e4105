"""Lines of plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.editions.lines import WIDTH, columns, padded, underline, wrap

LONG = "https://rivertrust.example/stories/" + "otters-" * 20


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])))
def test_wrapping_loses_no_word_and_invents_none(text: str) -> None:
    """Taking out blanks and line ends gives the same letters before and after."""
    kept = str.maketrans("", "", " \n")
    assert wrap(text).translate(kept) == text.translate(kept)


@given(st.lists(st.text("abcdefgh河é👩‍🌾", min_size=1, max_size=20)).map(" ".join), st.integers(40, 90))
def test_no_line_is_wider_than_asked_when_its_words_are_not(text: str, width: int) -> None:
    """Wide letters count twice."""
    assert all(columns(line) <= width for line in wrap(text, width).split("\n"))


@pytest.mark.parametrize("whole", [LONG, "qzmerge0001zq" * 8, "10\u00a0000\u00a0" + "0" * 70])
def test_an_address_a_tag_and_tied_words_stay_whole(whole: str) -> None:
    """What must not be broken gets a line of its own, however long."""
    assert whole in wrap(f"Read more about this in our report at {whole} today").split("\n")


def test_scripts_without_blanks_break_between_letters() -> None:
    """Chinese and Japanese break anywhere, but a full stop does not begin a line."""
    lines = wrap("川" * 36 + "。" + "水" * 40).split("\n")
    assert [columns(line) <= WIDTH + 2 for line in lines] == [True] * len(lines)
    assert len(lines) == 3
    assert not any(line.startswith("。") for line in lines)


def test_latin_words_among_wide_letters_stay_whole() -> None:
    """A break may fall beside the word, never inside it."""
    assert "RiverTrust" in "|".join(wrap("川" * 33 + "RiverTrust" + "水" * 5).split("\n")).split("|")[1]


def test_line_ends_are_kept_and_following_lines_indented() -> None:
    """A list entry or an address keeps its own lines."""
    assert wrap("one two three\nfour", 9, "  ") == "one two\n  three\n  four"


def test_an_underline_is_as_wide_as_the_words() -> None:
    """Two columns for each wide letter, the longest line counts."""
    assert underline("河の声") == "河の声\n------"
    assert underline("a " * 40, "=").splitlines()[-1] == "=" * 71


def test_padding_counts_columns() -> None:
    """Columns of a table line up with wide letters in them."""
    assert padded("河", 4) == "河  "
