"""Markdown to HTML for mail, and excerpts."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model import Image
from newsletter.posts.body import TAGS, first_words, pictures_in, to_html


def test_tables_lists_and_strikethrough_are_shown() -> None:
    """CommonMark, and the two extensions staff use."""
    html = to_html("| a | b |\n|---|--:|\n| 1 | 2 |\n\n3. c\n   - d\n\n~~gone~~")
    assert '<th align="right">b</th>' in html
    assert '<ol start="3">' in html
    assert "<s>gone</s>" in html


def test_raw_html_is_shown_as_text() -> None:
    """A stored post may come from anywhere."""
    html = to_html("Hello <script>alert(1)</script> <b onclick=x>b</b>")
    assert "<script" not in html
    assert "<b" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd"]
)
def test_links_that_run_or_read_something_are_no_links(url: str) -> None:
    """Only http, https, mailto and tel."""
    assert "href" not in to_html(f"[x]({url})")
    assert "src" not in to_html(f"![x]({url})")


@pytest.mark.parametrize("url", ["https://a.example/", "mailto:a@b.example", "tel:+44123"])
def test_links_people_use_stay(url: str) -> None:
    """Without a rel attribute: mail clients add their own."""
    assert to_html(f"[x]({url})") == f'<p><a href="{url}">x</a></p>\n'


@pytest.mark.parametrize(
    ("markdown", "tags"),
    [
        ("# a\n\n## b\n\n### c\n\n# d", "h3 h3 h4 h3"),
        ("### a\n\n### b", "h3 h3"),
        ("### a\n\n#### b\n\n###### c", "h3 h4 h4"),
        ("#### a\n\n## b\n\n#### c", "h3 h3 h4"),
    ],
)
def test_headings_start_below_the_headline_and_skip_no_level(markdown: str, tags: str) -> None:
    """Screen readers walk by heading level."""
    assert " ".join(re.findall(r"<(h\d)>", to_html(markdown))) == tags


@given(st.text())
def test_no_text_brings_in_an_element_that_mail_does_not_know(markdown: str) -> None:
    """The allowlist holds for every input."""
    assert set(re.findall(r"<([a-z0-9]+)", to_html(markdown))) <= TAGS


def test_an_excerpt_ends_at_a_sentence() -> None:
    """Whole sentences, across paragraphs, without headings, pictures and marks."""
    markdown = (
        "# Head\n\nThe **river** rose. It fell.\n\n![x](y.png)\n\nDr. Ruiz of the U.S. office came. She left."
    )
    assert first_words(markdown, words=5) == "The river rose. It fell."
    assert first_words(markdown, words=12) == "The river rose. It fell. Dr. Ruiz of the U.S. office came."


def test_a_long_first_sentence_is_cut_after_a_word() -> None:
    """And says so."""
    assert first_words("one two, three four five.", words=2) == "one two…"


@given(st.lists(st.sampled_from(["river", "“Came?”", "Mr.", "end.", "so!", "U.S.", "\n\n"]), max_size=40))
def test_an_excerpt_is_never_longer_than_asked_and_never_cuts_a_word(words: list[str]) -> None:
    """Every word of it is a word of the text."""
    excerpt = first_words(" ".join(words), words=10)
    assert len(excerpt.split()) <= 10
    assert {word.rstrip("…") for word in excerpt.split()} <= {word.rstrip("…") for word in words}


def test_pictures_are_found_once_each_in_order() -> None:
    """Files are decoded, addresses on the web kept."""
    found = pictures_in("![a *b*](my%20pic.png)\n\n![c](https://x.example/c.png) ![again](my%20pic.png)")
    assert found == (Image("a b", "my pic.png"), Image("c", url="https://x.example/c.png"))
