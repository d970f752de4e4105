"""Web pages: what they say about themselves, and the article they hold."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from newsletter.errors import ContentError
from newsletter.model import CallToAction, Image, Post
from newsletter.posts.web_page import read_web_page

URL = "https://river.example/2026/eels/?utm=x"


def page(article: str, *, head: str = "", body: str = "") -> Post:
    """Return the post of a page with a menu and a footer around the article."""
    html = (
        f"<!DOCTYPE html><html lang='en-GB'><head>{head}</head><body><nav><a href='/'>Home</a></nav>{body}"
        f"<article>{article}</article><footer><a href='/about'>About us</a></footer></body></html>"
    )
    return read_web_page(html, url=URL, where=URL)


def linked_data(**facts: Any) -> str:
    """Return a JSON-LD script."""
    stated = {"@context": "https://schema.org", "@graph": [{"@type": "WebSite", "name": "River"}, facts]}
    return f"<script type='application/ld+json'>{json.dumps(stated)}</script>"


def test_linked_data_comes_first(article: str) -> None:
    """Title, author, date, picture, canonical link, language, topics."""
    head = (
        linked_data(
            **{"@type": "NewsArticle"},
            headline="Eels &amp; otters",
            author=[{"@type": "Person", "name": "Ana Ruiz"}, {"name": "Tom Adeyemi"}],
            datePublished="2026-03-05T10:30:00+01:00",
            image={"url": "/eels.jpg", "caption": "Eels at the weir"},
            mainEntityOfPage={"@id": "https://river.example/2026/eels/"},
            keywords="Eels, Rivers",
            inLanguage="en",
        )
        + "<meta property='og:title' content='Other'><meta name='author' content='Other'>"
    )
    post = page(article, head=head)
    assert (post.title, post.author) == ("Eels & otters", "Ana Ruiz, Tom Adeyemi")
    assert post.published_at == datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
    assert post.images == (
        Image("Eels at the weir", url="https://river.example/eels.jpg", caption="Eels at the weir"),
    )
    assert (post.link, post.language, post.tags) == (
        "https://river.example/2026/eels/", "en", ("Eels", "Rivers"),
    )  # fmt: skip
    assert post.body.startswith("The count began at dusk")
    assert post.body.count("\n\n") == 2


def test_an_author_may_be_named_elsewhere_in_the_data(article: str) -> None:
    """By reference, as WordPress plugins do."""
    stated = {
        "@graph": [
            {"@type": ["Article", "BlogPosting"], "headline": "Eels", "author": {"@id": "#ana"}},
            {"@type": "Person", "@id": "#ana", "name": "Ana Ruiz"},
        ]
    }
    script = f"<script type='application/ld+json'>{json.dumps(stated)}</script>"
    assert page(article, head=script).author == "Ana Ruiz"


def test_open_graph_is_next(article: str) -> None:
    """With article:* for the times and names."""
    head = (
        "<script type='application/ld+json'>{broken</script>"
        "<meta property='og:title' content='Eels are back - River Trust'>"
        "<meta property='og:site_name' content='River Trust'>"
        "<meta property='og:type' content='article'>"
        "<meta property='og:url' content='https://river.example/eels'>"
        "<meta property='og:image' content='https://river.example/e.jpg'>"
        "<meta property='og:image:alt' content='Eels'>"
        "<meta property='og:description' content='How the eels came back.'>"
        "<meta property='og:locale' content='en_US'>"
        "<meta property='article:published_time' content='2026-03-05T10:30:00Z'>"
        "<meta property='article:author' content='https://social.example/ana'>"
        "<meta property='article:tag' content='Eels'><meta property='article:tag' content='Weirs'>"
    )
    post = page(article, head=head, body="<span class='byline'>By <a>Ana Ruiz</a></span>")
    assert (post.title, post.author) == ("Eels are back", "Ana Ruiz")
    assert post.published_at == datetime(2026, 3, 5, 10, 30, tzinfo=UTC)
    assert post.images == (Image("Eels", url="https://river.example/e.jpg"),)
    assert (post.excerpt, post.link) == ("How the eels came back.", "https://river.example/eels")
    assert (post.tags, post.language) == (("Eels", "Weirs"), "en-GB")


def test_plain_elements_are_the_last_resort(article: str) -> None:
    """h1, time, meta, link rel=canonical."""
    head = (
        "<title>Eels | River</title><link rel='canonical' href='/eels'>"
        "<meta name='description' content='The count began at dusk on the last […]'>"
    )
    post = page(
        "<h1>Eels are back</h1><time datetime='2026-03-05'>March 5, 2026</time>"
        f"<p class='author'>Ana Ruiz</p>{article}",
        head=head,
    )
    assert (post.title, post.author, post.published_at) == ("Eels are back", "Ana Ruiz", date(2026, 3, 5))
    assert (post.link, post.excerpt) == ("https://river.example/eels", "")
    assert post.body.startswith("The count began")


def test_a_page_without_any_statement_still_has_its_address(article: str) -> None:
    """The title element, and where it was found."""
    post = page(article, head="<title>Eels</title>")
    assert (post.title, post.link, post.author, post.published_at) == ("Eels", URL, "", None)


def test_the_lead_picture_that_the_story_shows_too_is_one_picture(article: str) -> None:
    """In another size it is the same picture; its caption is kept."""
    figure = (
        "<figure><img src='/e-1024x768.jpg' alt='Eels'><figcaption>At the weir | Ana</figcaption></figure>"
    )
    head = "<title>Eels</title><meta property='og:image' content='https://river.example/e-300x200.jpg'>"
    post = page(article + figure + article, head=head)
    assert post.images == (
        Image("Eels", url="https://river.example/e-1024x768.jpg", caption="At the weir", credit="Ana"),
    )


def test_the_closing_question_of_a_page_is_its_call_to_action(article: str) -> None:
    """With the link it has."""
    ask = "<p><a href='/give'>Can you help us open the next weir?</a></p>"
    post = page(article + ask, head="<title>Eels</title>")
    assert post.call_to_action == CallToAction(
        "Can you help us open the next weir?", url="https://river.example/give"
    )
    assert "Can you" not in post.body


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("<html><title>Home</title><nav><a href=/a>News</a> <a href=/b>About</a></nav></html>", "no article"),
        ("<html><body><p>Nothing</p></body></html>", "no headline"),
        ("<html><title>x</title><body></body></html>", "no article"),
        ("<!-- only a comment -->", "nothing on this page"),
        ('<!DOCTYPE html [<!ENTITY a "b">]><html><title>&a;</title></html>', "declares XML entities"),
        ("<html><title>x</title>" + "<div>" * 3000 + "</html>", "no article|nested too deep"),
    ],
)
def test_a_page_without_an_article_is_one_line(html: str, reason: str) -> None:
    """That names the page."""
    with pytest.raises(ContentError, match=reason) as caught:
        read_web_page(html, url=URL, where=URL)
    assert str(caught.value).startswith(f"{URL}: ")
    assert "\n" not in str(caught.value)


NONSENSE = {
    "@type": "Article",
    "author": 7,
    "image": [{}],
    "headline": [],
    "datePublished": {},
    "keywords": {},
    "mainEntityOfPage": 3,
    "inLanguage": {},
}


@pytest.mark.parametrize(
    "stated",
    [
        "[]",
        "null",
        '"x"',
        '{"@type": 5, "author": 7}',
        '{"@graph": [1, null]}',
        json.dumps(NONSENSE),
        "[" * 9000,
    ],
)
def test_odd_linked_data_is_passed_over(article: str, stated: str) -> None:
    """Sites write what they like."""
    post = page(article, head=f"<title>Eels</title><script type='application/ld+json'>{stated}</script>")
    assert (post.title, post.author, post.tags) == ("Eels", "", ())
