"""Letters open in the browser as they were sent; pictures are served, and no other file is."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest
from sqlalchemy import update

from newsletter import workspace
from newsletter.app import open_app
from newsletter.editions.build import build_named
from newsletter.storage import tables

if TYPE_CHECKING:
    import requests

    from tests.public.conftest import Site


def test_the_letter_is_shown_as_it_was_frozen(site: Site, browser: requests.Session) -> None:
    """Byte for byte, under a policy that lets no script run."""
    answer = browser.get(site.link("view"), timeout=20)

    assert answer.text == "<!doctype html><title>Spring</title><p>Hello"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_letter_whose_files_are_gone_is_not_found(site: Site, browser: requests.Session) -> None:
    """One answer for everything that is not there."""
    (site.app.workspace.out / "spring" / "0123456789abcdef" / "browser.html").unlink()

    assert browser.get(site.link("view"), timeout=20).status_code == 404


def test_no_path_leads_out_of_the_workspace(site: Site, browser: requests.Session) -> None:
    """Not even one that stands in the database."""
    outside = site.app.workspace.root.parent / "browser.html"
    outside.write_text("secret", encoding="utf-8")
    for path in ("..", str(outside.parent), "out/../.."):
        with site.app.database.write() as connection:
            connection.execute(update(tables.edition).values(path=path))
        assert browser.get(site.link("view"), timeout=20).status_code == 404


def test_a_picture_is_served_for_a_year(site: Site, browser: requests.Session) -> None:
    """Its name changes whenever its content does."""
    answer = browser.get(f"{site.url}/media/mill-0a1b.png", timeout=20)

    assert answer.content == b"\x89PNG\r\n\x1a\n picture"
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "name",
    [
        *("missing.png", "mill-0a1b.svg", "MILL-0a1b.png", "*.png", "mill-0a1b.*", "..%2Fbrowser.html"),
        *("%2e%2e/browser.html", "..%2F..%2F..%2F..%2Fconfig.toml", "mill-0a1b.png%00", "mill-0a1b.png%0a"),
    ],
)
def test_nothing_but_a_picture_is_served(site: Site, browser: requests.Session, name: str) -> None:
    """Names are plain words, and nothing is guessed."""
    assert browser.get(f"{site.url}/media/{name}", timeout=20).status_code == 404


def test_a_picture_that_points_elsewhere_is_not_served(site: Site, browser: requests.Session) -> None:
    """Links on the disk are followed before they are trusted."""
    secret = site.app.workspace.root / "config.toml"
    (site.app.workspace.out / "spring" / "0123456789abcdef" / "images" / "trick.png").symlink_to(secret)

    assert browser.get(f"{site.url}/media/trick.png", timeout=20).status_code == 404


def test_every_picture_of_a_letter_in_the_browser_is_there(site: Site, browser: requests.Session) -> None:
    """The page of the starter's campaign, as its readers open it."""
    workspace.create(site.app.workspace.root)
    app = open_app(site.app.workspace.root)
    built = build_named(app.workspace, app.loaded, app.networks, "autumn-digest")
    path = built.folder.relative_to(app.workspace.root).as_posix()
    with site.app.database.write() as connection:
        connection.execute(update(tables.edition).values(path=path))

    page = site.link("view")
    shown = sources(browser, page)
    assert len([address for address in shown if "/v/images/" in address]) == len(built.images) > 0
    for address in [*shown, *sources(browser, f"{site.url}/v/sample")]:
        answer = browser.get(address, timeout=20)
        assert answer.status_code == 200, address
        assert answer.headers["Content-Type"].startswith("image/")


def sources(browser: requests.Session, page: str) -> list[str]:
    """Return the addresses of the pictures on a page, as a browser asks for them."""
    answer = browser.get(page, timeout=20)
    assert answer.status_code == 200
    return [urljoin(page, unescape(source)) for source in re.findall(r'\ssrc="([^"]+)"', answer.text)]
