"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from newsletter import files
from newsletter.errors import RefusedSenderError, TransientError


def names(folder: Path) -> list[str]:
    """Return what stands in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("content", [b"", b"otters\r\n\0", b"x" * 3_000_000])
@pytest.mark.parametrize("name", ["otters.txt", "o" * 255, "é" * 127, ".hidden"])
def test_a_file_is_written_byte_for_byte_and_nothing_beside_it(
    tmp_path: Path, name: str, content: bytes
) -> None:
    """Whatever name the file system takes."""
    files.write_whole(tmp_path / name, content)

    assert (tmp_path / name).read_bytes() == content
    assert names(tmp_path) == [name]


def test_a_file_that_stood_there_is_replaced_and_its_readers_keep_the_old_one(tmp_path: Path) -> None:
    """Nobody ever reads a mixture."""
    path = tmp_path / "weir.txt"
    files.write_whole(path, b"old and longer")
    with path.open("rb") as reader:
        files.write_whole(path, b"new")
        assert reader.read() == b"old and longer"

    assert path.read_bytes() == b"new"


def test_nothing_is_in_its_place_before_every_draft_is_filled(tmp_path: Path) -> None:
    """A post's pictures and its text belong together."""
    text, picture = tmp_path / "index.md", tmp_path / "weir.png"
    with files.drafts(picture, text) as drafts:
        for draft in drafts:
            draft.write_bytes(b"x")
            assert not text.exists()
            assert not picture.exists()

    assert names(tmp_path) == ["index.md", "weir.png"]


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_a_private_file_is_private_from_its_first_byte_even_over_an_open_one(tmp_path: Path) -> None:
    """Addresses of people must not be readable for a moment."""
    path = tmp_path / "people.csv"
    path.touch(mode=0o644)
    with files.drafts(path, mode=0o600) as (draft,):
        assert stat.S_IMODE(draft.stat().st_mode) == 0o600
        draft.write_bytes(b"email\n")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_other_files_have_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    """The umask of the person decides."""
    files.write_whole(tmp_path / "ours", b"x")
    (tmp_path / "any").touch()

    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "any").stat().st_mode


@pytest.mark.parametrize("kind", [OSError, ValueError, KeyboardInterrupt])
def test_drafts_are_gone_after_any_failure_and_the_old_file_stands(
    tmp_path: Path, kind: type[BaseException]
) -> None:
    """Ctrl-C too."""
    path = tmp_path / "weir.txt"
    path.write_bytes(b"old")

    def fail() -> None:
        with files.drafts(path, tmp_path / "more.txt") as (draft, _more):
            draft.write_bytes(b"new")
            raise kind

    with pytest.raises(kind):
        fail()
    assert names(tmp_path) == ["weir.txt"]
    assert path.read_bytes() == b"old"


def test_a_folder_in_the_way_is_an_error_and_stays(tmp_path: Path) -> None:
    """The error is the system's own."""
    (tmp_path / "weir.txt").mkdir()

    with pytest.raises(OSError, match=r"weir\.txt"):
        files.write_whole(tmp_path / "weir.txt", b"x")
    assert names(tmp_path) == ["weir.txt"]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    """Folders are made by those who know whose they are."""
    with pytest.raises(FileNotFoundError):
        files.write_whole(tmp_path / "none" / "weir.txt", b"x")
    assert names(tmp_path) == []


def test_a_file_that_the_system_cuts_off_never_appears(tmp_path: Path) -> None:
    """A limit on the size of files stops the write in the middle."""
    pytest.importorskip("resource", reason="limits are POSIX's")
    path = tmp_path / "weir.txt"
    path.write_bytes(b"old")
    program = (
        "import resource, sys, pathlib\n"
        "from newsletter import files\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    files.write_whole(pathlib.Path(sys.argv[1]), b'x' * 1_000_000)\n"
        "except OSError as error:\n"
        "    print(error.errno)\n"
    )
    # Byte code would meet the limit too.
    ran = subprocess.run(
        [sys.executable, "-B", "-c", program, str(path)],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout == f"{errno.EFBIG}\n"
    assert names(tmp_path) == ["weir.txt"]
    assert path.read_bytes() == b"old"


def test_the_content_is_on_the_disk_before_it_takes_its_place_and_its_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut between any two steps leaves the old file or the new one."""
    path = tmp_path / "weir.txt"
    seen: list[tuple[bool, bool]] = []
    sync = os.fsync

    def watch(descriptor: int) -> None:
        seen.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), path.exists()))
        sync(descriptor)

    monkeypatch.setattr("os.fsync", watch)
    files.write_whole(path, b"x")

    assert seen[0] == (False, False)
    assert seen[1:] == ([(True, True)] if os.name == "posix" else [])


def test_a_file_system_that_cannot_sync_folders_has_still_written_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network file systems answer EINVAL."""

    def refuse_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr("os.fsync", refuse_folders)
    files.write_whole(tmp_path / "weir.txt", b"x")

    assert (tmp_path / "weir.txt").read_bytes() == b"x"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.EBUSY])
def test_what_can_pass_is_tried_again(number: int) -> None:
    """Somebody frees some space."""
    error = files.failure(OSError(number, "no luck"), "the letter cannot be written", Path("out"))

    assert type(error) is TransientError
    assert str(error) == "out: the letter cannot be written: no luck"
    assert error.code == errno.errorcode[number]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EISDIR, errno.ENOTDIR, errno.EFBIG])
def test_what_cannot_pass_asks_a_person(number: int) -> None:
    """Waiting does not mend it."""
    error = files.failure(OSError(number, "no luck"), "the letter cannot be written", Path("out"))

    assert type(error) is RefusedSenderError
    assert error.code == errno.errorcode[number]


def test_an_error_without_a_number_asks_a_person() -> None:
    """Nobody can know that it passes."""
    error = files.failure(OSError("odd"), "the letter cannot be written", Path("out"))

    assert type(error) is RefusedSenderError
    assert str(error) == "out: the letter cannot be written: odd"
    assert error.code == ""
