"""HTML of a story becomes clean Markdown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import ContentError
from newsletter.model import CallToAction, Image, RelatedPost
from newsletter.posts.body import to_html
from newsletter.posts.clean_html import words_of_html
from newsletter.posts.html_body import HtmlBody, read_html

BASE = "https://river.example/2026/eels/"


def body(html: str) -> str:
    """Return the Markdown of a bit of HTML that stands inside a story."""
    markdown = read_html(f"<p>In May.</p>{html}<p>End.</p>", base=BASE).markdown
    return markdown.removeprefix("In May.").removesuffix("End.").strip()


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<h2>Head <b>x</b></h2>", "## Head x"),
        ("<p>a <b> b </b>c<i>d</i></p>", "a **b** c*d*"),
        ("<p><strong>Note:</strong>text</p>", "**Note:** text"),
        ("<p><b>a</b><b>b</b></p>", "**ab**"),
        ("<p>a<br>b<br><br>c</p>", "a\\\nb\n\nc"),
        ("<p>5 * 3 _x_ [a](b) &lt;b&gt; &amp;copy;</p>", "5 \\* 3 \\_x\\_ [a\\](b) \\<b> \\&copy;"),
        ("<p># no head</p><p>1. no list</p>", "\\# no head\n\n1\\. no list"),
        ('<p><a href="/give?a=1&amp;b=2">Give</a></p>', "[Give](https://river.example/give?a=1&b=2)"),
        ('<p><a href="../x (1).html">x</a></p>', "[x](https://river.example/2026/x%20%281%29.html)"),
        ('<p><a href="javascript:x()">no</a> <a href="#top">top</a></p>', "no top"),
        ('<p>x<sup><a href="#fn1">1</a></sup></p>', "x [1]"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c"),
        ("<ol start=3><li>a</li><li><p>b</p><p>c</p></li></ol>", "3. a\n\n4. b\n\n   c"),
        ("<ul><li>a</li></ul><ul><li>b</li></ul>", "- a\n\n* b"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b"),
        ("<pre>a\n  `b`</pre>", "```\na\n  `b`\n```"),
        ("<p><code>a`b</code></p>", "``a`b``"),
        ("<div>a<div>b</div>c</div>", "a\n\nb\n\nc"),
        (
            "<table><tr><th>A</th><th>B|C</th></tr><tr><td colspan=2>1</td></tr></table>",
            "| A | B\\|C |\n| --- | --- |\n| 1 |  |",
        ),
        ("<table><tr><td><p>layout</p></td></tr></table>", "layout"),
        ("<p>It&#146;s \x96</p>", "It\u2019s \u2013"),
        ("<p>https://river.example/a_b</p>", "<https://river.example/a_b>"),
    ],
)
def test_every_kind_of_block_has_its_markdown(html: str, markdown: str) -> None:
    """One row per kind."""
    assert body(html) == markdown


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<style>p{}</style>",
        "<svg><a href=x>x</a></svg>",
        "<form><input><p>Your address</p></form>",
        '<div class="sharedaddy sd-sharing">Share this</div>',
        '<div class="social-share">Tweet</div>',
        '<span class="screen-reader-text">skip</span>',
        "<p hidden>hidden</p>",
        '<img src="/p.gif" width="1" height="1">',
        '<img src="https://pixel.wp.com/b.gif?x=1">',
        '<img src="data:image/png;base64,AAAA">',
        '<img class="avatar" src="/me.jpg">',
        "<!-- comment -->",
        "<p>\u00a0</p>",
    ],
)
def test_what_is_no_story_is_dropped(html: str) -> None:
    """Scripts, forms, share buttons, tracking pixels."""
    assert body(html) == ""


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        (
            '<iframe src="https://www.youtube.com/embed/a-1?rel=0" title="Eels"></iframe>',
            "[Watch: Eels](https://www.youtube.com/watch?v=a-1)",
        ),
        ('<iframe src="//player.vimeo.com/video/12"></iframe>', "[Watch: video](https://vimeo.com/12)"),
        ('<iframe src="https://maps.example/x"></iframe>', "[See: maps.example](https://maps.example/x)"),
        ('<video><source src="/eels.mp4"></video>', "[Watch: river.example](https://river.example/eels.mp4)"),
        ('<audio src="/eels.mp3" title="Eels"></audio>', "[Listen: Eels](https://river.example/eels.mp3)"),
        (
            '<blockquote><p>Eels!</p>— Ana <a href="https://t.example/1">May 1</a></blockquote>',
            "> Eels!\n>\n> — Ana [May 1](https://t.example/1)",
        ),
    ],
)
def test_what_plays_on_a_page_becomes_a_link_or_a_quote(html: str, markdown: str) -> None:
    """No mail client shows frames."""
    assert body(html) == markdown


FIGURE = '<figure><img src="a.jpg" alt="{}"><figcaption>At the weir {}</figcaption></figure>'


@pytest.mark.parametrize(
    ("html", "image"),
    [
        (FIGURE.format("Eels", "<em>Photo: Ana</em>"), ("Eels", "a.jpg", "At the weir", "Photo: Ana")),
        (FIGURE.format("", '<i class="credit">Ana</i>'), ("", "a.jpg", "At the weir", "Ana")),
        (
            '<div class="wp-caption"><img src="a.jpg"><p class="wp-caption-text">Weir | OAS photo</p></div>',
            ("", "a.jpg", "Weir", "OAS photo"),
        ),
        ('<a href="big.jpg"><img src="data:x" data-src="b.jpg" alt="Eels"></a>', ("Eels", "b.jpg", "", "")),
        ('<img src="a.jpg" srcset="3.jpg 300w, 10.jpg 1024w, 20.jpg 2048w">', ("", "10.jpg", "", "")),
    ],
)
def test_pictures_keep_their_caption_and_credit(html: str, image: tuple[str, ...]) -> None:
    """In the size that a letter needs."""
    alt, name, caption, credit = image
    read = read_html(f"<p>In May.</p>{html}<p>End.</p>", base=BASE)
    assert read.images == (Image(alt, url=BASE + name, caption=caption, credit=credit),)
    assert f"![{alt}]({BASE}{name})" in read.markdown


def test_a_picture_is_shown_once_though_the_page_has_it_twice() -> None:
    """Lazy loading puts a copy into noscript."""
    read = read_html(
        '<p>In May.</p><img data-src="/a.jpg"><noscript><img src="/a.jpg"></noscript>', base=BASE
    )
    assert len(read.images) == 1
    assert read.markdown.count("![") == 1


def test_a_gallery_is_its_first_picture_and_a_link() -> None:
    """A letter is no album."""
    figures = "".join(
        f'<figure><img src="{n}.jpg"><figcaption>No {n}</figcaption></figure>' for n in range(9)
    )
    read = read_html(f'<p>In May.</p><figure class="wp-block-gallery">{figures}</figure>', base=BASE)
    assert [image.caption for image in read.images] == ["No 0"]
    assert read.markdown.endswith(f"[See all 9 pictures]({BASE})")


def test_the_title_byline_and_feed_footer_are_no_part_of_the_story() -> None:
    """They are facts of the post already, or advertising."""
    html = "<h1>Eels</h1><p>By Ana Ruiz</p><p>March 5, 2026</p><p>In May.</p>"
    footer = "<p>The post <a href=x>Eels</a> appeared first on <a href=y>River</a>.</p>"
    assert read_html(html + footer, base=BASE, above=("EELS",)).markdown == "In May."


GIVE = '<a class="button" href="https://x.example/give">Give now</a></p>'


@pytest.mark.parametrize(
    ("html", "ask"),
    [
        ("<p>Can you help?</p>", CallToAction("Can you help?")),
        ("<h3><strong>Can you help?</strong></h3>", CallToAction("Can you help?")),
        (
            '<p>Can you <a href="https://x.example/give">help</a>?</p>',
            CallToAction("Can you help?", url="https://x.example/give"),
        ),
        (
            "<p>Can you help?</p><p>" + GIVE,
            CallToAction("Can you help?", "Give now", "https://x.example/give"),
        ),
        ("<ul><li>Can you help?</li></ul>", None),
        ("<p>Can you help? We hope so.</p>", None),
    ],
)
def test_the_closing_question_is_the_call_to_action(html: str, ask: CallToAction | None) -> None:
    """With the button or link it has, and no other."""
    read = read_html(f"<p>In May.</p>{html}", base=BASE)
    assert read.call_to_action == ask
    assert ("Can you" in read.markdown) is (ask is None)


def test_related_posts_are_taken_from_the_end() -> None:
    """As headings with summaries, or as a list."""
    html = (
        "<p>In May.</p><p>Will you count with us?</p><h3>Related Posts</h3>"
        '<h4><a href="/r1">One</a></h4><p>About one.</p><p><a href="/r1">read more</a></p>'
        '<ul><li><a href="/r2">Two</a></li><li><a href="/r3">Three</a></li></ul>'
    )
    read = read_html(html, base=BASE)
    assert read.markdown == "In May."
    assert read.call_to_action == CallToAction("Will you count with us?")
    assert read.related == (
        RelatedPost("One", "About one.", "https://river.example/r1"),
        RelatedPost("Two", "", "https://river.example/r2"),
        RelatedPost("Three", "", "https://river.example/r3"),
    )


def test_html_nested_without_end_is_refused() -> None:
    """Recursion is not tried."""
    with pytest.raises(ContentError, match="nested too deep"):
        read_html("<div>" * 5000 + "x", base=BASE)


@given(st.text(st.sampled_from("<>/abip \"'=&;#\n*_[]()!"), max_size=80))
def test_no_markup_brings_anything_unsafe_into_the_letter(html: str) -> None:
    """Whatever is broken in it."""
    read: HtmlBody = read_html(html, base=BASE)
    assert not re.search(r"<(?:script|iframe|img[^>]*onerror)", to_html(read.markdown))


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60))
def test_words_pass_through_html_unchanged(words: str) -> None:
    """Text in, the same text out."""
    escaped = words.replace("&", "&amp;").replace("<", "&lt;")
    assert words_of_html(escaped) == words_of_html(f"<b>{escaped}</b>")
