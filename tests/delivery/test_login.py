"""The code of a login page comes back to this machine, and nobody else's does."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
import requests

from newsletter.delivery import login
from newsletter.errors import ConfigError, RefusedSenderError

if TYPE_CHECKING:
    from collections.abc import Callable


def visit(door: login.Door, path: str = "", **query: str) -> int:
    """Visit the address as a browser does; return the status."""
    with requests.get(f"{door.url}{path}", params=query, timeout=10) as page:
        return page.status_code


def meanwhile(*visits: Callable[[], int]) -> tuple[threading.Thread, list[int]]:
    """Make visits in a thread of their own; their statuses come in the list."""
    statuses: list[int] = []
    thread = threading.Thread(target=lambda: statuses.extend(one() for one in visits))
    thread.start()
    return thread, statuses


def test_the_code_is_taken_from_the_answer_with_our_state() -> None:
    """Icons and answers to somebody else's question are not."""
    with login.waiting() as door:
        thread, statuses = meanwhile(
            lambda: visit(door, "favicon.ico"),
            lambda: visit(door, code="theirs", state="other"),
            lambda: visit(door, code="ours", state=door.state),
        )
        code = door.code()
        thread.join(10)

    assert code == "ours"
    assert statuses == [404, 200, 200]
    assert door.url.startswith("http://127.0.0.1:")


def test_a_person_who_says_no_is_heard() -> None:
    """With the network's words."""
    with login.waiting() as door:
        thread, _ = meanwhile(lambda: visit(door, error="access_denied", error_description="not today"))
        with pytest.raises(RefusedSenderError, match="not today"):
            door.code()
        thread.join(10)


def test_nobody_is_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed page says nothing."""
    monkeypatch.setattr(login, "PATIENCE_S", 0.05)
    with login.waiting() as door, pytest.raises(RefusedSenderError, match="nobody has logged in"):
        door.code()


def test_a_port_that_is_taken_is_named() -> None:
    """Another one can be chosen."""
    with login.waiting() as door:
        port = int(door.url.rstrip("/").rpartition(":")[2])
        with pytest.raises(ConfigError, match=f"port {port}"), login.waiting(port):
            pass
