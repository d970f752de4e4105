"""The whole letter: both parts of every template, and the rules that mail clients impose on them."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from lxml import etree
from lxml import html as lxml_html

from newsletter.config import Brand, Organisation
from newsletter.editions import colours, letter
from newsletter.editions.colours import DARK, LIGHT
from newsletter.editions.edition import sample_values
from newsletter.editions.environment import render_line
from newsletter.editions.lines import columns
from newsletter.editions.merge import MergeTags
from newsletter.editions.view import EditionView, ImageView, StoryView
from newsletter.errors import ContentError
from newsletter.model import CallToAction, RelatedPost

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from newsletter.editions.letter import RenderedLetter

TEMPLATES = ("digest", "letter", "appeal")
ORGANISATION = Organisation(
    name="Fen & Ford",
    sender="Fen & Ford <post@fenford.example>",
    postal_address="3 Mill Lane, Ely CB7 4AA, United Kingdom",
    public_url="https://news.fenford.example",
    website="https://fenford.example",
    registration="Registered charity 1088888",
)
HERON = ImageView(
    "https://m.example/heron.jpg", "A heron in the reeds", 1072, 604, "Waiting for eels", "Photo: Li Wei"
)
FORD = ImageView("https://m.example/ford.jpg", "The ford at dusk", 604, 1072)
BODY = """The heron stood where the pump had been. *Nobody* had asked it to.

## What changed

“It walked in,” says [Bea Lund](https://fenford.example/people/bea?utm_source=newsletter&utm_medium=email).

> It is our best inspector, and it works for fish.

- the pump is off
- the reeds are back

| Year | Herons |
|---|---:|
| 2024 | 0 |
| 2026 | 4 |

![](ford.jpg)
"""


def story(title: str = "The heron inspects", **changes: object) -> StoryView:
    """Return a story, changed as asked."""
    whole = StoryView(
        title=title,
        excerpt="A heron has taken over from the pump. It has opinions about the sluice, and four friends.",
        body=BODY,
        url=f"https://fenford.example/{len(title)}?utm_source=newsletter&utm_medium=email",
        author="Jonah Reed",
        date="3 October 2026",
        image=HERON,
        images={"heron.jpg": HERON, "ford.jpg": FORD},
        language="en",
    )
    return replace(whole, **changes)  # type: ignore[arg-type]  # any field, by name


def view(tags: MergeTags, **changes: object) -> EditionView:
    """Return a small edition, changed as asked."""
    plain = EditionView(
        organisation=ORGANISATION,
        brand=colours.brand_view(Brand(accent="#8a3b12"), ORGANISATION),
        language="en",
        direction="ltr",
        subject=render_line('{{ merge.first_name | fallback("Friend") }}, the heron is in', tags, where="s"),
        preheader="A heron has taken over from the pump, and four of its friends are watching.",
        title="News from the low ground",
        date="5 October 2026",
        note=render_line('Dear {{ merge.first_name | fallback("friend") }},\n\nit rained.', tags, where="n"),
        signature="Asta Berg, warden",
        stories=(
            story(),
            story("Two boots, one ditch", image=FORD),
            story("A short one", image=None, url=""),
        ),
        call_to_action=CallToAction(
            "Will you buy a yard of reed?", "Buy a yard", "https://fenford.example/yard"
        ),
        related=(
            RelatedPost("How to count eels", "At night, with patience.", "https://fenford.example/eels"),
            RelatedPost("A map without a web page", "Ask us for a copy."),
        ),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # any field, by name


def rendered(template: str = "digest", **changes: object) -> RenderedLetter:
    """Return a letter as a subscriber without a name gets it."""
    tags = MergeTags()
    raw = letter.render(view(tags, **changes), tags, template=template, folders=())
    values = sample_values(ORGANISATION.public_url)
    return letter.RenderedLetter(tags.rehearse(raw.html, values), tags.rehearse(raw.text, values))


def tree(template: str = "digest", **changes: object) -> lxml_html.HtmlElement:
    """Return the HTML part of a letter, parsed."""
    return lxml_html.document_fromstring(rendered(template, **changes).html)


def words_of(element: etree._Element) -> str:
    """Return the text inside an element."""
    return etree.tostring(element, method="text", encoding="unicode")


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_letter_reads_as_it_was_approved(template: str, golden: Callable[[str, str], None]) -> None:
    """Every byte of both parts; after a wanted change run pytest --update-golden and read the diff."""
    tags = MergeTags()
    made = letter.render(view(tags), tags, template=template, folders=())
    golden(f"letters/{template}.html", made.html)
    golden(f"letters/{template}.txt", made.text)


@pytest.mark.parametrize("template", TEMPLATES)
def test_both_parts_offer_the_same_addresses_in_the_same_order(template: str) -> None:
    """A reader of the text part can do whatever a reader of the HTML can."""
    made = rendered(template)
    in_html = [str(anchor.get("href")) for anchor in lxml_html.document_fromstring(made.html).iter("a")]
    in_text = re.findall(r"https://[^\s]+|[\w.]+@[\w.]+", made.text)
    assert list(dict.fromkeys(in_text)) == [
        address.removeprefix("mailto:") for address in dict.fromkeys(in_html)
    ]


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_document_starts_and_speaks_as_screen_readers_need(template: str) -> None:
    """Doctype, language and direction twice, a title, one h1, and no heading level skipped."""
    html = rendered(template).html
    assert html.startswith("<!DOCTYPE html>\n<html ")
    document = lxml_html.document_fromstring(html)
    wrapper = document.find("./body/div[@role='article']")
    assert wrapper is not None
    for element in (document, wrapper):
        assert (element.get("lang"), element.get("dir")) == ("en", "ltr")
    assert document.findtext(".//title") == "Friend, the heron is in" == wrapper.get("aria-label")
    levels = [int(heading.tag[1]) for heading in document.iter("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels))


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_table_says_whether_it_is_layout_or_facts(template: str) -> None:
    """Layout tables have a role, data tables have heads with a scope, none has gaps of its own."""
    for table in tree(template, stories=(story(url=""),)).iter("table"):
        assert [table.get(name) for name in ("cellpadding", "cellspacing", "border")] == ["0", "0", "0"]
        heads = list(table.iter("th"))
        assert table.get("role") == "presentation" or all(head.get("scope") for head in heads)
        assert table.get("role") or heads


@pytest.mark.parametrize("template", TEMPLATES)
def test_inlined_styles_are_those_that_word_understands(template: str) -> None:
    """Padding on cells and the button only, six-digit colours, at least 14 px, no modern layout."""
    for element in tree(template).iter():
        style = str(element.get("style", ""))
        if re.search(r"padding(-\w+)?:\s*[^0;]", style.replace("mso-padding-alt", "")):
            assert element.tag in {"td", "th"} or "display:inline-block" in style
        assert not re.search(r"\b(position|float|flex|grid|calc|var|rem|hsl|url)\b", style)
        assert not re.search(r"#(?![0-9a-f]{6}\b)", style)
        assert "background:" not in style
        assert all(int(size) in {0, *range(14, 40)} for size in re.findall(r"font-size:(\d+)px", style))
        if "background-color" in style and element.tag in {"td", "table"}:
            assert element.get("bgcolor") in style


@pytest.mark.parametrize("template", TEMPLATES)
def test_pictures_have_sizes_words_and_room_to_shrink(template: str) -> None:
    """Whole pixels for Outlook, a block that shrinks on phones, a description."""
    for image in tree(template).iter("img"):
        assert str(image.get("width")).isdigit()
        assert str(image.get("height")).isdigit()
        assert image.get("alt")
        style = str(image.get("style"))
        assert "display:block" in style
        assert "max-width" in style


def test_sheets_stay_small_and_simple() -> None:
    """Several blocks under 8 KB, no rule inside a rule but plain media queries, nothing left to inline."""
    sheets = re.findall(
        r"<style>(.*?)</style>", re.sub(r"<!--.*?-->", "", rendered().html, flags=re.DOTALL), re.DOTALL
    )
    assert len(sheets) == 4
    assert sum(len(sheet.encode()) for sheet in sheets) < 8_192
    queries = re.findall(r"@([^{]+)\{", "".join(sheets))
    assert queries == ["media (max-width:620px) ", "media (prefers-color-scheme:dark) "]
    assert "/*" not in "".join(sheets)


def test_dark_mode_says_the_same_to_outlook_as_to_everybody() -> None:
    """The recoloured rules are the rules of the media query."""
    html = rendered().html
    preferred = html[html.index("@media (prefers-color-scheme:dark)") :].partition("</style>")[0]
    asked = set(re.findall(r"\.([\w-]+) \{ ([^}]+) \}", preferred))
    recoloured = set(re.findall(r"\[data-ogs[cb]\] \.([\w-]+) \{ ([^}]+) \}", html))
    assert asked == recoloured
    assert all(" !important" in rule for _, rule in asked)
    assert {DARK.page, DARK.paper, DARK.ink} <= set(re.findall(r"#[0-9a-f]{6}", preferred))


def test_the_preheader_comes_first_and_is_followed_by_a_filler() -> None:
    """The inbox shows it, and not the first words of the letter."""
    body = tree().find("body")
    assert body is not None
    shown, filler = body[0], body[1]
    assert shown.text == "A heron has taken over from the pump, and four of its friends are watching."
    assert "display:none" in str(shown.get("style"))
    assert filler.get("aria-hidden") == "true"
    assert len(str(shown.text)) + len(str(filler.text)) >= 200
    assert [part.get("role") for part in tree(preheader="").findall("body/div")] == ["article"]


def test_there_is_one_button_and_it_is_a_cell() -> None:
    """Outlook fills the cell, everybody else the link; at least 44 px tall."""
    buttons = [cell for cell in tree().iter("td") if "mso-padding-alt" in str(cell.get("style"))]
    assert len(buttons) == 1
    assert buttons[0].get("bgcolor") == "#8a3b12"
    assert buttons[0][0].text == "Buy a yard"
    assert "padding:14px 28px" in str(buttons[0][0].get("style"))


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_footer_says_who_wrote_and_how_to_leave(template: str) -> None:
    """Name, postal address, registration and the four ways out, in both parts."""
    made = rendered(template)
    footer = words_of(lxml_html.document_fromstring(made.html))
    for said in (
        "Fen & Ford",
        ORGANISATION.postal_address,
        "Registered charity 1088888",
        "signed up for news",
    ):
        assert said in footer
        assert said in made.text
    for way in ("https://news.fenford.example/u/sample", "/p/sample", "/v/sample", "post@fenford.example"):
        assert way in made.html
        assert way in made.text


@pytest.mark.parametrize(
    ("contact", "link"),
    [
        ("", "mailto:post@fenford.example"),
        ("me@x.example", "mailto:me@x.example"),
        ("https://x.example/", ""),
    ],
)
def test_questions_go_to_an_address_or_a_page(contact: str, link: str) -> None:
    """The sender's address when nothing else is named."""
    assert letter.contact_link(replace(ORGANISATION, contact=contact)) == (link or contact)


def test_a_lead_story_that_is_not_on_the_web_is_told_in_full() -> None:
    """No dead link, and nobody misses its end."""
    made = rendered(stories=(story(url=""),))
    assert "It is our best inspector" in made.html
    assert "It is our best inspector" in made.text
    assert "Read: " not in made.html + made.text
    assert made.html.count("heron.jpg") == 1


def test_a_further_story_that_is_not_on_the_web_has_no_link() -> None:
    """Its headline is a headline."""
    headings = [heading for heading in tree().iter("h2") if heading.text == "A short one"]
    assert len(headings) == 1
    assert headings[0].find("a") is None


@pytest.mark.parametrize("many", [0, 1, 10])
@pytest.mark.parametrize("template", TEMPLATES)
def test_an_edition_may_have_few_stories_or_many(template: str, many: int) -> None:
    """Nothing is assumed about their number, and ten fit into what Gmail shows."""
    made = rendered(template, stories=tuple(story(f"Story {number}") for number in range(many)))
    assert len(made.html.encode()) < 60_000
    assert ("Story 9" in made.text) == (many == 10 and template == "digest")


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_bare_edition_leaves_no_empty_places(template: str) -> None:
    """Without note, date, call, related posts or logo nothing is printed for them."""
    nothing = dict.fromkeys(("note", "signature", "date", "preheader"), "")
    made = rendered(template, **nothing, call_to_action=None, related=(), stories=(story(),))
    printed = lxml_html.document_fromstring(made.html).iter("p", "h1", "h2", "a")
    assert not [tag.tag for tag in printed if not (words_of(tag).strip() or len(tag))]
    assert "\n\n\n" not in made.text


def test_a_logo_stands_in_place_of_the_name() -> None:
    """With its size, its alt text and a link to the site."""
    brand = Brand(logo="https://fenford.example/logo.png", logo_width=120, logo_height=40)
    logo = next(tree(brand=colours.brand_view(brand, ORGANISATION)).iter("img"))
    assert (logo.get("alt"), logo.get("width"), logo.get("height")) == ("Fen & Ford", "120", "40")


def test_a_right_to_left_letter_is_mirrored() -> None:
    """Direction on both elements, sides swapped, words in the language, no left over."""
    made = rendered(
        language="ar", direction="rtl", stories=(story(url="", language="ar"), story(language="ar"))
    )
    document = lxml_html.document_fromstring(made.html)
    assert (document.get("lang"), document.get("dir")) == ("ar", "rtl")
    assert "إلغاء الاشتراك" in made.html
    assert "إلغاء الاشتراك" in made.text
    body = made.html.partition("<body")[2]
    assert 'align="left"' not in body.replace('<td align="left" valign="middle"', "")
    assert "border-right:4px" in body
    assert "border-left" not in body


def test_a_story_in_another_language_says_so() -> None:
    """A screen reader changes its voice for it."""
    foreign = story(language="fr")
    assert [cell.get("lang") for cell in tree(stories=(story(), foreign)).iter("td") if cell.get("lang")] == [
        "fr"
    ]


@pytest.mark.parametrize("template", TEMPLATES)
def test_text_lines_have_at_most_72_columns_unless_an_address_needs_more(template: str) -> None:
    """One newline at the end, none of the blanks of templates."""
    text = rendered(template).text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert not text.startswith("\n")
    for line in text.splitlines():
        assert line == line.rstrip()
        assert columns(line) <= 72 or "https://" in line


def test_a_letters_own_title_stands_above_the_storys() -> None:
    """Unless it says the same."""
    assert "News from the low ground" in rendered("letter").html
    assert "News from the low ground" in rendered("letter").text
    assert rendered("letter", title="The heron inspects").text.count("The heron inspects") == 1


@pytest.mark.parametrize(
    ("source", "why"),
    [("<!DOCTYPE html><p>{{ merge.first_name }}</p>", "needs a fallback"), ("<p>x</p>", "DOCTYPE")],
)
def test_a_letter_that_mail_cannot_carry_names_its_template(tmp_path: Path, source: str, why: str) -> None:
    """A hole or a wrong start is found while building, not in somebody's inbox."""
    (tmp_path / "gala.html.j2").write_text(source, encoding="utf-8")
    (tmp_path / "gala.txt.j2").write_text("x", encoding="utf-8")
    tags = MergeTags()
    with pytest.raises(ContentError, match=why) as caught:
        letter.render(view(tags), tags, template="gala", folders=[tmp_path])
    assert caught.value.where == str(tmp_path / "gala.html.j2")


def test_staff_can_change_one_block(tmp_path: Path) -> None:
    """The pieces of the built-in template are at hand in the block."""
    (tmp_path / "digest.html.j2").write_text(
        '{% extends "builtin/digest.html.j2" %}{% block stories %}'
        "{{ super() }}{{ blocks.hairline() }}{% endblock %}{% block hero %}{% endblock %}",
        encoding="utf-8",
    )
    (tmp_path / "digest.txt.j2").write_text('{% extends "builtin/digest.txt.j2" %}', encoding="utf-8")
    tags = MergeTags()
    made = letter.render(view(tags), tags, template="digest", folders=[tmp_path])
    assert "The heron inspects" not in made.html
    assert "Two boots, one ditch" in made.html


def test_text_on_every_paper_is_the_palettes() -> None:
    """Templates print the checked colours, no others."""
    brand = colours.brand_view(Brand(accent="#8a3b12"), ORGANISATION)
    allowed = {*vars(LIGHT).values(), brand.accent, brand.accent_text, brand.link}
    used = {
        colour
        for element in tree().iter()
        for colour in re.findall(r"#[0-9a-f]{6}", f"{element.get('style')} {element.get('bgcolor')}")
    }
    assert used <= allowed
