"""Topics become hashtags."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.editions.hashtags import hashtags


@pytest.mark.parametrize(
    ("topic", "tag"),
    [
        ("safe migration", "#SafeMigration"),
        ("#SafeMigration", "#SafeMigration"),
        ("OAS", "#OAS"),
        ("anti-trafficking", "#AntiTrafficking"),
        ("human_rights", "#HumanRights"),
        ("women's rights", "#WomensRights"),
        ("women\u2019s rights", "#WomensRights"),
        ("COVID-19", "#COVID19"),
        ("5 rivers", "#5Rivers"),
        ("égalité des chances", "#ÉgalitéDesChances"),
        ("e\u0301galite\u0301", "#Égalité"),
        ("मानव तस्करी", "#मानवतस्करी"),
        ("人権", "#人権"),
        ("straße", "#Straße"),
    ],
)
def test_a_topic_becomes_one_word_in_camel_case(topic: str, tag: str) -> None:
    """Screen readers read the words apart."""
    assert hashtags([topic], 4) == (tag,)


@pytest.mark.parametrize("topic", ["", "2024", "½", "—", "👍", "  "])
def test_a_topic_without_a_letter_makes_no_hashtag(topic: str) -> None:
    """Networks would show it as plain text."""
    assert hashtags([topic], 4) == ()


def test_each_hashtag_stands_once_and_no_more_than_allowed() -> None:
    """The order given decides."""
    assert hashtags(["rivers", "Rivers", "fair work", "weirs"], 2) == ("#Rivers", "#FairWork")
    assert hashtags(["rivers"], 0) == ()


@settings(deadline=None)
@given(st.lists(st.text()), st.integers(0, 6))
def test_hashtags_are_whole_words_and_stable(topics: list[str], most: int) -> None:
    """Made of any text, they are few, without spaces, and their own hashtags."""
    tags = hashtags(topics, most)

    assert len(tags) <= most
    assert all(len(tag.split()) == 1 and tag.count("#") == 1 for tag in tags)
    assert hashtags(tags, most) == tags
