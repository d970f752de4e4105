"""Bluesky for the contract tests."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_httpserver import HTTPServer

from newsletter.secret import Secret
from newsletter.social.bluesky import Bluesky
from tests.fakes import bluesky
from tests.fakes.bluesky import FakeBluesky
from tests.fakes.stand import Seen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest


@dataclass
class BlueskyStand:
    """One account of ours on the fake."""

    fake: FakeBluesky
    """Its servers."""
    account: Bluesky
    """The account as we have it in config.toml."""
    secrets: tuple[str, ...] = (bluesky.APP_PASSWORD, bluesky.SIGNATURE)
    """The app password, and a part of every token."""
    unsupported: frozenset[str] = frozenset()
    """It has all faults."""

    def seen(self) -> list[Seen]:
        """Return the posts that stand."""
        return [as_seen(record) for _, record in sorted(self.fake.records.items())]

    def fail(self, *faults: str) -> None:
        """Have the next writes go wrong."""
        self.fake.faults.extend(faults)

    def forget_keys(self) -> None:
        """Do nothing: a key is taken as long as its post stands."""

    def complaints(self) -> list[str]:
        """Return what requests had wrong."""
        return list(self.fake.complaints)


def play(server: HTTPServer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> BlueskyStand:
    """Have a server that runs answer as Bluesky does; sessions are kept in ``folder``."""
    monkeypatch.setenv("PLANTED_BLUESKY", bluesky.APP_PASSWORD)
    monkeypatch.setenv("NEWSLETTER_TOKENS", str(folder / "tokens"))
    # The server's log is not ours.
    monkeypatch.setattr(logging.getLogger("werkzeug"), "disabled", True)
    url, password = server.url_for("/").rstrip("/"), Secret("env", "PLANTED_BLUESKY")
    account = Bluesky("river", bluesky.HANDLE, password, server=url, timeout_s=0.5)
    return BlueskyStand(FakeBluesky(server), account)


@contextmanager
def stand(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BlueskyStand]:
    """Play Bluesky while the block runs."""
    with HTTPServer(host="127.0.0.1", port=0) as server:
        yield play(server, folder, monkeypatch)


def as_seen(record: dict[str, object]) -> Seen:
    """Return a record ``{"uri", "value"}`` as everybody sees the post."""
    value = record["value"]
    assert isinstance(value, dict)
    embed = value.get("embed", {})
    images = embed.get("images", [])
    return Seen(
        remote_id=str(record["uri"]),
        text=value["text"],
        alt=images[0]["alt"] if images else "",
        has_image=bool(images),
        parent=value.get("reply", {}).get("parent", {}).get("uri", ""),
        card=embed.get("external", {}).get("title", ""),
    )
