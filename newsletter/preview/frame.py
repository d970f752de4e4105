"""Dress a letter for its frame in the preview; nothing but addresses and the colour scheme changes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from newsletter.config import Config
    from newsletter.editions.edition import Edition

Scheme = Literal["auto", "light", "dark"]
"""Colours of the pages; ``auto``: as the machine prefers."""

_ASKED = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)")
_ALWAYS, _NEVER = "(min-width:0)", "(max-width:0)"


def framed(edition: Edition, scheme: Scheme) -> str:
    """Return the letter's HTML for a frame.

    Pictures of the edition come from the preview itself, because nobody has
    uploaded them yet; links open in a tab of their own; a colour scheme that was
    asked for is shown whatever the machine prefers.
    """
    html = edition.html
    for name in edition.images:
        address = rf"https?://[^\s\"'<>()]*/{re.escape(name)}(?![\w.-])"
        html = re.sub(address, f"/{edition.campaign}/images/{quote(name)}", html)
    if scheme != "auto":
        html = _ASKED.sub(lambda asked: _ALWAYS if asked[1] == scheme else _NEVER, html)
    return re.sub(r"(?i)<head\b[^>]*>", lambda head: f'{head[0]}<base target="_blank">', html, count=1)


def policy(config: Config) -> str:
    """Return the Content-Security-Policy of a framed letter: no scripts, pictures from our own hosts."""
    organisation = config.organisation
    urls = (config.brand.logo, organisation.media_url, organisation.public_url, organisation.website)
    pictures = ["'self'", *sorted({origin for url in urls if (origin := _origin(url))})]
    rules = {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": " ".join(pictures),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _origin(url: str) -> str:
    """Return scheme and host of a web address; empty for everything else."""
    parts = urlsplit(url)
    safe = re.fullmatch(r"[A-Za-z0-9.:\[\]-]+", parts.netloc)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"http", "https"} and safe else ""
