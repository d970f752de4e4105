"""Folder: snippets become files, for trying things out and for networks that staff post to by hand."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import files
from newsletter.errors import PermanentError
from newsletter.model import Receipt
from newsletter.social.base import Sighting, SocialNetwork, Standing, graphemes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.social.base import Posting


@dataclass(frozen=True)
class Folder(SocialNetwork):
    """Files in a folder: the text, the picture, and the description of the picture.

    The same delivery always writes the same files, so a repeat changes nothing.
    """

    path: Path = Path("published")
    """Where the files go; a relative path starts at the workspace."""
    max_characters: int = 500
    """Longest text, in characters as readers see them."""

    @property
    def limit(self) -> int:
        """Return ``max_characters``."""
        return self.max_characters

    def measure(self, text: str) -> int:
        """Return the number of characters as readers see them."""
        return len(graphemes(text))

    def publish(self, posting: Posting) -> Receipt:
        """Write ``<key>-<account>.txt``, and beside it the picture and ``….alt.txt``.

        Raises:
            PermanentError: the picture cannot be read.
            RefusedSenderError: the folder cannot be written by us at all.
            TransientError: it cannot be written now: the disk is full, say.
        """
        snippet, image = posting.snippet, posting.image
        stem = _file_name(f"{posting.key}-{snippet.account}")
        text = self.path / f"{stem}.txt"
        with self._writing():
            self.path.mkdir(parents=True, exist_ok=True)
            if image is not None:
                files.write_whole(self.path / f"{stem}{image.suffix}", _picture(image))
                files.write_whole(self.path / f"{stem}.alt.txt", f"{snippet.alt}\n".encode())
            # Last, so that a text without its picture is never found.
            files.write_whole(text, f"{snippet.text}\n".encode())
        receipt = Receipt(remote_id=text.name, url=text.resolve().as_uri())
        posting.note(receipt)
        return receipt

    def look_up(self, posting: Posting) -> Sighting:
        """Return whether the files are there."""
        text = self.path / f"{_file_name(f'{posting.key}-{posting.snippet.account}')}.txt"
        with self._writing():
            found = (Receipt(text.name, text.resolve().as_uri()),) if text.exists() else ()
        return Sighting(found, certain=True)

    def retract(self, receipt: Receipt) -> None:
        """Delete the files."""
        stem, _, kind = receipt.remote_id.rpartition(".")
        if kind != "txt":
            super().retract(receipt)
        with self._writing():
            for path in self.path.glob(f"{glob.escape(stem)}.*"):
                # "k-main.*" are also the files of an account called "main.old".
                if (rest := path.name.removeprefix(f"{stem}.")) == "alt.txt" or "." not in rest:
                    path.unlink(missing_ok=True)

    def standing(self) -> Standing:
        """Return the folder, after making sure that it can be written."""
        with self._writing():
            self.path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path):
                return Standing(str(self.path))

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise files.failure(error, "the folder cannot be written", self.path) from None


def _picture(image: Path) -> bytes:
    try:
        return image.read_bytes()
    except OSError as error:
        raise PermanentError(
            f"the picture cannot be read: {error.strerror}", where=str(image), code="picture"
        ) from None


def _file_name(key: str) -> str:
    """Return a name that every file system takes, different for different keys."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", key).lstrip(".")[:100]
    return safe if safe == key else f"{safe}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
