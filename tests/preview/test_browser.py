"""The page in a real browser: letters and pictures show, and everybody can use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from newsletter.preview import cards
from newsletter.preview.looks import LOOKS
from newsletter.social.folder import Folder

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CAMPAIGN = "autumn-digest"
TOML = f"campaigns/{CAMPAIGN}/campaign.toml"
WHY = "Two otters were seen at Harbour Weir this October, a mother and her cub, for the first time. " * 4
LIGHT, DARK = "rgb(251, 250, 247)", "rgb(19, 23, 21)"


@pytest.fixture
def page(chromium: Browser) -> Page:
    """A tab of a headless Chromium."""
    return chromium.new_page(viewport={"width": 1200, "height": 900})


@pytest.mark.browser
def test_the_letter_and_its_pictures_show_in_both_frames(preview: Any, page: Page) -> None:
    """Policy and sandbox let pictures in; nothing is blocked, nothing is asked of the web."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("requestfailed", lambda request: complaints.append(request.url))

    page.goto(f"{preview.address}/{CAMPAIGN}?token={preview.token}", wait_until="networkidle")

    assert page.url == f"{preview.address}/{CAMPAIGN}"
    assert len(page.frames) == 3
    for frame in page.frames[1:]:
        assert frame.locator("h1").inner_text() == "What came back this autumn"
        widths = frame.locator("img").evaluate_all("pictures => pictures.map(one => one.naturalWidth)")
        assert widths
        assert all(widths)
    assert complaints == []


@pytest.fixture
def every_look(preview: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The preview of a campaign with an account of every look: a thread, folded, and with an error."""
    with (preview.root / "config.toml").open("a", encoding="utf-8") as file:
        for name in LOOKS:
            file.write(f'[[social]]\nname = "{name}-account"\ntype = "folder"\nmax_characters = 300\n')
    preview.change(TOML, "[social]", f'[social]\nthread = true\nwhy = "{WHY}"')
    preview.change(TOML, "https://rivertrust.example/give", "http://localhost/x")
    monkeypatch.setattr(cards, "look_of", lambda network: LOOKS[network.name.partition("-")[0]])
    monkeypatch.setattr(Folder, "fold", 90)
    monkeypatch.setattr(Folder, "max_posts", 5)
    monkeypatch.setattr(Folder, "by_hand", True)
    return preview


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 375])
def test_the_page_is_accessible_and_never_scrolls_sideways(
    every_look: Any, page: Page, width: int, scheme: str
) -> None:
    """The axe engine finds nothing, on a wide screen and on a phone, in the colours of every network."""
    from axe_playwright_python.sync_playwright import Axe

    page.set_viewport_size({"width": width, "height": 900})

    page.goto(f"{every_look.address}/{CAMPAIGN}?token={every_look.token}&scheme={scheme}")
    page.wait_for_load_state("networkidle")

    assert page.locator("article").count() == len(LOOKS) + 1
    assert page.locator(".thread .fold").count() >= len(LOOKS)
    found = Axe().run(page, options={"iframes": False})
    assert found.response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.browser
def test_lines_from_right_to_left_begin_at_the_right(preview: Any, page: Page) -> None:
    """Each paragraph by itself: one of Latin letters after it begins at the left."""
    preview.change(TOML, "[social]", '[social]\nhook = "عادت الثعالب"\nwhy = "They came back."')
    page.goto(f"{preview.address}/{CAMPAIGN}?token={preview.token}")

    first, second = page.locator(".mock .words").first.evaluate(
        """words => {
            const range = document.createRange();
            return ["ع", "They"].map(start => {
                const text = words.firstChild, at = text.data.indexOf(start);
                range.setStart(text, at);
                range.setEnd(text, at + 1);
                const letter = range.getBoundingClientRect(), box = words.getBoundingClientRect();
                return [letter.left - box.left, box.right - letter.right];
            });
        }"""
    )

    assert first[1] < 1 < first[0]
    assert second[0] < 1 < second[1]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("asked", "machine", "paper"),
    [
        ("auto", "light", LIGHT),
        ("auto", "dark", DARK),
        ("dark", "light", DARK),
        ("light", "dark", LIGHT),
    ],
)
def test_colours_follow_the_machine_or_the_switch(
    untouched: Any, chromium: Browser, asked: Any, machine: Any, paper: str
) -> None:
    """Without a script; the letter goes along."""
    page = chromium.new_page(color_scheme=machine)
    page.goto(f"{untouched.address}/{CAMPAIGN}?token={untouched.token}", wait_until="networkidle")

    page.get_by_label("Colours of this page").get_by_text(asked.capitalize()).click()
    page.wait_for_load_state("networkidle")

    colour = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(colour) == paper
    assert page.evaluate("document.fonts.size") == 0
    bright = page.frames[1].evaluate(f"{colour}.match(/[0-9]+/g).slice(0, 3).every(part => part > 200)")
    assert bright is (paper == LIGHT)
