"""The shipped templates as a browser shows them: nothing runs off the screen, everybody can read them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import pytest

from newsletter import workspace
from newsletter.app import open_app
from newsletter.campaigns import load, pick
from newsletter.editions.build import build
from newsletter.posts import store

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sample campaign in every template: name → the letter as a page."""
    app = open_app(workspace.create(tmp_path_factory.mktemp("letters")).workspace.root)
    sample = load.load(app.workspace, "autumn-digest")
    posts = pick.pick(sample, store.load_all(app.workspace.posts))
    return {
        name: build(app.workspace, app.loaded, replace(sample, template=name), posts, app.networks).folder
        / "browser.html"
        for name in ("digest", "letter", "appeal")
    }


@pytest.mark.browser
@pytest.mark.parametrize("width", [700, 375, 320])
@pytest.mark.parametrize("name", ["digest", "letter", "appeal"])
def test_a_letter_never_scrolls_sideways(
    chromium: Browser, letters: dict[str, Path], name: str, width: int
) -> None:
    """On a computer, a phone and a small phone; its pictures load."""
    page = chromium.new_page(viewport={"width": width, "height": 900})
    page.goto(letters[name].as_uri())

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    pictures = page.locator("img").evaluate_all("found => found.map(one => one.naturalWidth)")
    assert all(pictures)


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["digest", "letter", "appeal"])
def test_the_axe_engine_finds_nothing(
    chromium: Browser, letters: dict[str, Path], name: str, scheme: Literal["light", "dark"]
) -> None:
    """Contrast, names, language, headings: in light and in dark."""
    from axe_playwright_python.sync_playwright import Axe

    page = chromium.new_page(viewport={"width": 700, "height": 900}, color_scheme=scheme)
    page.goto(letters[name].as_uri())

    # The WCAG rules; axe's other ones ask for the landmarks of a web page, which a letter must not have.
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    found = Axe().run(page, options=rules).response["violations"]

    assert [(violation["id"], violation["nodes"][0]["html"]) for violation in found] == []


@pytest.mark.browser
def test_without_style_sheets_a_phone_still_shows_everything(
    chromium: Browser, letters: dict[str, Path]
) -> None:
    """Gmail on the mobile web and several webmails drop every sheet; only inline styles are left."""
    page = chromium.new_page(viewport={"width": 375, "height": 900})
    page.goto(letters["digest"].as_uri())
    page.evaluate("document.querySelectorAll('style').forEach(sheet => sheet.remove())")

    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert page.locator("text=Give for the wild mile").is_visible()
