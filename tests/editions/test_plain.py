"""A story's body as plain text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from newsletter.editions.content import mail_html, parsed
from newsletter.editions.plain import picture_line, plain_text
from newsletter.editions.view import ImageView

OTTER = ImageView("https://m.example/otter.jpg", "An otter", 1072, 604, "At the weir", "Ana Sousa")
IMAGES = {"otter.jpg": OTTER}


def said(markdown: str) -> str:
    """Return the text of some Markdown."""
    return plain_text(markdown, IMAGES)


def test_paragraphs_are_wrapped_and_marks_are_gone() -> None:
    """Emphasis needs no stars; soft line ends are blanks, hard ones stay."""
    assert said("One *two*\n**three**  \nfour\n\nfive") == "One two three\nfour\n\nfive"
    assert max(map(len, said("word " * 100).splitlines())) <= 72


def test_one_link_has_its_address_on_the_next_line() -> None:
    """The address stands alone, so that every mail program makes it a link."""
    assert said("See [the map](https://a.example/) today.") == "See the map today.\nhttps://a.example/"


def test_several_links_are_numbered() -> None:
    """The numbers follow the words, the addresses the paragraph, in the same order."""
    text = said("See [one](https://a.example/1) and [two](https://a.example/2).")
    assert text == "See one [1] and two [2].\n[1] https://a.example/1\n[2] https://a.example/2"


def test_an_address_that_is_written_out_is_not_repeated() -> None:
    """Also when it is an e-mail address."""
    assert said("<https://a.example/> or <news@a.example>") == "https://a.example/ or news@a.example"


def test_lists_keep_their_signs_and_hang() -> None:
    """Numbers start where the author started, nested lists are indented."""
    markdown = "- one [x](https://a.example/)\n- two\n  1. three\n  2. four\n\n7. seven\n8. eight"
    assert said(markdown) == (
        "- one x\n  https://a.example/\n- two\n  1. three\n  2. four\n\n7. seven\n8. eight"
    )
    assert said("- " + "word " * 20).splitlines()[1].startswith("  word")


def test_quotations_headings_rules_and_code_can_be_told_apart() -> None:
    """Each has the sign that plain mail has used for decades."""
    assert said("## Head\n\n> one\n>\n> two\n\n---\n\n    code  x") == (
        "Head\n----\n\n> one\n>\n> two\n\n* * *\n\n    code  x"
    )


def test_a_picture_is_told_in_brackets() -> None:
    """Description, caption and credit; decoration and unknown files say nothing."""
    assert said("![](otter.jpg)") == "[Picture: An otter | At the weir | Ana Sousa]"
    assert said("Words ![](missing.jpg)") == "Words"
    assert picture_line(ImageView("https://m.example/a.png", "", 10, 10)) == ""
    assert plain_text("![](otter.jpg)", IMAGES, without=[OTTER]) == ""
    assert plain_text("![](otter.jpg)", IMAGES, picture="Imagen").startswith("[Imagen: ")


def test_a_linked_picture_has_its_address_below() -> None:
    """Nothing that can be followed in HTML is lost."""
    text = said("[![](otter.jpg)](https://a.example/)")
    assert text == "[Picture: An otter | At the weir | Ana Sousa]\nhttps://a.example/"


def test_a_small_table_is_aligned() -> None:
    """Columns line up, heads are underlined."""
    assert said("| River | Otters |\n|---|---:|\n| Avel | 2 |\n| Frome Brook | 11 |") == (
        "River        Otters\n-----------  ------\nAvel         2\nFrome Brook  11"
    )


def test_a_wide_table_is_told_row_by_row() -> None:
    """Each value behind its heading, one block for each row."""
    wide = "long " * 16
    assert said(f"| Place | What we found |\n|---|---|\n| Avel | {wide}|\n| Frome | {wide}|").startswith(
        "Place: Avel\nWhat we found: long long"
    )
    assert said(f"| Place | What |\n|---|---|\n| {wide}| [x](https://a.example/) |").endswith(
        "https://a.example/"
    )


def test_words_in_a_link_that_leads_nowhere_stay() -> None:
    """As in the HTML part."""
    assert said("[top](#top) and [page](/page)") == "top and page"


def test_merge_tokens_stay_whole() -> None:
    """Even where a line ends."""
    assert said("word " * 14 + "qzmerge0000zq").endswith("\nqzmerge0000zq")


@given(st.lists(st.integers(0, 9), max_size=8))
def test_links_come_in_the_order_of_the_html(numbers: list[int]) -> None:
    """Both parts of a letter offer the same addresses in the same order."""
    markdown = "\n\n".join(
        f"- entry [go](https://a.example/{number}) and [on](https://b.example/{number})" for number in numbers
    )
    html = str(mail_html(markdown, {}, lambda _image, _url="": ""))
    in_html = [anchor.get("href") for anchor in parsed(markdown).iter("a")]
    in_text = [word for word in plain_text(markdown, {}).split() if word.startswith("https://")]
    assert in_text == in_html
    assert html.count("<a ") == len(in_text)


@given(st.text())
def test_any_words_at_all_become_text(text: str) -> None:
    """Nothing that people type breaks the letter, and no working sign is left in it."""
    assert "\x00" not in plain_text(text, {})
