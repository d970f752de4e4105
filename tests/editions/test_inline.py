"""Styles on the elements, and nothing lost on the way there."""

from __future__ import annotations

import logging

import css_inline
import pytest
from lxml import html as lxml_html

from newsletter.editions.inline import inline
from newsletter.errors import ContentError

SIGNS = "\u201cIt\u2019s\u201d \u2013 a\u00a0b\u2026"


def document(head: str = "", body: str = "<p>Hello</p>") -> str:
    """Return a whole document around ``head`` and ``body``."""
    return (
        '<!DOCTYPE html>\n<html lang="en" dir="ltr" xmlns:o="urn:schemas-microsoft-com:office:office">'
        f"<head><title>T</title>{head}</head>\n<body>{body}</body></html>"
    )


def styles(html: str, path: str) -> dict[str, str]:
    """Return the inline style of the first element at ``path``."""
    element = lxml_html.document_fromstring(html).find(path)
    assert element is not None
    pairs = (part.split(":", 1) for part in element.get("style", "").split(";") if part.strip())
    return {name.strip(): value.strip() for name, value in pairs}


def test_a_base_sheet_moves_onto_the_elements() -> None:
    """The sheet is gone, its declarations are inline, colours keep their six digits."""
    html = inline(document("<style>.a { color:#112233; padding:0 8px }</style>", '<p class="a">x</p>'))
    assert styles(html, ".//p") == {"color": "#112233", "padding": "0 8px"}
    assert "<style" not in html
    assert "class=" not in html


def test_a_progressive_sheet_stays_word_for_word() -> None:
    """Rules that premailer drops or spoils survive, and the marker is gone."""
    sheet = (
        "@media (max-width:620px) {\n.a { color:#223344 !important }\n}\n"
        "[data-ogsc] .a { color:#445566 !important }\n@font-face { font-family:X }"
    )
    html = inline(document(f'<style data-premailer="ignore">{sheet}</style>', '<p class="a b">x</p>'))
    assert f"<style>{sheet}</style>" in html
    assert '<p class="a">' in html


def test_sizes_and_sides_stay_as_the_template_wrote_them() -> None:
    """Outlook reads attributes; CSS does not overwrite them."""
    image = '<img src="https://m.example/a.jpg" alt="" width="536" height="302" class="i">'
    html = inline(document("<style>.i { width:100%; height:auto }</style>", image))
    assert 'width="536" height="302"' in html


def test_conditional_comments_and_doctype_survive() -> None:
    """What Outlook reads is untouched and the document starts as it must."""
    ghost = '<!--[if mso]><table role="presentation" width="600"><tr><td><![endif]-->'
    html = inline(document("", f"{ghost}<p>x</p><!--[if mso]></td></tr></table><![endif]-->"))
    assert html.startswith("<!DOCTYPE html>\n<html")
    assert ghost in html


def test_merge_tokens_pass_in_text_address_and_title() -> None:
    """Every token comes out where it went in."""
    body = '<p>Dear qzmerge0000zq</p><a href="qzmerge0001zq">x</a><img alt="qzmerge0002zq" src="https://m.example/a.png">'
    html = inline(document("", body))
    assert 'href="qzmerge0001zq"' in html
    assert html.count("qzmerge") == 3


@pytest.mark.parametrize(
    "sheet",
    [
        "@import url(http://127.0.0.1:9/x.css);",
        "@\\69mport 'http://127.0.0.1:9/x.css';",
        ".a { background-image:url(http://127.0.0.1:9/x.png) }",
        "@media print { .a { background-image:URL('x.png') } }",
    ],
)
@pytest.mark.parametrize("marker", ["", ' data-premailer="ignore"'])
def test_a_sheet_that_loads_something_is_refused(sheet: str, marker: str) -> None:
    """Nothing is fetched while rendering, and nothing a mail client would block is shipped."""
    with pytest.raises(ContentError, match="cannot load anything"):
        inline(document(f"<style{marker}>{sheet}</style>"))


def test_a_linked_sheet_is_refused() -> None:
    """Mail clients ignore it."""
    with pytest.raises(ContentError, match="<link>"):
        inline(document('<link rel="stylesheet" href="https://x.example/a.css">'))


@pytest.mark.parametrize("start", ["<!doctype html>", "<!-- hello --><!DOCTYPE html>", "<html>"])
def test_a_document_that_starts_otherwise_is_refused(start: str) -> None:
    """Anything else puts mail clients into quirks mode."""
    with pytest.raises(ContentError, match="DOCTYPE"):
        inline(f"{start}<html><body></body></html>")


def test_a_token_in_a_sheet_is_refused() -> None:
    """A base sheet disappears, and a person's value with it."""
    with pytest.raises(ContentError, match="merge tag"):
        inline(document("<style>.qzmerge0000zq { color:#112233 }</style>"))


def test_signs_that_outlook_misprints_are_references() -> None:
    """Typographic quotes, dashes and no-break spaces leave as numbers, in the words they came in."""
    html = inline(document("", f"<p>{SIGNS}</p>"))
    assert "&#8220;It&#8217;s&#8221; &#8211; a&#160;b&#8230;" in html
    assert "&apos;" not in html
    assert lxml_html.document_fromstring(html).findtext(".//p") == SIGNS


def test_indentation_goes_but_written_space_stays() -> None:
    """Template indentation is not shipped; preformatted text and figure spaces are untouched."""
    html = inline(document("", "<div>\n\n      <p>x</p>\n   </div><pre>a\n    b</pre>"))
    assert "<div>\n<p>x</p>\n</div><pre>a\n    b</pre>" in html


def test_inlining_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    """The parser of sheets does not complain about what it does not know."""
    with caplog.at_level(logging.DEBUG):
        inline(document("<style>.a { mso-hide:all; frobnicate:1 }</style>", '<p class="a">x</p>'))
    assert not [record for record in caplog.records if record.name.startswith("CSSUTILS")]


def test_another_inliner_agrees_on_every_element() -> None:
    """The inliner and css-inline give each element the same declarations."""
    sheet = (
        "p { margin:0; color:#111111 } .lead { margin:0 0 16px 0; font-size:18px } "
        ".last { margin:0 } td { padding:8px } .link { color:#004400 } "
        ".card { padding:32px; background-color:#eeeeee }"
    )
    body = (
        '<table role="presentation"><tr><td class="card"><p class="lead">a <a class="link" href="https://a.example/">b</a></p>'
        '<p class="lead last" style="color:#222222">c</p></td><td><p>d</p></td></tr></table>'
    )
    written = document(f"<style>{sheet}</style>", body)
    ours = lxml_html.document_fromstring(inline(written))
    oracle = css_inline.CSSInliner(load_remote_stylesheets=False).inline(written)
    theirs = lxml_html.document_fromstring(oracle)
    for path in (".//td[1]", ".//td[2]", ".//p[1]", ".//p[2]", ".//a"):
        assert _declared(ours, path) == _declared(theirs, path), path


def _declared(tree: lxml_html.HtmlElement, path: str) -> list[dict[str, str]]:
    found = []
    for element in tree.findall(path):
        pairs = [part.split(":", 1) for part in element.get("style", "").split(";") if part.strip()]
        found.append({name.strip(): value.strip() for name, value in pairs})
    return found
