"""Names for folders and files, safe on every system."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

_MAX: Final = 60


def slug_of(text: str, *, otherwise: str = "post") -> str:
    """Return a name of ``[a-z0-9-]``, at most 60 characters, cut between words.

    A text without a Latin letter or a digit gets ``otherwise`` and a short hash.

    >>> slug_of("Safe Migration: what Café Anna did")
    'safe-migration-what-cafe-anna-did'
    """
    plain = unicodedata.normalize("NFKD", re.sub("['\u2019]", "", text)).encode("ascii", "ignore").decode()
    words = re.findall("[a-z0-9]+", plain.lower())
    if not words:
        return f"{otherwise}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"
    slug = str(words[0])[:_MAX]
    for word in words[1:]:
        if len(slug) + 1 + len(word) > _MAX:
            break
        slug = f"{slug}-{word}"
    return slug


def unused(name: str, taken: set[str], ending: str = "") -> str:
    """Return ``name + ending``, or the first of ``name-2``, ``name-3``… that is not taken."""
    number = 1
    candidate = f"{name}{ending}"
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}{ending}"
    return candidate
