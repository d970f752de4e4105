"""RSS and Atom."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from newsletter.errors import ContentError
from newsletter.model import CallToAction, Image
from newsletter.posts.feed import read_feed

ITEM = """<item><title>No {n}</title><link>https://r.example/{n}</link><description>About {n}.</description>
<pubDate>{day} Mar 2026 09:30:00 GMT</pubDate></item>"""
RSS = """<?xml version="1.0" encoding="{encoding}"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/">
<channel><title>River</title><language>en-GB</language>{items}</channel></rss>
"""


def rss(items: str, encoding: str = "UTF-8") -> str:
    """Return a feed."""
    return RSS.format(items=items, encoding=encoding)


def numbered(*days: int) -> str:
    """Return one entry per day of March."""
    return "".join(ITEM.format(n=day, day=f"{day:02}") for day in days)


def test_full_content_is_used_and_the_summary_is_the_excerpt() -> None:
    """Every field of an entry."""
    item = """<item><title>Eels &amp;amp; otters</title><link>https://r.example/eels</link>
    <pubDate>Thu, 05 Mar 2026 10:30:00 +0100</pubDate><dc:creator>Ana Ruiz</dc:creator>
    <category>Eels</category><category>Weirs</category><description>How they came back.</description>
    <content:encoded><![CDATA[<p>In <b>May</b> they <a href="/x">came</a>.</p><iframe
    src="https://www.youtube.com/embed/a1"></iframe><script>x()</script><p>Can you help?</p>]]>
    </content:encoded>
    <media:thumbnail url="https://r.example/t.jpg" width="100"/>
    <media:content url="https://r.example/big.jpg" medium="image" width="1000"/></item>"""
    [post] = read_feed(rss(item), limit=10, since=None, where="f")
    assert (post.title, post.author, post.language) == ("Eels & otters", "Ana Ruiz", "en-GB")
    assert post.published_at == datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
    assert (post.link, post.tags, post.excerpt) == (
        "https://r.example/eels", ("Eels", "Weirs"), "How they came back.",
    )  # fmt: skip
    assert post.body == (
        "In **May** they [came](https://r.example/x).\n\n[Watch: video](https://www.youtube.com/watch?v=a1)"
    )
    assert post.images == (Image(url="https://r.example/big.jpg"),)
    assert post.call_to_action == CallToAction("Can you help?")


def test_the_newest_come_first_and_no_more_than_asked() -> None:
    """The order of the file means nothing."""
    posts = read_feed(rss(numbered(3, 9, 1, 7)), limit=3, since=None, where="f")
    assert [post.title for post in posts] == ["No 9", "No 7", "No 3"]


def test_older_entries_are_left_out() -> None:
    """The day itself counts; an entry without a date is nobody's guess."""
    undated = "<item><title>Undated</title><description>x</description></item>"
    posts = read_feed(rss(numbered(3, 9, 7) + undated), limit=9, since=date(2026, 3, 7), where="f")
    assert [post.title for post in posts] == ["No 9", "No 7"]
    assert read_feed(rss(numbered(3)), limit=9, since=date(2026, 4, 1), where="f") == []


def test_atom_is_read_too() -> None:
    """With its own names for everything."""
    atom = """<feed xmlns="http://www.w3.org/2005/Atom"><title>R</title><entry><title>Eels</title>
    <link href="https://r.example/eels"/><updated>2026-03-05T09:30:00Z</updated><author><name>Ana</name></author>
    <content type="html">&lt;p&gt;In May.&lt;/p&gt;</content>
    <link rel="enclosure" type="image/jpeg" href="https://r.example/e.jpg"/></entry></feed>"""
    [post] = read_feed(atom, limit=10, since=None, where="f")
    assert (post.title, post.link, post.author, post.body) == (
        "Eels", "https://r.example/eels", "Ana", "In May.",
    )  # fmt: skip
    assert post.published_at == datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
    assert post.images == (Image(url="https://r.example/e.jpg"),)


def test_a_declared_encoding_that_is_gone_does_no_harm() -> None:
    """The bytes were decoded before."""
    text = rss(numbered(1).replace("No 1", "Größe 1"), encoding="ISO-8859-1")
    assert read_feed(text, limit=1, since=None, where="f")[0].title == "Größe 1"


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><rss><channel><item><title>&i;</title></item></channel></rss>"
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (LAUGHS, "declares XML entities"),
        ('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss>&x;</rss>', "declares XML entities"),
        ('<!DOCTYPE r [<!-- > --><!ENTITY % p SYSTEM "http://x/">%p;]><rss></rss>', "declares XML entities"),
        (rss(numbered(1, 2))[:-60], "cut off"),
        (rss(numbered(1))[:300], "cut off"),
        (rss(""), "no entries"),
        ("<feed>nothing</feed>", "not an RSS or Atom feed|no entries"),
    ],
)
def test_hostile_and_broken_feeds_are_one_line(text: str, reason: str) -> None:
    """Entities are never expanded, cut feeds never half read."""
    with pytest.raises(ContentError, match=f"^f: .*{reason}"):
        read_feed(text, limit=10, since=None, where="f")


def test_a_feed_may_talk_about_entities() -> None:
    """In CDATA and comments they declare nothing."""
    words = "<![CDATA[<p>Write &lt;!ENTITY, or <!ENTITY a></p>]]>"
    item = f"<item><title>x</title><description>{words}</description></item>"
    assert read_feed(rss(f"<!-- <!ENTITY b> -->{item}"), limit=1, since=None, where="f")[0].title == "x"


def test_an_old_document_type_without_entities_is_fine() -> None:
    """RSS 0.91 had one."""
    kind = '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://x.example/rss.dtd">'
    assert read_feed(rss(numbered(1)).replace("<rss", kind + "<rss"), limit=1, since=None, where="f")
