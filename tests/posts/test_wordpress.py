"""WordPress sites: the REST API, what may not be shown, and the feed behind it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug import Request, Response

from newsletter.errors import ContentError
from newsletter.model import Image
from newsletter.posts.gather import gather
from newsletter.posts.wordpress import read_wordpress

if TYPE_CHECKING:
    from pytest_httpserver import HTTPServer

FRONT = """<html><head><title>R</title><link rel="https://api.w.org/" href="{}"></head>
<body><p>Hi</p></body></html>"""


def entry(number: int = 1, **more: Any) -> dict[str, Any]:
    """Return a post as WordPress gives it."""
    return {
        "id": number,
        "date_gmt": f"2026-03-{number:02}T09:30:00",
        "link": f"https://r.example/{number}/",
        "status": "publish",
        "title": {"rendered": f"Eels &#8211; part {number}"},
        "content": {"rendered": "<p>In May they came&hellip;</p><p>They stayed.</p>", "protected": False},
        "excerpt": {"rendered": "<p>In May they came&hellip; [&hellip;]</p>"},
        **more,
    }


class FakeSite:
    """A WordPress REST API with some posts, the newest first."""

    def __init__(self, server: HTTPServer, entries: list[dict[str, Any]]) -> None:
        self.asked: list[dict[str, str]] = []
        self._entries = entries
        server.expect_request("/wp-json/wp/v2/posts").respond_with_handler(self.answer)

    def answer(self, request: Request) -> Response:
        """Give one page."""
        query = request.args.to_dict()
        self.asked.append(query)
        size, page = int(query["per_page"]), int(query["page"])
        return Response(
            json.dumps(self._entries[(page - 1) * size : page * size]), mimetype="application/json"
        )


def test_a_post_of_the_api_is_understood_whole(site: HTTPServer) -> None:
    """Entities, author, topics, featured picture in the best size, its caption."""
    media = {
        "alt_text": "Eels",
        "caption": {"rendered": "<p>At the weir | Ana</p>\n"},
        "source_url": "https://r.example/e.jpg",
        "media_details": {
            "width": 4000,
            "sizes": {
                "thumbnail": {"source_url": "https://r.example/e-150.jpg", "width": 150},
                "large": {"source_url": "https://r.example/e-1024.jpg", "width": 1024},
                "2048": {"source_url": "https://r.example/e-2048.jpg", "width": 2048},
            },
        },
    }
    embedded = {
        "author": [{"name": "Ana &amp; Tom"}],
        "wp:featuredmedia": [media],
        "wp:term": [[{"name": "Uncategorized"}, {"name": "Eels"}], [{"name": "Weirs &amp; dams"}]],
    }
    fake = FakeSite(site, [entry(_embedded=embedded)])
    [found] = gather_posts(site)
    assert (found.title, found.author) == ("Eels \u2013 part 1", "Ana & Tom")
    assert found.published_at == datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    assert (found.link, found.tags) == ("https://r.example/1/", ("Eels", "Weirs & dams"))
    assert (found.body, found.excerpt) == ("In May they came…\n\nThey stayed.", "")
    assert found.images == (
        Image("Eels", url="https://r.example/e-1024.jpg", caption="At the weir", credit="Ana"),
    )
    assert fake.asked[0]["_embed"] == "author,wp:featuredmedia,wp:term"


def gather_posts(site: HTTPServer, **options: Any) -> list[Any]:
    """Read the site without fetching pictures."""
    from newsletter.fetch import get

    return read_wordpress(site.url_for("/wp-json/"), get, **{"limit": 10, "since": None, **options})


def test_protected_and_draft_posts_are_skipped_and_replaced_by_older_ones(site: HTTPServer) -> None:
    """The limit counts what may be shown."""
    locked = entry(9, content={"rendered": "", "protected": True})
    drafts = [entry(8, status="draft"), entry(7, status="private")]
    FakeSite(site, [locked, *drafts, *(entry(n) for n in (6, 5, 4))])
    assert [post.title[-1] for post in gather_posts(site, limit=2)] == ["6", "5"]


def test_many_posts_are_read_page_by_page(site: HTTPServer) -> None:
    """WordPress gives at most a hundred at once."""
    fake = FakeSite(site, [entry(n % 28 + 1, title={"rendered": f"T{n}"}) for n in range(230)])
    posts = gather_posts(site, limit=150, since=date(2026, 1, 2))
    assert [post.title for post in posts] == [f"T{n}" for n in range(150)]
    assert [(query["page"], query["per_page"]) for query in fake.asked] == [("1", "100"), ("2", "100")]
    assert fake.asked[0]["after"] == "2026-01-02T00:00:00"


def test_an_error_object_in_place_of_an_author_is_passed_over(site: HTTPServer) -> None:
    """Plugins hide users."""
    hidden = {"author": [{"code": "rest_user_invalid_id", "message": "Invalid user ID."}], "wp:term": None}
    FakeSite(site, [entry(_embedded=hidden)])
    [post] = gather_posts(site)
    assert (post.author, post.tags, post.images) == ("", (), ())


@pytest.mark.parametrize("answer", ["{}", "no json", '{"code": "rest_forbidden"}', "[" * 9000])
def test_an_api_that_is_switched_off_is_one_line(site: HTTPServer, answer: str) -> None:
    """Whatever it answers."""
    site.expect_request("/wp-json/wp/v2/posts").respond_with_data(answer, content_type="application/json")
    with pytest.raises(ContentError, match="gives no posts"):
        gather_posts(site)


def test_a_site_is_found_by_its_front_page(site: HTTPServer) -> None:
    """Whatever the API's address is."""
    site.expect_request("/").respond_with_data(
        FRONT.format(site.url_for("/wp-json/")), content_type="text/html"
    )
    FakeSite(site, [entry(2), entry(1)])
    assert [found.post.title[-1] for found in gather(site.url_for("/"), limit=1)] == ["2"]


def test_the_feed_is_read_when_the_api_is_off(site: HTTPServer) -> None:
    """At its usual address, when the page names none."""
    site.expect_request("/").respond_with_data(FRONT.format("/wp-json/"), content_type="text/html")
    item = "<item><title>From the feed</title><description>In May.</description></item>"
    feed = f"<rss><channel>{item}</channel></rss>"
    site.expect_request("/feed/").respond_with_data(feed, content_type="application/rss+xml")
    site.expect_request("/wp-json/wp/v2/posts").respond_with_data("no", status=401)
    assert [found.post.title for found in gather(site.url_for("/"))] == ["From the feed"]


def test_a_story_on_a_wordpress_site_is_a_story(site: HTTPServer, article: str) -> None:
    """Every page of such a site names the API."""
    head = f'<title>Eels</title><link rel="https://api.w.org/" href="{site.url_for("/wp-json/")}">'
    site.expect_request("/2026/eels/").respond_with_data(
        f"<html><head>{head}</head><body><article>{article}</article></body></html>", content_type="text/html"
    )
    assert [found.post.title for found in gather(site.url_for("/2026/eels/"))] == ["Eels"]
