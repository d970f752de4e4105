"""The preview answers one browser on this machine, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
import requests

CAMPAIGN = "autumn-digest"
PATHS = ("/", f"/{CAMPAIGN}", f"/{CAMPAIGN}/letter", f"/{CAMPAIGN}/images/a.jpg", "/assets/style.css")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", "?token=%ff"])
def test_without_the_token_nothing_is_shown(untouched: Any, path: str, query: str) -> None:
    """Another person on the same machine, or a page on the web."""
    answer = requests.get(f"{untouched.address}{path}{query}", timeout=10)

    assert answer.status_code == 403
    assert "started in a terminal" in answer.text


def test_the_token_becomes_a_cookie_and_leaves_the_address_bar(untouched: Any) -> None:
    """The cookie is for this site only, and for no script."""
    answer = requests.get(
        f"{untouched.address}/{CAMPAIGN}?token={untouched.token}&scheme=dark",
        timeout=10,
        allow_redirects=False,
    )

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/{CAMPAIGN}?scheme=dark"
    cookie = answer.headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_the_way_in_never_leads_elsewhere(untouched: Any) -> None:
    """A path that looks like another host stays a path."""
    answer = requests.get(
        f"{untouched.address}//evil.example/?token={untouched.token}", timeout=10, allow_redirects=False
    )

    assert answer.headers["Location"] == "/evil.example/"


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", "0.0.0.0:{port}", ""],
)
def test_another_host_name_is_refused(untouched: Any, host: str) -> None:
    """A name on the web that points to this machine."""
    port = untouched.address.rpartition(":")[2]

    answer = untouched.browser.get(untouched.address, headers={"Host": host.format(port=port)}, timeout=10)

    assert answer.status_code in {400, 421}
    assert "River Trust" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LocalHost", "[::1]"])
def test_the_names_of_this_machine_are_served(untouched: Any, host: str) -> None:
    """As people write them."""
    port = untouched.address.rpartition(":")[2]
    headers = {"Host": f"{host}:{port}", "Cookie": f"newsletter_preview_{port}={untouched.token}"}

    assert requests.get(untouched.address, headers=headers, timeout=10).status_code == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_only_looking_is_possible(untouched: Any, path: str, method: str) -> None:
    """Even with the cookie."""
    answer = untouched.browser.request(method, f"{untouched.address}{path}", timeout=10)

    assert answer.status_code == 405


def test_a_head_request_is_answered(untouched: Any) -> None:
    """Without a body."""
    answer = untouched.browser.head(f"{untouched.address}/", timeout=10)

    assert answer.status_code == 200
    assert answer.text == ""


@pytest.mark.parametrize("path", [*PATHS, "/nothing"])
def test_every_answer_is_sealed(untouched: Any, path: str) -> None:
    """No foreign frames, no guessing of types, no copies, no address told to others."""
    headers = untouched.get(path).headers

    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in headers
