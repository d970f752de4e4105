"""A short way to a posting."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from newsletter.social.base import Posting

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.model import Snippet

AT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


def posting(snippet: Snippet, *, key: str, image: Path | None = None) -> Posting:
    """Return what an account is given of a snippet."""
    return Posting(snippet, key=key, at=AT, image=image)
