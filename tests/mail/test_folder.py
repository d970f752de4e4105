"""Letters as files."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.errors import RefusedSenderError, TransientError
from newsletter.mail.base import OutgoingLetter
from newsletter.mail.folder import Folder
from newsletter.model import Receipt

if TYPE_CHECKING:
    from pathlib import Path

MESSAGE = b"Subject: Otters\r\n\r\nThey are back.\r\n"


def outgoing(key: str = "e1-7", recipient: str = "asha@example.org") -> OutgoingLetter:
    """Return a letter."""
    return OutgoingLetter(key, "news@rivertrust.example", recipient, MESSAGE)


def test_a_letter_becomes_a_file_of_its_bytes(tmp_path: Path) -> None:
    """The folder is made; the name says whose it is."""
    session = Folder("files", tmp_path / "out" / "mail").connect()
    (receipt,) = session.send([outgoing()])
    session.close()

    path = tmp_path / "out" / "mail" / "e1-7-asha@example.org.eml"
    assert path.read_bytes() == MESSAGE
    assert receipt == Receipt(remote_id=path.name, reply=f"written to {path}")
    assert list(path.parent.iterdir()) == [path]


def test_the_second_attempt_replaces_the_first(tmp_path: Path) -> None:
    """The same delivery has the same name."""
    session = Folder("files", tmp_path).connect()
    session.send([outgoing()])
    session.send([outgoing()])

    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "recipient", ["../../etc/passwd@x.org", "a/b@x.org", ".hidden@x.org", "x" * 300 + "@x.org", "é\n@x"]
)
def test_no_address_leads_out_of_the_folder(tmp_path: Path, recipient: str) -> None:
    """Nor to a name the file system refuses."""
    folder = tmp_path / "mail"
    (receipt,) = Folder("files", folder).connect().send([outgoing("k", recipient)])

    assert isinstance(receipt, Receipt)
    assert [path.suffix for path in folder.iterdir()] == [".eml"]
    assert [path.name for path in tmp_path.iterdir()] == ["mail"]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """A file stands in the way: a person has to look."""
    (tmp_path / "mail").write_text("in the way", encoding="utf-8")

    with pytest.raises(RefusedSenderError, match="cannot be written") as caught:
        Folder("files", tmp_path / "mail").connect()
    assert str(tmp_path / "mail") in str(caught.value)


def test_a_folder_where_the_letter_belongs_needs_a_person(tmp_path: Path) -> None:
    """The judgement is the same as for snippets."""
    (tmp_path / "e1-7-asha@example.org.eml").mkdir()
    (outcome,) = Folder("files", tmp_path).connect().send([outgoing()])

    assert type(outcome) is RefusedSenderError
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, TransientError), (errno.EACCES, RefusedSenderError)]
)
def test_a_full_disk_can_pass_and_a_forbidden_folder_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    """No half a file stays behind."""

    def refuse(_descriptor: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.fsync", refuse)
    (outcome,) = Folder("files", tmp_path).connect().send([outgoing()])

    assert type(outcome) is kind
    assert list(tmp_path.iterdir()) == []
