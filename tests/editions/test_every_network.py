"""What holds for the snippets of every network, whatever people write."""

from __future__ import annotations

import re
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter import adapters, social
from newsletter.campaigns.campaign import Social
from newsletter.editions.fitting import clean
from newsletter.editions.hashtags import hashtags
from newsletter.editions.slots import Slots
from newsletter.editions.social_templates import layout
from newsletter.model import Post
from newsletter.social.base import SocialNetwork, graphemes
from tests.contract.test_social import account_of
from tests.editions.sample_snippet import LINK, QUESTION, made

if TYPE_CHECKING:
    from newsletter.model import Snippet

KINDS = adapters.known(social)
ADDRESS = "https://partner.example/a-long-way?to=the&sea=1"
WHOLE = re.compile(r"(?<!\S)(?:https?://\S+|[#@]\w\S*)")
"""What may stand in a post as a whole only."""

anything = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300)
pieces = st.sampled_from(
    [
        "The river runs. ",
        "né, and ",
        "👩‍👩‍👧‍👦 ",
        "🇬🇧🫶🏽",
        "#Tag ",
        "川は自由。",
        "مرحبا بالنهر، ",
        f"{ADDRESS} ",
        "@a@b.example ",
        "wei" * 40,
        "\n\n",
        "\n---\n",
    ]
)
words = anything | st.lists(pieces, max_size=40).map("".join)


@cache
def account(kind: str) -> SocialNetwork:
    """Return an account of this type with the least settings."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANTED", "planted-secret-55")
        return account_of(kind, Path(folder))


def narrowed(kind: str, limit: int, most: int) -> SocialNetwork:
    """Return the account with another limit; it counts as its network does."""
    whole = account(kind)
    shape = type(whole)
    members = {"limit": property(lambda _self: limit), "max_posts": most, "__module__": shape.__module__}
    made: SocialNetwork = type(shape.__name__, (shape,), members)(**vars(whole))
    return made


def ask_alone(kind: str) -> str:
    """Return call to action and link as the network's template prints them, with the widest number."""
    printed = layout((), kind, language="en")(Slots(call_to_action=QUESTION, link=LINK, number="10/10"))
    assert QUESTION in printed
    assert LINK in printed
    return printed


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=40)
@given(
    given_words=st.tuples(words, words), spare=st.integers(0, 400), most=st.integers(1, 12), data=st.data()
)
def test_every_post_fits_and_nothing_that_belongs_together_is_torn(
    kind: str, given_words: tuple[str, str], spare: int, most: int, data: Any
) -> None:
    """For any words, any limit that holds the ask, in one post or a thread; and always the same."""
    title, why = given_words
    limit = account(kind).measure(ask_alone(kind)) + spare
    plan = Social(
        hook=title.replace("{{", ""),
        why=why.replace("{{", ""),
        thread=data.draw(st.booleans()),
        numbered=data.draw(st.booleans()),
        link_in=data.draw(st.sampled_from(["first", "last"])),
        hashtags=tuple(data.draw(st.lists(words, max_size=4))),
    )
    network = narrowed(kind, limit, most)
    post = Post("p", "Title", "Body.")

    snippet = made(network, post=post, social=plan)

    assert [network.measure(text) for text in snippet.posts if network.measure(text) > limit] == []
    assert len(snippet.posts) <= most
    assert snippet.length == max(map(network.measure, snippet.posts))
    for part in (QUESTION, LINK):
        assert [text.count(part) for text in snippet.posts if part in text] == [1]
    source = f"{clean(plan.hook)} {clean(plan.why)} Title Body."
    assert_untorn(snippet, source, hashtags(plan.hashtags, network.max_hashtags))
    assert made(network, post=post, social=plan) == snippet


def assert_untorn(snippet: Snippet, source: str, tags: tuple[str, ...]) -> None:
    """Compare graphemes, addresses, hashtags and mentions with what was written."""
    known = {*graphemes(" ".join((source, *tags, QUESTION, LINK))), *"…/0123456789\n"}
    assert {character for text in snippet.posts for character in graphemes(text)} <= known
    for found in (found for text in snippet.posts for found in WHOLE.findall(text)):
        as_written = rf"{re.escape(found)}(?!\S)|{re.escape(found.removesuffix('…'))}(?!\S)"
        assert re.search(as_written, " ".join((source, *tags, LINK)))


@pytest.mark.parametrize("kind", KINDS)
def test_every_network_gets_words_ask_and_link(kind: str) -> None:
    """With the settings of its adapter; a link of its own parameters each."""
    snippet = made(account(kind))

    assert snippet.network == kind
    assert snippet.text.startswith("The last weir is gone\n\nSalmon passed the mill on Monday.")
    assert snippet.text.count(QUESTION) == snippet.text.count(LINK) == 1
    assert snippet.limit == account(kind).limit


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["🌊" * 900, "أهلاً بكم في النهر. " * 80, "川" * 4_000, ""])
def test_emoji_right_to_left_and_unspaced_texts_fit_too(kind: str, text: str) -> None:
    """Whole, and with the ask behind them."""
    snippet = made(account(kind), social=Social(text={account(kind).name: text}))

    assert snippet.length <= snippet.limit
    assert QUESTION in snippet.text
    assert LINK in snippet.text
