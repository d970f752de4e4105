"""Letters become .eml files in a folder: the safe default of a fresh workspace, and a way to look at them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from newsletter import files
from newsletter.mail.base import MailSession, MailTransport, OutgoingLetter
from newsletter.model import Receipt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.errors import DeliveryError

_WHY: Final = "the letter cannot be written"


@dataclass(frozen=True)
class Folder(MailTransport):
    """Write every letter as one .eml file; nothing leaves the machine."""

    path: Path
    """Folder of the files; a relative path starts at the workspace. It is made when it is missing."""

    def connect(self) -> MailSession:
        """Make the folder."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise files.failure(error, _WHY, self.path) from error
        return _Session(self.path)


class _Session:
    """Writes files; there is nothing to close."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, window: Sequence[OutgoingLetter]) -> Sequence[Receipt | DeliveryError | None]:
        return [self._write(letter) for letter in window]

    def close(self) -> None:
        return

    def _write(self, letter: OutgoingLetter) -> Receipt | DeliveryError:
        path = self._path / _file_name(letter)
        try:
            files.write_whole(path, letter.message)
        except OSError as error:
            return files.failure(error, _WHY, path)
        return Receipt(remote_id=path.name, reply=f"written to {path}")


def _file_name(letter: OutgoingLetter) -> str:
    """Return a name that is the same on every attempt and safe on every file system."""
    readable = f"{letter.key}-{letter.recipient}"
    return re.sub(r"[^A-Za-z0-9@._+-]", "_", readable)[:120].lstrip(".") + ".eml"
