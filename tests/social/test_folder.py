"""The folder network: files that people can look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.errors import PermanentError, RefusedSenderError, TransientError
from newsletter.model import Snippet
from newsletter.social.folder import Folder

SNIPPET = Snippet(
    "by-hand", "folder", "The weir is gone.\n\nCan you help? https://rivertrust.example/act", alt="A weir"
)


def test_a_snippet_becomes_a_text_with_its_picture_and_description(tmp_path: Path) -> None:
    """Ready to be posted by hand."""
    picture = tmp_path / "weir.png"
    picture.write_bytes(b"\x89PNG")

    receipt = Folder("by-hand", tmp_path / "out").publish(SNIPPET, key="4f1c-7", image=picture)

    written = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert written == {
        "4f1c-7-by-hand.txt": f"{SNIPPET.text}\n".encode(),
        "4f1c-7-by-hand.png": b"\x89PNG",
        "4f1c-7-by-hand.alt.txt": b"A weir\n",
    }
    assert Path(receipt.url.removeprefix("file://")) == tmp_path / "out" / receipt.remote_id


def test_the_same_delivery_writes_the_same_file(tmp_path: Path) -> None:
    """A repeat changes nothing."""
    network = Folder("by-hand", tmp_path)

    assert network.publish(SNIPPET, key="k", image=None) == network.publish(SNIPPET, key="k", image=None)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_strange_key_stays_inside_the_folder_and_apart_from_others(tmp_path: Path) -> None:
    """Keys are not file names."""
    network = Folder("by-hand", tmp_path / "out")

    for key in ("../../x", "..-..-x", "a:b", "a/b", "é" * 200):
        network.publish(SNIPPET, key=key, image=None)

    assert len(list((tmp_path / "out").iterdir())) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_missing_picture_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    """A text without its picture would look finished."""
    with pytest.raises(PermanentError, match=r"weir\.png: the picture cannot be read"):
        Folder("by-hand", tmp_path / "out").publish(SNIPPET, key="k", image=tmp_path / "weir.png")

    assert list((tmp_path / "out").iterdir()) == []


def test_a_path_that_is_a_file_needs_a_person(tmp_path: Path) -> None:
    """Waiting does not mend it."""
    (tmp_path / "out").write_text("in the way", encoding="utf-8")

    with pytest.raises(RefusedSenderError, match="the folder cannot be written"):
        Folder("by-hand", tmp_path / "out").publish(SNIPPET, key="k", image=None)
    with pytest.raises(RefusedSenderError, match="the folder cannot be written"):
        Folder("by-hand", tmp_path / "out").whoami()


def test_a_folder_where_the_text_belongs_needs_a_person(tmp_path: Path) -> None:
    """The judgement is the same as for letters."""
    (tmp_path / "k-by-hand.txt").mkdir()

    with pytest.raises(RefusedSenderError, match="the folder cannot be written: Is a directory"):
        Folder("by-hand", tmp_path).publish(SNIPPET, key="k", image=None)
    assert [path.name for path in tmp_path.iterdir()] == ["k-by-hand.txt"]


def test_a_full_disk_is_tried_later_and_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody frees some space."""

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(TransientError, match="No space left on device"):
        Folder("by-hand", tmp_path).publish(SNIPPET, key="k", image=None)

    assert list(tmp_path.iterdir()) == []


def test_whoami_names_the_folder_and_leaves_nothing_in_it(tmp_path: Path) -> None:
    """It is made when it is missing."""
    assert Folder("by-hand", tmp_path / "out").whoami() == str(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_characters_are_counted_as_readers_see_them(tmp_path: Path) -> None:
    """A family is one."""
    assert Folder("by-hand", tmp_path).measure("né 👩‍👩‍👧‍👦") == 4
    assert Folder("by-hand", tmp_path, max_characters=140).limit == 140
