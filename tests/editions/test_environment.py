"""What templates may use, where they are found, and how their mistakes read."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from newsletter import workspace
from newsletter.editions.environment import environment, render_line, render_template, template_names
from newsletter.editions.merge import MergeTags
from newsletter.errors import ContentError

if TYPE_CHECKING:
    from pathlib import Path


def rendered(folder: Path, source: str, **context: object) -> str:
    """Write ``source`` as the template note.html.j2 of a workspace, and render it."""
    (folder / "note.html.j2").write_text(source, encoding="utf-8")
    return render_template(environment([folder], MergeTags()), "note.html.j2", context, [folder])[0]


def test_a_workspace_template_comes_before_the_built_in_one(tmp_path: Path) -> None:
    """A file of the same name replaces the built-in template."""
    (tmp_path / "digest.html.j2").write_text("mine", encoding="utf-8")
    shared = environment([tmp_path], MergeTags())
    assert render_template(shared, "digest.html.j2", {}, [tmp_path])[0] == "mine"


def test_a_workspace_template_may_extend_the_built_in_one_of_its_own_name(tmp_path: Path) -> None:
    """``builtin/`` always names what comes with the product, so there is no endless loop."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "document.html.j2").write_text(
        "<{% block column %}{% endblock %}>", encoding="utf-8"
    )
    source = '{% extends "builtin/digest.html.j2" %}{% block column %}mine{% endblock %}'
    (tmp_path / "digest.html.j2").write_text(source, encoding="utf-8")
    shared = environment([tmp_path], MergeTags())
    assert render_template(shared, "digest.html.j2", {}, [tmp_path])[0] == "<mine>"


def test_the_known_templates_are_the_workspaces_and_the_built_in_ones(tmp_path: Path) -> None:
    """Parts are no templates, and a folder that does not exist adds nothing."""
    (tmp_path / "gala.html.j2").write_text("x", encoding="utf-8")
    assert template_names([tmp_path, tmp_path / "none"]) == ["appeal", "digest", "gala", "letter"]


def test_an_unknown_template_names_the_known_ones(tmp_path: Path) -> None:
    """A typing mistake in campaign.toml is answered with what there is."""
    with pytest.raises(ContentError, match=r"no template 'digets'.*appeal, digest, letter"):
        render_template(environment([tmp_path], MergeTags()), "digets.html.j2", {}, [tmp_path])


def test_a_template_without_its_twin_is_refused(tmp_path: Path) -> None:
    """Every letter has a text part."""
    (tmp_path / "gala.html.j2").write_text("x", encoding="utf-8")
    with pytest.raises(ContentError, match=r"lacks its twin gala\.txt\.j2"):
        render_template(environment([tmp_path], MergeTags()), "gala.txt.j2", {}, [tmp_path])


def test_values_are_escaped_in_html_and_nowhere_else(tmp_path: Path) -> None:
    """A title cannot bring markup into the letter, and text has no entities."""
    assert rendered(tmp_path, "{{ title }}", title="<b>R&D</b>") == "&lt;b&gt;R&amp;D&lt;/b&gt;"
    (tmp_path / "note.txt.j2").write_text("{{ title }}", encoding="utf-8")
    shared = environment([tmp_path], MergeTags())
    assert render_template(shared, "note.txt.j2", {"title": "R&D"}, [tmp_path])[0] == "R&D"


@pytest.mark.parametrize(
    ("source", "line", "why"),
    [
        ("a\n{% if %}", 2, "not a sound template"),
        ("a\nb\n{{ titel }}", 3, "nothing called 'titel'"),
        ("{{ story.titel }}", 1, "a str has nothing called 'titel'"),
        ('\n{% include "parts/nowhere.j2" %}', 2, "no template file 'parts/nowhere.j2'"),
        ("\n{{ 1 / 0 }}", 2, "cannot be rendered"),
        ("{{ story.__class__.__mro__ }}", 1, "may not do this|nothing called"),
        ("{{ range(999999999) }}", 1, "cannot be rendered"),
        ("\n{% if merge.first_name %}x{% endif %}", 2, "cannot be tested"),
        ('{{ "x" | fallback("y") }}', 1, "belongs behind a merge tag"),
        ("{{ story | pprint }}", 1, "No filter named"),
        ('{{ story | attr("upper") }}', 1, "No filter named"),
        ('{{ "%s" | format(story) }}', 1, "No filter named"),
        ("{{ lipsum() }}", 1, "nothing called 'lipsum'"),
        ("{{ cycler(1) }}", 1, "nothing called 'cycler'"),
        ("{{ words.nonsense }}", 1, "nothing called 'nonsense'"),
        ('{{ words("nonsense") }}', 1, "no words called 'nonsense'"),
    ],
)
def test_a_mistake_in_a_template_names_file_and_line(
    tmp_path: Path, source: str, line: int, why: str
) -> None:
    """Staff see one plain sentence with its place, whatever went wrong."""
    with pytest.raises(ContentError, match=why) as caught:
        rendered(tmp_path, source, story="x")
    assert caught.value.where == f"{tmp_path / 'note.html.j2'}:{line}"


def test_a_mistake_in_a_part_names_the_part(tmp_path: Path) -> None:
    """The place is where the mistake stands, not where the part was included."""
    (tmp_path / "part.html.j2").write_text("\n\n{{ nobody }}", encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        rendered(tmp_path, '{% include "part.html.j2" %}')
    assert caught.value.where == f"{tmp_path / 'part.html.j2'}:3"


def test_words_come_in_the_letters_language_and_in_english_for_the_rest(tmp_path: Path) -> None:
    """A workspace translates single entries; a region falls back to its language, then to English."""
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "fr.toml").write_text('unsubscribe = "Partir"', encoding="utf-8")
    (tmp_path / "note.html.j2").write_text(
        '{{ words.unsubscribe }}, {{ words.preferences }}, {{ words("by", author="Zoë") }}', encoding="utf-8"
    )

    def said(language: str) -> str:
        shared = environment([tmp_path], MergeTags(), language=language)
        return render_template(shared, "note.html.j2", {}, [tmp_path])[0]

    assert said("fr-CA") == "Partir, Préférences, Par Zoë"
    assert said("cy") == "Unsubscribe, Preferences, By Zoë"


def test_every_language_that_comes_with_the_product_is_complete() -> None:
    """A translation has the entries of the English table, with the same braces."""
    tables = {
        path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
        for path in (workspace.starter() / "templates" / "words").glob("*.toml")
    }
    assert {"en", "es", "fr", "ar"} <= set(tables)
    braces = {key: re.findall(r"\{\w+\}", words) for key, words in tables["en"].items()}
    for table in tables.values():
        assert {key: re.findall(r"\{\w+\}", words) for key, words in table.items()} == braces


def test_a_line_of_the_campaign_keeps_its_merge_tags() -> None:
    """A subject is a template with nothing but ``merge`` in it."""
    tags = MergeTags()
    line = render_line('{{ merge.first_name | fallback("friend") }}, R&D <3', tags, where="campaign.toml:1")
    assert tags.rehearse(line, {}) == "friend, R&D <3"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("Hello {{ merge.first_name }}", "needs a fallback"),
        ('{{ merge.first_name | fallback("x") | upper }}', "no filter but fallback"),
        ("{{ first_name }}", "nothing called 'first_name'"),
        ("Hello {{ merge.first_name", "not a sound template"),
        ("{% include 'digest.html.j2' %}", "cannot be rendered"),
        ("{{ words.unsubscribe }}", "nothing called 'words'"),
    ],
)
def test_a_mistake_in_a_line_names_the_setting(source: str, why: str) -> None:
    """The place is the one the caller gave."""
    with pytest.raises(ContentError, match=why) as caught:
        render_line(source, MergeTags(), where="campaign.toml:3 (subject)")
    assert caught.value.where == "campaign.toml:3 (subject)"
