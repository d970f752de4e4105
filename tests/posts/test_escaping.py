"""Text stays the same text when it passes through Markdown."""

from __future__ import annotations

import html
import re

from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.posts.body import to_html
from newsletter.posts.decoding import one_line
from newsletter.posts.escaping import escape_address, escape_line

LINES = st.text(st.sampled_from("ab1 .*_`~[]()<>!&;#+-=|\\:/\"'…"), max_size=30) | st.text(max_size=30)


@given(LINES)
@example("1. of May")
@example("*_a_* `b` ~~c~~ [d](e) ![f](g) &amp; &#65; <b> <http://x.y>")
@example("# a")
@example("===")
@example("a_b_c")
def test_an_escaped_line_reads_as_it_was_written(line: str) -> None:
    """Whatever its characters mean in Markdown."""
    line = one_line(line)
    rendered = to_html(escape_line(line))
    assert set(re.findall("<[^>]*>", rendered)) <= {"<p>", "</p>"}
    assert one_line(html.unescape(re.sub("<[^>]*>", "", rendered))) == line


@given(st.text(max_size=40))
def test_an_escaped_address_ends_where_it_should(address: str) -> None:
    """Brackets and spaces in it do not end the link."""
    written = escape_address(f"https://x.example/{address}")
    assert 'href="' in to_html(f"[x]({written}) end")
    assert to_html(f"[x]({written}) end").endswith(">x</a> end</p>\n")
