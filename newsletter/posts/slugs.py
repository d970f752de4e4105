"""Names for folders and files, safe on every system."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

_MAX: Final = 60
# A name that was cut does not end in one of these.
_SMALL: Final = frozenset(
    {"a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}
)
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def is_slug(name: str) -> bool:
    """Return whether a name is one that a post's folder may have."""
    return _SLUG.fullmatch(name) is not None


def slug_of(text: str, *, otherwise: str = "post") -> str:
    """Return a name of ``[a-z0-9-]``, at most 60 characters, cut between words.

    A text without a Latin letter or a digit gets ``otherwise`` and a short hash.

    >>> slug_of("Safe Migration: what Café Anna did")
    'safe-migration-what-cafe-anna-did'
    """
    plain = unicodedata.normalize("NFKD", re.sub("['\u2019]", "", text)).encode("ascii", "ignore").decode()
    words: list[str] = re.findall("[a-z0-9]+", plain.lower())
    if not words:
        return f"{otherwise}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"
    slug = "-".join(words)
    if len(slug) > _MAX:
        kept = slug[: _MAX + 1].rpartition("-")[0].split("-")
        while len(kept) > 1 and kept[-1] in _SMALL:
            kept.pop()
        slug = "-".join(kept) or slug[:_MAX]
    return slug


def unused(name: str, taken: set[str], ending: str = "") -> str:
    """Return ``name + ending``, or the first of ``name-2``, ``name-3``… that is not taken."""
    number = 1
    candidate = f"{name}{ending}"
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}{ending}"
    return candidate
