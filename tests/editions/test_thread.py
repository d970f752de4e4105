"""Threads: where posts end, who asks, and how they are numbered."""

from __future__ import annotations

import pytest

from newsletter.campaigns.campaign import Social
from newsletter.model import CallToAction
from tests.editions.sample_snippet import LINK, POST, QUESTION, folder, made

ASKED = f"{QUESTION} {LINK}\n\n#RiverRestoration #Salmon #Volunteers #Weirs"
SENTENCES = (
    "Salmon passed the mill on Monday. Nobody alive had seen that before. We had waited for ten years."
)
LONG = f"{SENTENCES}\n\n{'Then the weir fell, and the river was loud. ' * 5}".strip()


def test_words_that_do_not_fit_are_cut_unless_the_campaign_allows_a_thread() -> None:
    """A thread costs more, and not everybody likes them."""
    assert made(folder(220, max_posts=9), social=Social(why=LONG)).parts == ()
    assert made(folder(220), social=Social(why=LONG, thread=True)).parts == ()
    assert made(folder(220, max_posts=9), social=Social(why="Short.", thread=True)).parts == ()


def test_spare_hashtags_go_before_a_thread_is_made() -> None:
    """One post is better than two."""
    whole = made(600)
    snippet = made(folder(len(whole.text) - 1, max_posts=9), social=Social(thread=True))

    assert (snippet.parts, snippet.steps) == ((), ("left out #Weirs",))


def test_a_thread_begins_with_the_hook_and_ends_with_the_ask() -> None:
    """Posts end with paragraphs, then sentences; nothing is lost."""
    snippet = made(folder(220, max_posts=9), social=Social(why=LONG, thread=True))

    assert snippet.parts[0] == f"{POST.title}\n\n{SENTENCES}"
    assert snippet.parts[1].endswith("was loud.")
    assert snippet.parts[-1].endswith(ASKED)
    assert snippet.steps == (f"made a thread of {len(snippet.parts)} posts",)
    assert snippet.text == "\n\n".join(snippet.parts)
    assert snippet.length == max(map(len, snippet.parts)) <= 220
    words = " ".join(snippet.parts).split()
    assert words == f"{POST.title} {LONG} {ASKED}".split()


def test_a_sentence_too_long_for_a_post_ends_at_a_clause_and_a_clause_at_a_word() -> None:
    """Only there an ellipsis is needed."""
    clauses = "Salmon came up the river, past the mill and past the town, past every stone we had moved"
    words = "Salmon trout eel lamprey grayling dace chub barbel perch pike roach rudd tench bream"

    thread = Social(hook="Fish.", why=f"{clauses}. {words} {words}", thread=True, hashtags=("a",))
    posts = made(folder(90, max_posts=20), social=thread, ask=CallToAction("Why?"), link="").parts

    assert posts[0] == "Fish.\n\nSalmon came up the river, past the mill and past the town,"
    assert posts[1].endswith("moved.")
    assert posts[2].endswith("…")
    assert "…" not in posts[0] + posts[1] + posts[-1]
    assert " ".join(posts).replace("…", "").split()[:-2] == f"Fish. {clauses}. {words} {words}".split()


@pytest.mark.parametrize("where", ["social.why", "social.text"])
def test_the_authors_marks_make_a_thread_although_none_was_allowed(where: str) -> None:
    """And nothing is said about it: it was meant."""
    marked = "One.\n---\nTwo\nlines.\n-----\nThree."
    why, own = (marked, {}) if where == "social.why" else ("", {"main": marked})
    snippet = made(folder(300, max_posts=3), social=Social(hook="Look:", why=why, text=own))

    assert [post.split()[-1] for post in snippet.parts[:-1]] == ["One.", "lines."]
    assert snippet.parts[-1] == f"Three.\n\n{ASKED}"
    assert snippet.steps == ()


def test_where_there_are_no_threads_marked_posts_become_paragraphs() -> None:
    """And that is said."""
    snippet = made(folder(300), social=Social(hook="Look:", why="One.\n---\nTwo."))

    assert snippet.text == f"Look:\n\nOne.\n\nTwo.\n\n{ASKED}"
    assert snippet.steps == ("put the posts of the thread together",)


def test_a_marked_post_that_is_too_long_becomes_several() -> None:
    """The marks around it stay."""
    snippet = made(folder(220, max_posts=9), social=Social(text={"main": f"One.\n---\n{LONG}\n---\nLast."}))

    assert snippet.parts[0] == "One."
    assert snippet.parts[-1] == f"Last.\n\n{ASKED}"
    assert snippet.steps == (f"made {len(snippet.parts)} posts of 3",)


def test_numbers_stand_in_every_post_and_take_room() -> None:
    """Only in threads, and only when wanted; two digits where there are ten posts."""
    social = Social(why=LONG, thread=True, numbered=True)
    few = made(folder(240, max_posts=20), social=social).parts
    many = made(folder(160, max_posts=20), social=Social(why=LONG * 4, thread=True, numbered=True)).parts

    assert [post.split()[-1] for post in few] == [f"{n}/{len(few)}" for n in range(1, len(few) + 1)]
    assert len(many) > 9
    assert max(map(len, many)) <= 160
    assert many[9].endswith(f"10/{len(many)}")
    assert made(folder(500, max_posts=9), social=Social(thread=True, numbered=True)).text.endswith("#Weirs")


def test_the_first_post_may_ask_instead() -> None:
    """With the link, before people stop reading; the ask is there once."""
    snippet = made(folder(240, max_posts=9), social=Social(why=LONG, thread=True, link_in="first"))

    assert snippet.parts[0].startswith(POST.title)
    assert snippet.parts[0].endswith(ASKED)
    assert snippet.text.count(QUESTION) == snippet.text.count(LINK) == 1


def test_an_ask_that_the_words_bring_is_torn_by_no_thread() -> None:
    """It stands whole in one post, if need be once more."""
    question = "Can you help the next weir fall, and the one behind it, and every weir up to the spring?"
    words = f"{'Salmon came. ' * 9}{question}"
    social = Social(text={"main": words}, thread=True)

    for limit in range(len(question) + 40, 240):
        posts = made(folder(limit, max_posts=9), social=social, ask=CallToAction(question), link="").posts

        assert [post for post in posts if question in post], limit


def test_a_thread_longer_than_the_network_takes_is_shortened_at_a_sentence() -> None:
    """It stays a thread, the longest there may be."""
    snippet = made(folder(200, max_posts=3), social=Social(why=LONG * 9, thread=True))

    assert len(snippet.parts) == 3
    assert snippet.steps[-1] == "ended the text at a sentence"
    assert snippet.parts[-1].count(LINK) == 1


def test_a_word_longer_than_a_post_is_divided_and_an_address_is_not() -> None:
    """An address that no post can hold leaves only the ask."""
    word, address = "wei" * 100, f"https://river.example/{'a' * 300}"

    divided = made(folder(120, max_posts=9), social=Social(hook="A", why=word, thread=True)).parts
    left_out = made(folder(120, max_posts=9), social=Social(hook="A", why=address, thread=True))

    assert "".join(divided[1:-1]).replace("…", "").startswith("wei" * 90)
    assert "river.example" not in left_out.text
    assert left_out.steps[-1] == "left out the text"


def test_every_post_of_a_thread_has_its_price() -> None:
    """A tenth of a cent a character, here."""
    network = folder(220, max_posts=9, price_musd=lambda _self, text: len(text))

    snippet = made(network, social=Social(why=LONG, thread=True))

    assert snippet.price_musd == sum(map(len, snippet.parts))
    assert made(folder(500, price_musd=lambda _self, _text: 15)).price_musd == 15


def test_a_book_pasted_by_mistake_is_shortened_quickly() -> None:
    """Only as much of it is measured as posts can hold."""
    measured = 0

    def measure(_self: object, text: str) -> int:
        nonlocal measured
        measured += len(text)
        return len(text)

    network = folder(200, max_posts=5, measure=measure)
    made(network, social=Social(why="One more page. " * 30_000, thread=True))

    assert measured < 40 * 450_000
