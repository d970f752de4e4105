"""One snippet per account: what it says, and what goes first when there is no room."""

from __future__ import annotations

import pytest

from newsletter.campaigns.campaign import Social
from newsletter.errors import ContentError
from newsletter.model import Post, Snippet
from newsletter.social.folder import Folder
from tests.editions.sample_snippet import LINK, POST, QUESTION, WEIR, made

WHOLE = f"""\
The last weir is gone

Salmon passed the mill on Monday. Nobody alive had seen that before.

{QUESTION} {LINK}

#RiverRestoration #Salmon #Volunteers #Weirs"""


def test_a_snippet_is_hook_why_question_link_and_hashtags() -> None:
    """In short paragraphs, with nothing left out when there is room."""
    snippet = made()

    assert snippet == Snippet(
        account="main",
        network="folder",
        text=WHOLE,
        link=LINK,
        length=len(WHOLE),
        limit=500,
        language="en",
    )


@pytest.mark.parametrize(
    ("limit", "lost", "steps"),
    [
        (len(WHOLE), "", ()),
        (len(WHOLE) - 1, " #Weirs", ("left out #Weirs",)),
        (len(WHOLE) - 8, " #Volunteers #Weirs", ("left out #Volunteers #Weirs",)),
        (
            len(WHOLE) - 46,
            "\n\n#RiverRestoration #Salmon #Volunteers #Weirs",
            ("left out #RiverRestoration #Salmon #Volunteers #Weirs",),
        ),
    ],
)
def test_spare_hashtags_go_first_the_last_one_before_the_others(
    limit: int, lost: str, steps: tuple[str, ...]
) -> None:
    """As few as needed."""
    snippet = made(limit)

    assert (snippet.text, snippet.steps) == (WHOLE.removesuffix(lost), steps)


def test_then_the_text_ends_at_a_sentence_and_hashtags_that_fit_again_come_back() -> None:
    """A tag takes only room that nothing else needs."""
    snippet = made(178)

    assert "Monday.\n\n" in snippet.text
    assert snippet.text.endswith(f"{LINK}\n\n#RiverRestoration")
    assert snippet.steps == ("left out #Salmon #Volunteers #Weirs", "ended the text at a sentence")


def test_then_the_text_ends_at_a_word() -> None:
    """With an ellipsis."""
    snippet = made(155)

    assert "\n\nSalmon passed the mill on…\n\n" in snippet.text
    assert "ended the text at a word" in snippet.steps


def test_then_the_text_goes_and_at_last_the_hook_is_cut() -> None:
    """Question and link stay to the end."""
    ask = f"{QUESTION} {LINK}"
    without = made(len(ask) + 2 + len(POST.title))
    shorter = made(len(ask) + 2 + 12)
    bare = made(len(ask))

    assert (without.text, without.steps[-1]) == (f"{POST.title}\n\n{ask}", "left out the text")
    assert shorter.text == f"The last…\n\n{ask}"
    assert shorter.steps[-1] == "left out the text, ended the first line at a word"
    assert (bare.text, bare.steps[-1]) == (ask, "left out the text and the first line")


def test_an_account_too_small_for_the_ask_gets_the_ask_alone_and_says_so() -> None:
    """The call to action is never cut, the checks stop it, and the rest of the edition goes on."""
    snippet = made(99)

    assert snippet.text == f"{QUESTION} {LINK}"
    assert (snippet.length, snippet.limit) == (len(snippet.text), 99)
    assert snippet.steps == (f"call to action and link alone take {len(snippet.text)} of 99 characters",)


def test_the_campaigns_words_come_before_the_posts() -> None:
    """Hook, why and hashtags can be written by hand."""
    snippet = made(social=Social(hook="Ten years of work.", why="One river.", hashtags=("fair work",)))

    assert snippet.text == f"Ten years of work.\n\nOne river.\n\n{QUESTION} {LINK}\n\n#FairWork"


def test_a_post_without_an_excerpt_speaks_for_itself() -> None:
    """The first words of its body."""
    snippet = made(post=Post("weir", "The last weir is gone", POST.body))

    assert "\n\nSalmon passed the mill on Monday. Nobody had seen that since 1910." in snippet.text


def test_words_for_one_account_replace_hook_and_why_there_only() -> None:
    """Question, link and hashtags are still added."""
    social = Social(text={"main": "Salmon!\nAt last.", "other": "Something else"}, hashtags=("salmon",))

    assert made(social=social).text == f"Salmon!\nAt last.\n\n{QUESTION} {LINK}\n\n#Salmon"


def test_what_the_words_for_an_account_say_already_is_not_added_again() -> None:
    """Whole question, whole link, hashtag in any case."""
    own = f"{QUESTION} Here: {LINK}. #salmon"

    assert made(social=Social(text={"main": own}, hashtags=("Salmon", "rivers"))).text == f"{own}\n\n#Rivers"


def test_a_longer_link_that_starts_alike_does_not_count_as_the_link() -> None:
    """Readers would land elsewhere."""
    own = f"See {LINK}-b and #Salmons."

    assert made(social=Social(text={"main": own}, hashtags=("salmon",))).text == (
        f"{own}\n\n{QUESTION} {LINK}\n\n#Salmon"
    )


def test_an_ask_lost_by_a_cut_comes_back_behind_it() -> None:
    """Words for an account that hold the ask may be too long, too."""
    own = f"{'The river runs. ' * 9}{QUESTION} {LINK}"
    snippet = made(140, social=Social(text={"main": own}))

    assert snippet.text == f"{'The river runs. ' * 2}".strip() + f"\n\n{QUESTION} {LINK}"


def test_without_a_call_to_action_the_link_stands_alone() -> None:
    """And without a link the question."""
    assert f"before.\n\n{LINK}\n\n#" in made(ask=None).text
    assert f"before.\n\n{QUESTION}\n\n#" in made(link="").text


@pytest.mark.parametrize(
    ("social", "key"),
    [
        (Social(hook="Dear {{ merge.first_name }}"), "social.hook"),
        (Social(why="{{ merge.city }} needs you"), "social.why"),
        (Social(text={"main": "{{ merge.first_name }}!"}), "social.text.main"),
    ],
)
def test_merge_tags_are_refused_with_their_key(social: Social, key: str) -> None:
    """A social post is the same for everybody."""
    with pytest.raises(
        ContentError, match=rf"campaigns/autumn/campaign.toml \({key}\): merge tags work in letters"
    ):
        made(social=social)


def test_text_is_cleaned_before_it_is_counted() -> None:
    """Composed accents, no control characters, one line per slot."""
    post = Post("p", "Cafe\u0301\x07 on\nthe quay", "Body.")

    assert made(post=post).text.startswith("Café on the quay\n\nBody.")


def test_a_picture_brings_its_description_and_a_long_one_is_cut_at_a_sentence() -> None:
    """Without a picture there is none."""
    long = "A weir. " + "Water runs over it. " * 100

    assert (made(alt=" A  weir ").image, made(alt=" A  weir ").alt) == (WEIR.name, "A weir")
    assert (made().image, made().alt) == ("", "")
    cut = made(alt=long)
    assert len(cut.alt) <= Folder.max_alt
    assert cut.alt.endswith("over it.")
    assert cut.steps == ("cut the description of the picture",)
