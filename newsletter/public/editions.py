"""View in browser, and the pictures of letters: files of frozen editions, and nothing else of the disk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.responses import FileResponse, HTMLResponse

from newsletter.public import link, looks

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from newsletter.app import App

_PICTURE = re.compile(r"[a-z0-9-]{1,200}\.(?:jpg|png|gif)")
_YEAR_S = 31_536_000

_LETTER_POLICY = (
    "default-src 'none'; img-src 'self' https:; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""A letter's styles stand in its elements; scripts have no business there."""


def view_page(app: App, request: Request) -> Response:
    """Show the letter of a link as everybody got it: the copy for browsers of the frozen edition."""
    if link.is_sample(request):
        words = (
            "In a letter, this link opens the letter in the browser. Proofs and previews have no such page."
        )
        return looks.page(app, "message", heading="View in browser", words=words)
    found = link.find(app, "view", request)
    if found is None:
        return looks.not_found(app)
    root = app.workspace.root
    html = _inside(root, root / found.reader.path / "browser.html")
    if html is None:
        return looks.not_found(app)
    return HTMLResponse(html.read_bytes(), headers={"content-security-policy": _LETTER_POLICY})


def picture(app: App, request: Request) -> Response:
    """Serve a picture of any frozen edition; its name holds a hash of its content, so it never changes."""
    name = request.path_params["name"]
    if _PICTURE.fullmatch(name):
        for path in app.workspace.out.glob(f"*/*/images/{name}"):
            if _inside(app.workspace.out, path):
                return FileResponse(path, headers={"cache-control": f"public, max-age={_YEAR_S}, immutable"})
    return looks.not_found(app)


def _inside(folder: Path, path: Path) -> Path | None:
    """Return the file when it is one and really lies inside the folder, links followed."""
    real = path.resolve()
    return real if real.is_relative_to(folder.resolve()) and real.is_file() else None
