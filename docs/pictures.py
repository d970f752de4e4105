"""Take the pictures of docs/images/ in headless Chromium: the sample digest at two widths, light and dark."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Literal

from newsletter import workspace
from newsletter.app import open_app
from newsletter.editions.build import build_named

SHOTS: tuple[tuple[str, int, Literal["light", "dark"]], ...] = (
    ("digest", 700, "light"),
    ("digest-dark", 700, "dark"),
    ("digest-phone", 375, "light"),
)


def chromium() -> str | None:
    """Return the path of a Chromium, or None."""
    names = ("chromium-headless-shell", "chromium", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


def draw(folder: Path) -> None:
    """Write one PNG per shot; without Chromium say so and leave the old ones."""
    program = chromium()
    if program is None:
        print(
            "no Chromium found; the pictures stay as they are (Debian: apt install chromium-headless-shell)"
        )
        return
    from playwright.sync_api import sync_playwright

    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        created = workspace.create(Path(scratch))
        app = open_app(created.workspace.root)
        edition = build_named(app.workspace, app.loaded, app.networks, "autumn-digest")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for name, width, scheme in SHOTS:
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page.goto((edition.folder / "browser.html").as_uri())
            page.screenshot(path=folder / f"{name}.png", full_page=True)
            page.close()
        browser.close()
