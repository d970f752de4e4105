"""A workspace whose letters are out, its public pages on a loopback port, and ways to look for changes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import requests
from sqlalchemy import insert, select

from newsletter.app import App, open_app
from newsletter.audience import signing, subscribers
from newsletter.audience.person import Defaults
from newsletter.delivery import serve
from newsletter.public.pages import create_app
from newsletter.storage import tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from newsletter.audience.signing import Purpose

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
CONFIG = """
[organisation]
name = "Fair Work & Friends"
sender = "Fair Work <news@fairwork.example>"
postal_address = "2 Mill Lane, Leeds LS1 1AA, United Kingdom"
public_url = "https://news.fairwork.example"
"""


@dataclass(frozen=True)
class Site:
    """The public pages, served, and what is behind them."""

    app: App
    """The workspace."""
    url: str
    """Where the pages are."""
    key: bytes
    """The installation's key."""

    def link(self, purpose: Purpose, delivery_id: int = 1) -> str:
        """Return the address in the letter of one delivery."""
        token = signing.token(self.key, purpose, delivery_id)
        return f"{self.url}/{purpose[0]}/{token}"

    def state(self) -> str:
        """Return a hash over every row of every table."""
        digest = hashlib.sha256()
        with self.app.database.read() as connection:
            for table in tables.metadata.sorted_tables:
                digest.update(repr(connection.execute(select(table)).all()).encode())
        return digest.hexdigest()

    def lists(self) -> dict[str, bool]:
        """Return the lists of the reader, and whether subscribed."""
        with self.app.database.read() as connection:
            return dict(subscribers.show(connection, self.key, "ana@example.org").lists)

    def reader(self) -> subscribers.Subscriber:
        """Return everything known about the reader."""
        with self.app.database.read() as connection:
            return subscribers.show(connection, self.key, "ana@example.org")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Serve the pages of a workspace where delivery 1 of an edition to ``news`` went to Ana, on two lists."""
    root = tmp_path / "workspace"
    folder = root / "out" / "spring" / "0123456789abcdef"
    (folder / "images").mkdir(parents=True)
    (folder / "browser.html").write_text("<!doctype html><title>Spring</title><p>Hello", encoding="utf-8")
    (folder / "images" / "mill-0a1b.png").write_bytes(b"\x89PNG\r\n\x1a\n picture")
    (root / "config.toml").write_text(CONFIG, encoding="utf-8")
    app = App(open_app(root).workspace, open_app(root).loaded, now=lambda: NOW)
    with app.database.write() as connection:
        key = signing.signing_key(connection, NOW)
        given = Defaults(("news", "events"), "consent", "fair", "2026-01-01")
        subscribers.add(connection, "ana@example.org", {}, given, NOW)
        subscribers.add(connection, "ben@example.org", {}, given, NOW)
        send_letters(connection, "out/spring/0123456789abcdef")
    with serve.serving(create_app(app), serve.bind("127.0.0.1", 0)) as url:
        yield Site(app, url, key)
    app.database.close()


def send_letters(connection: Connection, path: str) -> None:
    """Write an edition to the list ``news`` and its deliveries to Ana, Ben and a social account."""
    edition = {"id": "0123456789abcdef", "campaign": "spring", "subject": "Spring", "path": path}
    state = {"lists": ["news"], "state": "finished", "total": 3, "frozen_at": NOW}
    connection.execute(insert(tables.edition), {**edition, **state})
    row = {"edition_id": edition["id"], "state": "sent", "at": NOW, "slice_id": 1}
    connection.execute(
        insert(tables.slice_), {"edition_id": edition["id"], "channel": "main", "kind": "mail"}
    )
    letters = [{"channel": "main", "kind": "mail", "subscriber_id": 1, "recipient": "ana@example.org"}]
    letters.append({"channel": "main", "kind": "mail", "subscriber_id": 2, "recipient": "ben@example.org"})
    letters.append({"channel": "toot", "kind": "social", "subscriber_id": None, "recipient": "toot"})
    connection.execute(insert(tables.delivery), [{**row, **letter} for letter in letters])


@pytest.fixture
def browser() -> Iterator[requests.Session]:
    """Return a client that follows no redirect by itself."""
    with requests.Session() as session:
        session.max_redirects = 0
        yield session
