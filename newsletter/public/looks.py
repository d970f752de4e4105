"""The pages' one look: the organisation's name and colour, no script, nothing from elsewhere."""

from __future__ import annotations

import secrets
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from jinja2 import Environment

    from newsletter.app import App


def page(app: App, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return one page of ``public/html``, with a policy that lets nothing run or load."""
    nonce = secrets.token_urlsafe(16)
    accent = app.config.brand.accent
    html = (
        _environment()
        .get_template(f"{name}.html")
        .render(
            organisation=app.config.organisation,
            accent=accent,
            on_accent=_readable_on(accent),
            nonce=nonce,
            **values,
        )
    )
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    return HTMLResponse(html, status, headers={"content-security-policy": policy})


def not_found(app: App) -> HTMLResponse:
    """Return the one answer to every address that means nothing, so that none can be guessed."""
    words = "The link is incomplete, or it is not ours. Copy it again from the letter, in full."
    return page(app, "message", status=404, heading="There is nothing here", words=words)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("newsletter.public", "html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _readable_on(colour: str) -> str:
    """Return black or white, whichever stands out more on ``#rrggbb`` (WCAG 2.2, relative luminance)."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#ffffff" if 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 else "#000000"
