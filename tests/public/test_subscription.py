"""Readers leave and choose by POST; whatever merely looks changes nothing."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests
from sqlalchemy import delete

from newsletter.audience import subscribers, suppression
from newsletter.storage import tables

if TYPE_CHECKING:
    from tests.public.conftest import Site

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
AGENTS = ("Mozilla/5.0", "GoogleImageProxy", "Barracuda", "MimecastLinkScanner", "curl/8", "")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_changes_nothing(site: Site, method: str) -> None:
    """Scanners of mail servers open every link, many times, with every method that is called safe."""
    before = site.state()
    links = [site.link("unsubscribe"), site.link("preferences"), site.link("view")]
    queries = ["", "?List-Unsubscribe=One-Click", "?leave=everything&save=yes"]
    asked = [(link + query, agent) for link in links for query in queries for agent in AGENTS]

    def ask(where: tuple[str, str]) -> int:
        with requests.request(method, where[0], headers={"User-Agent": where[1]}, timeout=20) as answer:
            return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        codes = set(pool.map(ask, asked * 2))

    assert codes == ({405} if method == "OPTIONS" else {200})
    assert site.state() == before


@pytest.mark.parametrize(
    "body",
    [{"data": ONE_CLICK}, {"files": {"List-Unsubscribe": (None, "One-Click")}}],
    ids=["urlencoded", "multipart"],
)
def test_one_click_unsubscribes_at_once_and_again(
    site: Site, browser: requests.Session, body: dict[str, Any]
) -> None:
    """RFC 8058: no cookie, no login, no redirect; a second request is answered alike and changes nothing."""
    first = browser.post(site.link("unsubscribe"), **body, timeout=20)
    after = site.state()
    second = browser.post(site.link("unsubscribe"), **body, timeout=20)

    for answer in (first, second):
        assert (answer.status_code, answer.history, answer.cookies.get_dict()) == (200, [], {})
    assert site.lists() == {"events": True, "news": False}
    assert site.state() == after
    event = site.reader().consent[-1]
    assert (event.kind, event.list, event.source) == ("withdrawn", "news", "one-click")


def test_the_page_asks_and_its_button_unsubscribes(site: Site, browser: requests.Session) -> None:
    """In the organisation's name, with the lists of the edition, and no address anywhere."""
    page = browser.get(site.link("unsubscribe"), timeout=20).text
    left = browser.post(site.link("unsubscribe"), data={"leave": "lists"}, timeout=20)
    again = browser.get(site.link("unsubscribe"), timeout=20).text

    assert '<form method="post">' in page
    assert "Unsubscribe from news</button>" in page
    assert "Unsubscribe from everything</button>" in page
    assert "Fair Work &amp; Friends" in page
    assert "ana@" not in page + left.text
    assert "You are unsubscribed" in left.text
    assert "not on the list" in again
    assert "Unsubscribe from news" not in again
    assert site.lists() == {"events": True, "news": False}
    assert site.reader().consent[-1].source == "link"


def test_leaving_everything_also_suppresses(site: Site, browser: requests.Session) -> None:
    """No list of today or tomorrow reaches that address, by any import."""
    answer = browser.post(site.link("unsubscribe"), data={"leave": "everything"}, timeout=20)
    again = browser.post(site.link("unsubscribe"), data={"leave": "everything"}, timeout=20)

    assert (answer.status_code, again.status_code) == (200, 200)
    assert site.lists() == {"events": False, "news": False}
    stopped = site.reader().suppressed
    assert stopped is not None
    assert (stopped.reason, stopped.source) == ("unsubscribed", "link")


def test_only_the_reader_of_the_letter_leaves(site: Site, browser: requests.Session) -> None:
    """Delivery 2 is Ben's."""
    before = site.lists()
    browser.post(site.link("unsubscribe", 2), data=ONE_CLICK, timeout=20)

    assert site.lists() == before


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"data": {"List-Unsubscribe": "yes"}},
        {"data": {"leave": "nothing"}},
        {"json": {"List-Unsubscribe": "One-Click"}},
        {"data": b"\xff\xfe", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {"data": b"x", "headers": {"Content-Type": "multipart/form-data"}},
        {"data": b"x", "headers": {"Content-Type": "image/png"}},
    ],
    ids=repr,
)
def test_a_request_that_says_nothing_changes_nothing(
    site: Site, browser: requests.Session, sent: dict[str, Any]
) -> None:
    """It is answered with the page that asks."""
    before = site.state()
    codes = [
        browser.post(site.link(page), **sent, timeout=20).status_code
        for page in ("unsubscribe", "preferences")
    ]

    assert codes == [400, 400]
    assert site.state() == before


def test_forged_and_unknown_links_all_get_the_same_answer(site: Site, browser: requests.Session) -> None:
    """A flipped character, another purpose, a delivery that is none, a social post, a wrong path."""
    good = site.link("unsubscribe")
    before = site.state()
    wrong = [
        f"{good[:place]}{'A' if good[place] != 'A' else 'B'}{good[place + 1 :]}" for place in range(-32, 0)
    ]
    wrong += [
        site.link("view").replace("/v/", "/u/"),
        site.link("unsubscribe", 999),
        site.link("unsubscribe", 3),
    ]
    wrong += [f"{site.url}/u/{'A' * 32}", f"{site.url}/u/x", f"{site.url}/nowhere", f"{site.url}/"]
    answers = [browser.get(link, timeout=20) for link in wrong]
    answers += [browser.post(link, data=ONE_CLICK, timeout=20) for link in wrong]
    bodies = {re.sub(r'nonce="[^"]+"', "", answer.text) for answer in answers}

    assert {answer.status_code for answer in answers} == {404}
    assert len(bodies) == 1
    assert site.state() == before


def test_preferences_show_the_lists_and_save_exactly_what_is_ticked(
    site: Site, browser: requests.Session
) -> None:
    """Leaving and coming back are both recorded."""
    link = site.link("preferences")
    shown = browser.get(link, timeout=20).text
    saved = browser.post(link, data={"save": "yes", "list": ["events"]}, timeout=20).text
    after_leaving = site.lists()
    browser.post(link, data={"save": "yes", "list": ["events", "news", "board"]}, timeout=20)

    ticks = r'name="list" value="(\w+)"( checked)?>'
    assert re.findall(ticks, shown) == [("events", " checked"), ("news", " checked")]
    assert re.findall(ticks, saved) == [("events", " checked"), ("news", "")]
    assert "Your choice is saved" in saved
    assert after_leaving == {"events": True, "news": False}
    assert site.lists() == {"events": True, "news": True}
    assert [(event.kind, event.source) for event in site.reader().consent[2:]] == [
        ("withdrawn", "preferences"),
        ("given", "preferences"),
    ]


def test_coming_back_takes_back_leaving_everything(site: Site, browser: requests.Session) -> None:
    """The page after leaving leads there, for those who pressed the wrong button."""
    left = browser.post(site.link("unsubscribe"), data={"leave": "everything"}, timeout=20)
    way = re.search(r'href="\.\./(p/[\w-]+)"', left.text)
    assert way
    browser.post(f"{site.url}/{way[1]}", data={"save": "yes", "list": "news"}, timeout=20)

    assert site.lists() == {"events": False, "news": True}
    assert site.reader().suppressed is None


def test_coming_back_does_not_undo_a_complaint(site: Site, browser: requests.Session) -> None:
    """Only staff release other reasons."""
    browser.post(site.link("preferences"), data={"save": "yes"}, timeout=20)
    with site.app.database.write() as connection:
        suppression.suppress(connection, site.key, "ana@example.org", "complained", "report", site.app.now())
    browser.post(site.link("preferences"), data={"save": "yes", "list": "news"}, timeout=20)

    stopped = site.reader().suppressed
    assert stopped is not None
    assert stopped.reason == "complained"


def test_the_links_of_an_erased_person_still_answer(site: Site, browser: requests.Session) -> None:
    """Kindly, and without effect."""
    with site.app.database.write() as connection:
        subscribers.erase(connection, "ana@example.org", "asked", site.app.now())
    before = site.state()
    answers = [
        browser.get(site.link("unsubscribe"), timeout=20),
        browser.post(site.link("unsubscribe"), data=ONE_CLICK, timeout=20),
        browser.post(site.link("unsubscribe"), data={"leave": "everything"}, timeout=20),
        browser.post(site.link("preferences"), data={"save": "yes", "list": "news"}, timeout=20),
    ]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert "no list" in answers[-1].text
    assert site.state() == before


@pytest.mark.parametrize("page", ["u", "p", "v"])
def test_samples_look_real_and_change_nothing(site: Site, browser: requests.Session, page: str) -> None:
    """Proofs and previews link to them."""
    before = site.state()
    shown = browser.get(f"{site.url}/{page}/sample", timeout=20)
    posted = browser.post(f"{site.url}/{page}/sample", data={**ONE_CLICK, "save": "yes"}, timeout=20)

    assert shown.status_code == 200
    assert posted.status_code == (405 if page == "v" else 200)
    assert site.state() == before


def test_a_workspace_that_signed_nothing_has_no_links(site: Site, browser: requests.Session) -> None:
    """Without a key there is nothing to compare with."""
    with site.app.database.write() as connection:
        connection.execute(delete(tables.install))
    before = site.state()

    assert browser.get(site.link("unsubscribe"), timeout=20).status_code == 404
    assert site.state() == before
