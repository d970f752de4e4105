"""The page in a real browser: letters and pictures show, and everybody can use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CAMPAIGN = "autumn-digest"


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


@pytest.mark.browser
@pytest.mark.parametrize("width", [1200, 375])
def test_the_page_is_accessible_and_never_scrolls_sideways(preview: Any, page: Page, width: int) -> None:
    """The axe engine finds nothing, on a wide screen and on a phone."""
    from axe_playwright_python.sync_playwright import Axe

    page.set_viewport_size({"width": width, "height": 900})
    preview.change(
        f"campaigns/{CAMPAIGN}/campaign.toml", "https://rivertrust.example/give", "http://localhost/x"
    )

    page.goto(f"{preview.address}/{CAMPAIGN}?token={preview.token}", wait_until="networkidle")

    found = Axe().run(page, options={"iframes": False})
    assert found.response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
