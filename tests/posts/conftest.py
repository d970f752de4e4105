"""Sources that tests of gathering share: a site on 127.0.0.1, pictures, a story's HTML."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_httpserver import HTTPServer

PARAGRAPHS = """\
The count began at dusk on the last Friday of September, with thirty volunteers, four lamps and one kayak.
By midnight they had found what nobody had seen for a generation: eels, dozens of them, on their way up.
“We cut a gap in a wall,” says Ana Ruiz, who leads the work. “The river did the rest, faster than we hoped.”
""".splitlines()


@pytest.fixture
def site(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> HTTPServer:
    """Return a web server that the guarded GET may reach."""
    monkeypatch.setenv("NEWSLETTER_ALLOW_PRIVATE_FETCH", "1")
    return httpserver


@pytest.fixture
def draw() -> Callable[..., bytes]:
    """Return a function that draws a picture: format, size, mode."""

    def drawn(kind: str = "JPEG", size: tuple[int, int] = (64, 48), mode: str = "RGB") -> bytes:
        written = io.BytesIO()
        Image.new(mode, size, (20, 90, 60) if mode == "RGB" else (20, 90, 60, 128)).save(written, kind)
        return written.getvalue()

    return drawn


@pytest.fixture
def article() -> str:
    """Return three paragraphs of a story as HTML."""
    return "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Return a function that writes a source file."""

    def written(name: str, content: str | bytes) -> Path:
        path = tmp_path / "sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written
