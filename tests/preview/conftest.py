"""The preview of a fresh workspace, served on loopback."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import requests

from newsletter import workspace
from newsletter.app import open_app
from newsletter.delivery import serve
from newsletter.preview.server import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "the-launch-token"
CAMPAIGN = "autumn-digest"


@dataclass(frozen=True)
class Preview:
    """A served preview and a browser that was let in."""

    root: Path
    address: str
    browser: requests.Session
    token: str = TOKEN

    def get(self, path: str) -> requests.Response:
        """Open a page as the person who started the preview."""
        return self.browser.get(f"{self.address}{path}", timeout=30)

    def change(self, file: str, old: str, new: str) -> None:
        """Change a file of the workspace as a person would."""
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")


@contextmanager
def served(folder: Path) -> Iterator[Preview]:
    """Serve the preview of a fresh workspace while the block runs."""
    root = workspace.create(folder).workspace.root
    pages = create_app(open_app(root), token=TOKEN)
    with serve.serving(pages, serve.bind("127.0.0.1", 0)) as address, requests.Session() as browser:
        opened = Preview(root, address, browser)
        assert opened.get(f"/?token={TOKEN}").status_code == 200
        yield opened


@pytest.fixture
def preview(tmp_path: Path) -> Iterator[Preview]:
    """The preview of a workspace that the test may change."""
    with served(tmp_path / "ws") as opened:
        yield opened


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preview]:
    """The preview of a workspace that no test changes."""
    with served(tmp_path_factory.mktemp("preview") / "ws") as opened:
        yield opened
