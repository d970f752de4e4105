"""The pictures of editions on disk: written once, and known again by their hashes."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from newsletter.editions.images import Picture


def write(picture: Picture, folder: Path, campaign: Path) -> str:
    """Write a picture into an images/ folder and return its SHA-256.

    It is copied from an earlier edition of the campaign when there is one whose
    copy is still what it was: encoding takes far longer.

    Raises:
        ContentError: the picture is damaged.
        OSError: it cannot be written.
    """
    content = _earlier(picture.name, campaign)
    if content is None:
        content = picture.encoded()
    (folder / picture.name).write_bytes(content)
    return _hash(content)


def unchanged(folder: Path, names: Iterable[str], hashes: Mapping[str, str]) -> bool:
    """Return whether an edition's folder holds these pictures, each as its hash says."""
    try:
        found = {name: _hash((folder / "images" / name).read_bytes()) for name in names}
    except OSError:
        return False
    return found == hashes


def _earlier(name: str, campaign: Path) -> bytes | None:
    for path in sorted(campaign.glob(f"[!.]*/images/{name}")):
        try:
            record = json.loads((path.parent.parent / "edition.json").read_bytes())
            content = path.read_bytes()
            if record["pictures"][name] == _hash(content):
                return content
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
