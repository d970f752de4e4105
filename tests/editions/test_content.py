"""A story's body as mail HTML."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from newsletter.editions.content import mail_html, shown
from newsletter.editions.view import ImageView

OTTER = ImageView("https://m.example/otter.jpg", "An otter", 1072, 604, "At the weir", "Ana Sousa")
IMAGES = {"otter.jpg": OTTER, "two words.jpg": OTTER}


def draw(image: ImageView, url: str = "") -> str:
    """Stand in for the templates' macro."""
    return f'<table role="presentation"><tr><td><img src="{image.src}" alt="{url}"></td></tr></table>'


def made(markdown: str, **options: Any) -> str:
    """Return the mail HTML of some Markdown, on one line."""
    return str(mail_html(markdown, IMAGES, draw, **options)).replace("\n", "")


def test_elements_get_the_classes_of_the_sheet() -> None:
    """Paragraphs, links and strong words carry what base.css.j2 dresses."""
    assert made("See **the** [map](https://a.example/).") == (
        '<p class="p ink">See <strong class="strong">the</strong> '
        '<a href="https://a.example/" class="link">map</a>.</p>'
    )


def test_an_opening_has_larger_paragraphs() -> None:
    """The note from a person is set as a lead."""
    assert made("Hello", lead=True) == '<p class="lead ink">Hello</p>'


@pytest.mark.parametrize(("top", "tags"), [(3, ["h3", "h4"]), (2, ["h2", "h3"])])
def test_headings_start_below_the_storys_own(top: int, tags: list[str]) -> None:
    """A letter's story is its h1, so its parts are h2; in a digest they are h3."""
    tree = lxml_html.fragment_fromstring(made("## One\n\n### Two", top=top), create_parent="div")
    assert [(child.tag, child.get("class")) for child in tree] == [
        (tags[0], "h3 ink"),
        (tags[1], "h4 ink"),
    ]


def test_a_picture_is_drawn_by_the_template() -> None:
    """The paragraph that only held the picture is gone."""
    assert (
        made("One\n\n![](otter.jpg)\n\nTwo")
        == f'<p class="p ink">One</p>{draw(OTTER)}<p class="p ink">Two</p>'
    )


def test_a_picture_inside_words_comes_after_their_paragraph() -> None:
    """A block cannot stand inside a line; the words lose nothing."""
    assert made("Look ![](two%20words.jpg) there") == f'<p class="p ink">Look  there</p>{draw(OTTER)}'


def test_a_linked_picture_keeps_its_link() -> None:
    """The template draws the link around the picture."""
    assert made("[![](otter.jpg)](https://a.example/)") == draw(OTTER, "https://a.example/")


def test_a_picture_without_a_file_is_left_out() -> None:
    """A letter never points to a picture that is not there, nor shows one twice."""
    assert (
        made("![x](missing.jpg)\n\nWords ![y](https://elsewhere.example/y.jpg)")
        == '<p class="p ink">Words </p>'
    )
    assert made("![](otter.jpg)\n\nWords", without=[OTTER]) == '<p class="p ink">Words</p>'


def test_a_picture_in_a_list_stays_in_its_entry() -> None:
    """Order is meaning."""
    assert made("- ![](otter.jpg)\n- two").startswith(
        f'<ul class="list ink"><li class="entry ink">{draw(OTTER)}'
    )


def test_links_that_lead_nowhere_from_a_letter_become_words() -> None:
    """Anchors and paths of a web page are dead in mail; merge tags are not."""
    assert made("[a](#top) [b](/page) [c]() [d](qzmerge0001zq)") == (
        '<p class="p ink">a b c <a href="qzmerge0001zq" class="link">d</a></p>'
    )


def test_a_quotation_stands_in_a_cell_with_a_rule() -> None:
    """Outlook pads and borders only cells; the quotation is still one to a screen reader."""
    tree = lxml_html.fragment_fromstring(made("> one\n>\n> two"))
    assert tree.tag == "blockquote"
    assert [paragraph.get("class") for paragraph in tree.findall(".//td/p")] == ["said ink", "said last ink"]
    table = tree.find("table")
    assert table is not None
    assert table.get("role") == "presentation"


def test_a_data_table_says_what_its_headings_head() -> None:
    """Data tables have no role, and scopes; heads stand on the side where lines begin."""
    tree = lxml_html.fragment_fromstring(made("| River | Otters |\n|---|---:|\n| Avel | 2 |", start="right"))
    assert tree.get("role") is None
    assert (tree.get("cellpadding"), tree.get("cellspacing"), tree.get("border")) == ("0", "0", "0")
    heads = [(head.get("scope"), head.get("align")) for head in tree.iter("th")]
    assert heads == [("col", "right"), ("col", "right")]


def test_markup_in_the_words_is_shown_not_obeyed() -> None:
    """Raw HTML in a post is text."""
    assert "<script" not in made("<script>alert(1)</script> & <b>bold</b>")
    assert "&lt;b&gt;bold&lt;/b&gt;" in made("<script>alert(1)</script> & <b>bold</b>")


@given(st.text())
def test_any_words_at_all_become_sound_html(text: str) -> None:
    """Nothing that people type breaks the letter."""
    tree = lxml_html.fragment_fromstring(str(mail_html(text, IMAGES, draw)), create_parent="div")
    assert tree.find(".//script") is None


@pytest.mark.parametrize(
    ("size", "widest", "expected"),
    [
        ((1072, 604), 536, (536, 302)),
        ((1072, 604), 160, (160, 90)),
        ((301, 201), 536, (300, 200)),
        ((4000, 3), 536, (536, 2)),
        ((604, 1072), 160, (160, 284)),
    ],
)
def test_a_picture_is_shown_in_even_pixels_in_its_own_proportion(
    size: tuple[int, int], widest: int, expected: tuple[int, int]
) -> None:
    """Never wider than the column, never stretched."""
    assert shown(ImageView("", "", *size), widest) == expected
