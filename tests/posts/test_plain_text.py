"""Text copied from a blog page: the most common source of all."""

from __future__ import annotations

from datetime import date

import pytest

from newsletter.errors import ContentError
from newsletter.model import CallToAction, Image, RelatedPost
from newsletter.posts.decoding import decode
from newsletter.posts.plain_text import read_plain_text

COPIED = """\
River Trust Helps Draw Up Plan for Fair Work on the Estuary

River Trust people helped lead a meeting in Lima earlier this month. The two-day event was called \
“Fair Work on the Water.” It is a long story but a simple aim: how can […]

By Staff

September 26, 2013

River Trust people helped lead a meeting in Lima earlier this month.

The two-day event was called “Fair Work on the Water.”

It is a long story but a simple aim: how can crews and officials agree on what a contract must say, \
in a language that the crew can read.

tom and ana

Ana Ruiz and Tom Adeyemi at the Lima meeting | OAS photo

“We asked for one page,” Ana said. “We were given four.”

“Civil society is playing an important role,” she says.

The plan is open for comment until spring. Learn more about it on our website.

Can you help end the conditions that keep crews in debt?

Related Posts

Safe Migration Webinar

Safe Migration Webinar

In September 2024 two trusts hosted a webinar to share findings. It brought together 38 people.

read more
Efforts to Protect Crews from Debt

Efforts to Protect Crews from Debt

Many who look for work abroad pay a fee first. Some never see a contract.

read more
"""


def test_a_copied_story_is_understood_whole() -> None:
    """Title, standfirst, byline, date, paragraphs, picture, question, related posts."""
    post = read_plain_text(COPIED, "story.txt")
    assert post.title == "River Trust Helps Draw Up Plan for Fair Work on the Estuary"
    assert post.slug == "river-trust-helps-draw-up-plan-for-fair-work-on-the-estuary"
    assert (post.author, post.published_at, post.excerpt) == ("Staff", date(2013, 9, 26), "")
    paragraphs = post.body.split("\n\n")
    assert len(paragraphs) == 6
    assert paragraphs[0] == "River Trust people helped lead a meeting in Lima earlier this month."
    assert paragraphs[-1].startswith("The plan is open")
    assert post.images == (
        Image("tom and ana", caption="Ana Ruiz and Tom Adeyemi at the Lima meeting", credit="OAS photo"),
    )
    assert post.call_to_action == CallToAction("Can you help end the conditions that keep crews in debt?")
    assert post.related == (
        RelatedPost(
            "Safe Migration Webinar",
            "In September 2024 two trusts hosted a webinar to share findings. It brought together 38 people.",
        ),
        RelatedPost(
            "Efforts to Protect Crews from Debt",
            "Many who look for work abroad pay a fee first. Some never see a contract.",
        ),
    )


@pytest.mark.parametrize(
    "raw",
    [
        COPIED.replace("\n", "\r\n").encode(),
        COPIED.encode("utf-8-sig"),
        COPIED.replace("\n", "\r\n").encode("cp1252"),
        COPIED.replace("\n", "\r\n").encode("utf-16"),
        COPIED.replace(" the ", "\u00a0the ").encode(),
        COPIED.replace("\n\n", "\n \t\n\n\n").encode(),
    ],
)
def test_how_the_file_was_saved_makes_no_difference(raw: bytes) -> None:
    """Line ends, byte order marks, encodings, no-break spaces, more blank lines."""
    post = read_plain_text(decode(raw, where="x"), "x")
    assert " ".join(post.body.split()) == " ".join(read_plain_text(COPIED, "x").body.split())
    assert len(post.related) == 2
    assert post.call_to_action
    assert post.published_at == date(2013, 9, 26)


def test_a_standfirst_with_words_of_its_own_is_the_excerpt() -> None:
    """It is a summary that somebody wrote."""
    post = read_plain_text("Title here\n\nHow eels came back.\n\nBy Ana Ruiz\n\nIn May they came.", "x")
    assert (post.excerpt, post.author, post.body) == ("How eels came back.", "Ana Ruiz", "In May they came.")


def test_a_standfirst_that_repeats_the_story_goes_without_a_byline_too() -> None:
    """The cut mark is enough."""
    post = read_plain_text("Title here\n\nIn May they came, and […]\n\nIn May they came, and stayed.", "x")
    assert post.body == "In May they came, and stayed."


@pytest.mark.parametrize(
    ("line", "author", "day"),
    [
        ("By Ana Ruiz", "Ana Ruiz", None),
        ("by Ana Ruiz | March 5, 2026 | 3 min read", "Ana Ruiz", date(2026, 3, 5)),
        ("By Ana Ruiz on 5 March 2026", "Ana Ruiz", date(2026, 3, 5)),
        ("By Ana Ruiz, March 5, 2026", "Ana Ruiz", date(2026, 3, 5)),
        ("March 5, 2026 by Ana Ruiz", "Ana Ruiz", date(2026, 3, 5)),
        ("Posted by Ana de la Ruiz", "Ana de la Ruiz", None),
        ("Posted: 5 March 2026", "", date(2026, 3, 5)),
    ],
)
def test_bylines_and_dates_are_read_in_their_usual_forms(line: str, author: str, day: date | None) -> None:
    """Alone or together."""
    post = read_plain_text(f"Title here\n\n{line}\n\nIn May they came.", "x")
    assert (post.title, post.author, post.published_at) == ("Title here", author, day)
    assert post.body == "In May they came."


@pytest.mark.parametrize("line", ["By the river, children play.", "By now it was late", "By May it rained!"])
def test_a_sentence_that_starts_with_by_is_no_byline(line: str) -> None:
    """It stays in the story."""
    post = read_plain_text(f"Title here\n\n{line}\n\nMore words follow here.", "x")
    assert post.author == ""
    assert post.body.startswith(line)


def test_a_text_without_a_headline_gets_one_from_its_first_words() -> None:
    """Missing parts break nothing."""
    post = read_plain_text(f"{'Long words of a story come here, ' * 8}end.\n\nSecond paragraph.", "x")
    assert post.title.startswith("Long words of a story")
    assert post.body.count("\n\n") == 1


def test_a_headline_alone_is_no_story() -> None:
    """One line, one reason."""
    with pytest.raises(ContentError, match=r"^x: there is a headline but no story"):
        read_plain_text("Title here\n\nBy Ana Ruiz\n", "x")


def test_the_title_byline_and_date_may_stand_in_one_block() -> None:
    """Not every page leaves blank lines."""
    post = read_plain_text("Title here\nBy Ana Ruiz\nMarch 5, 2026\n\nIn May they came.\n\nThey stayed.", "x")
    assert (post.author, post.published_at) == ("Ana Ruiz", date(2026, 3, 5))
    assert post.body == "In May they came.\n\nThey stayed."


def test_wrapped_lines_are_one_paragraph_and_long_lines_one_each() -> None:
    """Text wrapped by hand, and text without blank lines."""
    assert read_plain_text("T\n\nIn May\nthey came.", "x").body == "In May they came."
    long = "In May they came, " * 10 + "and stayed."
    assert read_plain_text(f"T\n\n{long}\nShort.", "x").body == f"{long}\n\nShort."


def test_a_picture_without_alt_text_is_described_by_its_caption() -> None:
    """Readers who do not see it get the words there are."""
    post = read_plain_text("T\n\nIn May they came.\n\nEels at the weir | Photo: Ana\n\nThey stayed.", "x")
    assert post.images == (Image("Eels at the weir", caption="Eels at the weir", credit="Photo: Ana"),)
    assert post.body == "In May they came.\n\nThey stayed."


def test_lists_and_addresses_keep_working() -> None:
    """Bullets become a list, web addresses links, and marks of Markdown stay what they were."""
    post = read_plain_text(
        "T\n\n• eels\n• otters\n\n1. one\n2. two\n\nSee https://x.example/a_b. 5 * 3 * 2", "x"
    )
    assert post.body == "- eels\n- otters\n\n1. one\n2. two\n\nSee <https://x.example/a_b>. 5 \\* 3 \\* 2"


@pytest.mark.parametrize("ending", ["Who pays? Nobody knows.", "They stayed.", "- Who pays?"])
def test_only_a_closing_question_is_a_call_to_action(ending: str) -> None:
    """A question followed by its answer is part of the story."""
    post = read_plain_text(f"T\n\nIn May they came.\n\n{ending}", "x")
    assert post.call_to_action is None
    assert post.body.endswith(ending.strip("- "))


def test_the_question_keeps_the_address_it_names_and_gets_no_other() -> None:
    """Nothing is made up."""
    post = read_plain_text("T\n\nIn May they came.\n\nWill you help at https://x.example/give today?", "x")
    assert post.call_to_action
    assert post.call_to_action.url == "https://x.example/give"
