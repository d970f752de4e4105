"""An edition on disk: written once, whole or not at all, and read back byte for byte."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import secrets
import shutil
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from newsletter.campaigns import load
from newsletter.editions import compiled, headers, stored
from newsletter.editions.edition import CompiledLetter, Edition, Slot
from newsletter.errors import ConfigError, ContentError
from newsletter.files import write_whole
from newsletter.model import CallToAction, Card, Snippet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from newsletter.editions.images import Picture
    from newsletter.workspace import Workspace

_RECORD: Final = "edition.json"
_LATEST: Final = "latest"
_MESSAGE: Final = "message.eml"
_HASHED: Final = ("browser.html", _RECORD, "email.html", "email.txt", "letter.bin")
"""What the id is made of; pictures count by their names, which are made of their sources' bytes.

Encoders differ between machines, the id must not: hashes of the encoded
files stand in edition.json, outside of what the id covers.
"""
_PICTURES: Final = "pictures"
"""Key of those hashes in edition.json."""
_FORMAT: Final = 1
_ID_CHARS: Final = 16
_SEGMENT_END: Final = b"\0"
"""A message never holds a NUL, so it can stand between segments."""
_UNRECORDED: Final = ("id", "folder", "html", "text", "letter")


def write(draft: Edition, pictures: Sequence[Picture], *, browser: str, sample: Mapping[str, str]) -> Edition:
    """Give an edition its id, write it to ``<draft.folder>/<id>/`` and return it.

    The folder appears with all its files or not at all; one that is there
    with the same content is left alone.

    Args:
        draft: the edition without its id; ``folder`` is the campaign's folder below out/.
        pictures: the files of ``draft.images``.
        browser: the page for everybody.
        sample: values of the sample message.

    Raises:
        ContentError: a picture is damaged.
        OSError: the folder cannot be written; names the path.
    """
    files = {
        "email.html": draft.html.encode(),
        "email.txt": draft.text.encode(),
        "browser.html": browser.encode(),
        "letter.bin": _SEGMENT_END.join(draft.letter.segments),
        _RECORD: _json(_recorded(draft)),
    }
    made = _id(files)
    edition = replace(draft, id=made, folder=draft.folder / made)
    files[_MESSAGE] = _sample_message(edition, sample)
    for snippet in edition.snippets:
        files[snippet_file(snippet.account)] = snippet.text.encode()
    try:
        if not _intact(edition, files):
            _write_folder(edition, files, pictures)
        write_whole(draft.folder / _LATEST, f"{made}\n".encode())
    except OSError as error:
        reason = f"the edition cannot be written: {error.strerror or error}"
        raise OSError(error.errno, reason, str(edition.folder)) from None
    return edition


def read(folder: Path) -> Edition:
    """Return the edition that stands in ``folder``, exactly as it was built.

    Raises:
        ContentError: it is incomplete, or was changed after it was built.
    """
    folder = folder.resolve()
    try:
        files = {name: (folder / name).read_bytes() for name in _HASHED}
        record = json.loads(files[_RECORD])
        edition = _edition(record, files) if record["format"] == _FORMAT else None
        files[_RECORD], hashes = _divided(files[_RECORD]) if edition else (b"", {})
    except (OSError, ValueError, KeyError, TypeError):
        why = "this edition is incomplete or damaged; build it again"
        raise ContentError(why, where=str(folder)) from None
    if edition is None:
        why = "another version of the program built this edition; build it again"
        raise ContentError(why, where=str(folder))
    if _id(files) != folder.name or not stored.unchanged(folder, edition.images, hashes):
        why = "the files of this edition were changed after it was built; build it again"
        raise ContentError(why, where=str(folder))
    return replace(edition, id=folder.name, folder=folder)


def read_message(edition: Edition) -> bytes:
    """Return the sample message beside an edition: what a subscriber without a name gets.

    Raises:
        OSError: it cannot be read; names the path.
    """
    return (edition.folder / _MESSAGE).read_bytes()


def find(workspace: Workspace, name: str) -> Edition:
    """Return a built edition by its folder, its campaign (then the newest build), or the start of its id.

    Raises:
        ConfigError: there is no such edition, or several.
        ContentError: it is damaged; see `read`.
    """
    for folder in (Path(name).expanduser(), workspace.root / name):
        if (folder / _RECORD).is_file():
            return read(folder)
    campaign = workspace.out / name
    if re.fullmatch(r"[a-z0-9-]+", name) and (campaign / _LATEST).is_file():
        return read(campaign / (campaign / _LATEST).read_text(encoding="utf-8").strip())
    built = {path.parent.name: path.parent for path in sorted(workspace.out.glob(f"*/*/{_RECORD}"))}
    found = [folder for edition_id, folder in built.items() if len(name) >= 4 and edition_id.startswith(name)]
    if len(found) == 1:
        return read(found[0])
    if found:
        why = f"{name!r} is the start of {len(found)} editions: {', '.join(path.name for path in found)}"
        raise ConfigError(why)
    known = {folder.parent.name for folder in built.values()} | {*load.names(workspace), *built}
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}?" if close else "build it with: newsletter build CAMPAIGN"
    raise ConfigError(f"there is no edition {name!r}; {hint}", where=str(workspace.out))


def snippet_file(account: str) -> str:
    """Return the path of an account's text inside an edition's folder."""
    return f"snippets/{re.sub(r'[^A-Za-z0-9._ -]', lambda odd: f'%{ord(odd[0]):02X}', account)}.txt"


def _recorded(draft: Edition) -> Mapping[str, Any]:
    """Return what edition.json says: everything that the other files do not, but for the pictures."""
    fields = {key: value for key, value in asdict(draft).items() if key not in _UNRECORDED}
    return fields | {
        "format": _FORMAT,
        "date": draft.date.isoformat(),
        "subject_pieces": _pieces(draft.letter.subject),
        "slots": _pieces(draft.letter.slots),
    }


def _json(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def _divided(content: bytes) -> tuple[bytes, Mapping[str, str]]:
    """Return what the id covers of an edition.json, and the pictures' hashes.

    Raises:
        ValueError, KeyError, TypeError: the file is not as it was written.
    """
    record = json.loads(content)
    if _json(record) != content:
        raise ValueError(content)
    hashes = dict(record.pop(_PICTURES))
    return _json(record), hashes


def _edition(record: Mapping[str, Any], files: Mapping[str, bytes]) -> Edition:
    facts = {key: value for key, value in record.items() if key in Edition.__dataclass_fields__}
    lists = {key: tuple(value) for key, value in facts.items() if isinstance(value, list)}
    ask = record["call_to_action"]
    letter = CompiledLetter(
        segments=tuple(files["letter.bin"].split(_SEGMENT_END)),
        slots=tuple(Slot(**slot) for slot in record["slots"]),
        subject=tuple(
            piece if isinstance(piece, str) else Slot(**piece) for piece in record["subject_pieces"]
        ),
    )
    return Edition(
        **facts
        | lists
        | {
            "id": "",
            "folder": Path(),
            "html": files["email.html"].decode(),
            "text": files["email.txt"].decode(),
            "letter": letter,
            "date": date.fromisoformat(record["date"]),
            "call_to_action": CallToAction(**ask) if ask else None,
            "snippets": tuple(_snippet(row) for row in record["snippets"]),
        }
    )


def _snippet(row: Mapping[str, Any]) -> Snippet:
    # Editions built before there were cards and threads have neither key.
    card = Card(**row["card"]) if row.get("card") else None
    lists = {"parts": tuple(row.get("parts", ())), "steps": tuple(row["steps"])}
    return Snippet(**{**row, **lists, "card": card})


def _pieces(pieces: Sequence[str | Slot]) -> list[str | dict[str, str]]:
    return [piece if isinstance(piece, str) else asdict(piece) for piece in pieces]


def _id(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in _HASHED:
        digest.update(f"{name} {len(files[name])}\n".encode() + files[name])
    return digest.hexdigest()[:_ID_CHARS]


def _sample_message(edition: Edition, sample: Mapping[str, str]) -> bytes:
    noon = datetime.combine(edition.date, time(12), tzinfo=UTC)
    head = {
        "to": headers.mailbox("", sample["email"]),
        "date": headers.date_line(noon),
        "message_id": f"<{edition.id}@{headers.domain_of(edition.sender)}>",
    }
    return compiled.fill(edition.letter, {**sample, **head})


def _intact(edition: Edition, files: Mapping[str, bytes]) -> bool:
    """Return whether the folder holds exactly what would be written, pictures included."""
    try:
        found = {name: (edition.folder / name).read_bytes() for name in files}
        found[_RECORD], hashes = _divided(found[_RECORD])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return found == files and stored.unchanged(edition.folder, edition.images, hashes)


def _write_folder(edition: Edition, files: Mapping[str, bytes], pictures: Sequence[Picture]) -> None:
    """Write into a folder of another name and rename it: a crash never leaves half an edition."""
    parent = edition.folder.parent
    temporary = parent / f".building-{secrets.token_hex(4)}"
    replaced = parent / f".replaced-{secrets.token_hex(4)}"
    try:
        for name in ("images", "snippets"):
            (temporary / name).mkdir(parents=True)
        hashes = {picture.name: stored.write(picture, temporary / "images", parent) for picture in pictures}
        record = _json(json.loads(files[_RECORD]) | {_PICTURES: hashes})
        for name, content in {**files, _RECORD: record}.items():
            (temporary / name).write_bytes(content)
        if edition.folder.exists():
            edition.folder.rename(replaced)
        temporary.rename(edition.folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)
