"""Files that are there whole or not at all, and what a failure to write one means."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from newsletter.errors import RefusedSenderError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSING: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.EBUSY})
"""Reasons that can go away by themselves; every other one needs a person."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that readers see the old one or the new one, never half of it.

    Raises:
        OSError: it cannot be written; what stood there still stands.
    """
    with drafts(path) as (draft,):
        draft.write_bytes(content)


@contextmanager
def drafts(*paths: Path, mode: int = 0o666) -> Iterator[tuple[Path, ...]]:
    """Yield an empty file for each path; when all are filled, each takes its place, the last one last.

    Every one is on the disk before the first takes its place, so that a power
    cut leaves no half file. After a failure the drafts are gone.

    Args:
        paths: where the files belong; their folders are there.
        mode: permissions of the files from their first byte on, less the umask; see open(2).

    Raises:
        OSError: a file cannot be written or cannot take its place.
    """
    made = tuple(path.with_name(f".{path.name[:40]}-{secrets.token_hex(4)}") for path in paths)
    try:
        for draft in made:
            draft.touch(mode, exist_ok=False)
        yield made
        for draft in made:
            with draft.open("r+b") as file:
                os.fsync(file.fileno())
        for draft, path in zip(made, paths, strict=True):
            draft.replace(path)
    except BaseException:
        for draft in made:
            with suppress(OSError):
                draft.unlink()
        raise
    for folder in {path.parent for path in paths}:
        _keep_names(folder)


def failure(error: OSError, why: str, path: Path) -> TransientError | RefusedSenderError:
    """Return what a file that cannot be written means for its delivery: try later, or ask a person."""
    kind = TransientError if error.errno in PASSING else RefusedSenderError
    code = errno.errorcode.get(error.errno or 0, "")
    return kind(f"{why}: {error.strerror or error}", where=str(path), code=code)


def _keep_names(folder: Path) -> None:
    """Bring a folder's new names to the disk, where the platform and the file system can."""
    # The files are in place already: what cannot be done here must not look like a failed write.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
