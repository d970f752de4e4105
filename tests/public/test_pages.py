"""Every answer keeps readers safe: nothing runs, nothing loads, nothing leaks, nothing large comes in."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING

import pytest
from lxml import html

from newsletter.public import intake
from newsletter.storage.database import open_database

if TYPE_CHECKING:
    import requests

    from tests.public.conftest import Site

PAGES = ("u/sample", "p/sample", "v/sample", "nowhere")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_carries_the_headers(site: Site, browser: requests.Session, path: str) -> None:
    """The address is a key, so it is neither passed on nor indexed nor kept."""
    answer = browser.get(f"{site.url}/{path}", timeout=20)

    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Cache-Control"] == "no-store"
    policy = answer.headers["Content-Security-Policy"]
    nonce = re.search(r'<style nonce="([^"]+)">', answer.text)
    assert nonce
    assert policy.startswith("default-src 'none'; style-src 'nonce-" + nonce[1])
    assert "unsafe" not in policy
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", PAGES)
def test_every_page_can_be_read_by_everybody(site: Site, browser: requests.Session, path: str) -> None:
    """Language, title, one heading, a label for every box, a name for every button, no script."""
    page = html.fromstring(browser.get(f"{site.url}/{path}", timeout=20).text)

    assert page.get("lang") == "en"
    assert page.findtext(".//title")
    assert len(page.findall(".//h1")) == 1
    assert page.find(".//main") is not None
    assert page.find(".//script") is None
    assert not page.xpath("//@*[starts-with(name(), 'on')]")
    assert len(page.findall(".//input")) == len(page.findall(".//label/input"))
    assert all((button.text or "").strip() for button in page.findall(".//button"))


def test_two_answers_have_two_nonces(site: Site, browser: requests.Session) -> None:
    """A nonce that can be known protects nothing."""
    policies = {
        browser.get(f"{site.url}/u/sample", timeout=20).headers["Content-Security-Policy"] for _ in range(2)
    }

    assert len(policies) == 2


def test_a_large_request_is_refused(site: Site, browser: requests.Session) -> None:
    """Said in advance, or only found while reading."""
    before = site.state()
    large = b"x" * (intake.MAX_BODY_BYTES + 1)
    announced = browser.post(site.link("unsubscribe"), data=large, timeout=20)
    streamed = browser.post(site.link("unsubscribe"), data=iter([large[:9000], large[9000:]]), timeout=20)

    assert (announced.status_code, streamed.status_code) == (413, 413)
    assert announced.headers["X-Content-Type-Options"] == "nosniff"
    assert site.state() == before


def test_a_list_with_markup_in_its_name_stays_text(site: Site, browser: requests.Session) -> None:
    """Names come from files that anybody may have made."""
    with site.app.database.write() as connection:
        connection.exec_driver_sql("UPDATE list SET name = '<script>x</script>' WHERE name = 'events'")
    page = browser.get(site.link("preferences"), timeout=20).text

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_locked_database_asks_to_come_again(
    site: Site, browser: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 and Retry-After, so that a mail program repeats its one-click request; no traceback."""
    impatient = open_database("sqlite:///newsletter.db", site.app.workspace.root, busy_timeout_s=0.05)
    usual = site.app.database
    monkeypatch.setitem(site.app.__dict__, "database", impatient)
    blocker = sqlite3.connect(site.app.workspace.root / "newsletter.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    answer = browser.post(site.link("unsubscribe"), data={"List-Unsubscribe": "One-Click"}, timeout=20)
    blocker.rollback()
    blocker.close()
    monkeypatch.setitem(site.app.__dict__, "database", usual)
    impatient.close()

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "120")
    assert "Nothing was changed" in answer.text
    assert site.lists() == {"events": True, "news": True}


@pytest.mark.parametrize(
    ("accent", "words"), [("#0b6e4f", "#ffffff"), ("#ffd400", "#000000"), ("#ffffff", "#000000")]
)
def test_words_on_a_button_can_be_read(accent: str, words: str) -> None:
    """Black or white, by the contrast with the organisation's colour."""
    from newsletter.public.looks import _readable_on

    assert _readable_on(accent) == words
