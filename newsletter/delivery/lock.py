"""One running scheduler per workspace: a file lock that the operating system drops when its holder dies."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from newsletter.errors import NewsletterError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path


@contextmanager
def hold(path: Path, *, now: datetime) -> Iterator[None]:
    """Hold the lock of a workspace while the block runs.

    The file names the holder for people. It is never removed: another program
    may be opening it at that moment, and would then lock a file nobody sees.

    Raises:
        NewsletterError: another program holds it; says which, and since when.
    """
    with path.open("a+", encoding="utf-8") as file:
        if not _lock(file):
            file.seek(0)
            holder = file.read().strip() or "another program"
            raise NewsletterError(f"newsletter run is already active here ({holder})", where=str(path.parent))
        file.truncate(0)
        file.write(f"pid {os.getpid()} since {now:%Y-%m-%d %H:%M} UTC\n")
        file.flush()
        yield


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # locked bytes cannot be read there, so the one that is locked lies beyond the text

    def _lock(file: IO[str]) -> bool:
        os.lseek(file.fileno(), _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(file: IO[str]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
