"""The folder network: files that people can look at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.errors import PermanentError, RefusedSenderError, TransientError
from newsletter.model import Receipt, Snippet
from newsletter.social.base import Sighting
from newsletter.social.folder import Folder
from tests.social.postings import posting

SNIPPET = Snippet(
    "by-hand", "folder", "The weir is gone.\n\nCan you help? https://rivertrust.example/act", alt="A weir"
)


def test_a_snippet_becomes_a_text_with_its_picture_and_description(tmp_path: Path) -> None:
    """Ready to be posted by hand."""
    picture = tmp_path / "weir.png"
    picture.write_bytes(b"\x89PNG")

    receipt = Folder("by-hand", tmp_path / "out").publish(posting(SNIPPET, key="4f1c-7", image=picture))

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

    assert network.publish(posting(SNIPPET, key="k")) == network.publish(posting(SNIPPET, key="k"))
    assert len(list(tmp_path.iterdir())) == 1


def test_a_strange_key_stays_inside_the_folder_and_apart_from_others(tmp_path: Path) -> None:
    """Keys are not file names."""
    network = Folder("by-hand", tmp_path / "out")

    for key in ("../../x", "..-..-x", "a:b", "a/b", "é" * 200):
        network.publish(posting(SNIPPET, key=key))

    assert len(list((tmp_path / "out").iterdir())) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_missing_picture_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    """A text without its picture would look finished."""
    with pytest.raises(PermanentError, match=r"weir\.png: the picture cannot be read"):
        Folder("by-hand", tmp_path / "out").publish(posting(SNIPPET, key="k", image=tmp_path / "weir.png"))

    assert list((tmp_path / "out").iterdir()) == []


def test_a_path_that_is_a_file_needs_a_person(tmp_path: Path) -> None:
    """Waiting does not mend it."""
    (tmp_path / "out").write_text("in the way", encoding="utf-8")

    with pytest.raises(RefusedSenderError, match="the folder cannot be written"):
        Folder("by-hand", tmp_path / "out").publish(posting(SNIPPET, key="k"))
    with pytest.raises(RefusedSenderError, match="the folder cannot be written"):
        Folder("by-hand", tmp_path / "out").standing()


def test_a_folder_where_the_text_belongs_needs_a_person(tmp_path: Path) -> None:
    """The judgement is the same as for letters."""
    (tmp_path / "k-by-hand.txt").mkdir()

    with pytest.raises(RefusedSenderError, match="the folder cannot be written: Is a directory"):
        Folder("by-hand", tmp_path).publish(posting(SNIPPET, key="k"))
    assert [path.name for path in tmp_path.iterdir()] == ["k-by-hand.txt"]


def test_a_full_disk_is_tried_later_and_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody frees some space."""

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(TransientError, match="No space left on device"):
        Folder("by-hand", tmp_path).publish(posting(SNIPPET, key="k"))

    assert list(tmp_path.iterdir()) == []


def test_standing_names_the_folder_and_leaves_nothing_in_it(tmp_path: Path) -> None:
    """It is made when it is missing."""
    assert Folder("by-hand", tmp_path / "out").standing().who == str(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_what_stands_there_is_found_and_nothing_else(tmp_path: Path) -> None:
    """Files tell for certain."""
    network, noted = Folder("by-hand", tmp_path / "out"), list[Receipt]()
    made = replace(posting(SNIPPET, key="k"), note=noted.append)

    before = network.look_up(made)
    receipt = network.publish(made)

    assert before == Sighting((), certain=True)
    assert network.look_up(made) == Sighting((receipt,), certain=True)
    assert network.look_up(posting(SNIPPET, key="other")) == Sighting((), certain=True)
    assert noted == [receipt]


@pytest.mark.parametrize("key", ["k", "[k]", "k*"])
def test_what_is_retracted_is_gone_with_its_picture_and_nothing_else(tmp_path: Path, key: str) -> None:
    """Also when it is gone already; other files stay."""
    picture = tmp_path / "weir.png"
    picture.write_bytes(b"\x89PNG")
    network = Folder("by-hand", tmp_path / "out")
    other = network.publish(posting(SNIPPET, key="k-by-hand", image=picture))
    receipt = network.publish(posting(SNIPPET, key=key, image=picture))

    network.retract(receipt)
    network.retract(receipt)

    stem = other.remote_id.removesuffix(".txt")
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert left == {f"{stem}.txt", f"{stem}.alt.txt", f"{stem}.png"}


def test_files_of_an_account_with_a_longer_name_stay(tmp_path: Path) -> None:
    """Names of accounts may have dots."""
    picture = tmp_path / "weir.png"
    picture.write_bytes(b"\x89PNG")
    network = Folder("main", tmp_path / "out")
    network.publish(posting(replace(SNIPPET, account="main.old"), key="k", image=picture))
    kept = set((tmp_path / "out").iterdir())

    network.retract(network.publish(posting(replace(SNIPPET, account="main"), key="k", image=picture)))

    assert (len(kept), set((tmp_path / "out").iterdir())) == (3, kept)


def test_what_we_did_not_write_is_left_to_a_person(tmp_path: Path) -> None:
    """A receipt without a name is no reason to delete anything."""
    (tmp_path / ".keep").touch()

    with pytest.raises(PermanentError, match="by hand"):
        Folder("by-hand", tmp_path).retract(Receipt(url="https://a.example/1"))
    assert [path.name for path in tmp_path.iterdir()] == [".keep"]


def test_characters_are_counted_as_readers_see_them(tmp_path: Path) -> None:
    """A family is one."""
    assert Folder("by-hand", tmp_path).measure("né 👩‍👩‍👧‍👦") == 4
    assert Folder("by-hand", tmp_path, max_characters=140).limit == 140
