"""Editions on disk: whole or not at all, and read back exactly."""

import email
import email.policy
import errno
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from newsletter.campaigns.campaign import Campaign, Social
from newsletter.editions import frozen, images
from newsletter.errors import ConfigError, ContentError
from newsletter.model import CallToAction
from newsletter.social.folder import Folder

CAMPAIGN = Campaign(
    "autumn",
    'Ñ {{ merge.first_name | fallback("friend") }}',
    lists=("supporters", "donors"),
    reply_to="hello@rivers.example",
    call_to_action=CallToAction("Will you count?", "Count", "https://rivers.example/count"),
)


def test_an_edition_is_read_back_exactly(trust: Any) -> None:
    """Every field, every byte of the letter."""
    built = trust.build(CAMPAIGN)

    assert frozen.read(built.folder) == built


def test_an_edition_without_ask_or_snippets_is_read_back_too(trust: Any) -> None:
    """Empty is not missing."""
    built = trust.build(Campaign("autumn", "Otters"), posts=trust.posts[2:], networks=())

    assert built.call_to_action is None
    assert frozen.read(built.folder) == built


def test_the_folder_holds_what_people_want_to_open(trust: Any) -> None:
    """Both parts, a message, a page, texts per account, pictures."""
    built = trust.build(CAMPAIGN)

    files = {path.relative_to(built.folder).as_posix() for path in built.folder.rglob("*") if path.is_file()}
    assert files == {
        "browser.html",
        "edition.json",
        "email.html",
        "email.txt",
        "letter.bin",
        "message.eml",
        "snippets/main.txt",
        "snippets/short.txt",
        *(f"images/{name}" for name in built.images),
    }
    assert (built.folder / "snippets/main.txt").read_text(encoding="utf-8") == built.snippets[0].text
    message = email.message_from_bytes(
        (built.folder / "message.eml").read_bytes(), policy=email.policy.default
    )
    assert message["Subject"] == "Ñ friend"
    assert message["Date"].datetime.isoformat() == "2026-09-20T12:00:00+00:00"
    assert message["To"] == "reader@example.org"
    assert message["Message-ID"] == f"<{built.id}@rivers.example>"


def test_building_again_leaves_the_files_alone(trust: Any) -> None:
    """Same content, same folder, not touched."""
    built = trust.build(CAMPAIGN)
    before = {path: path.stat().st_mtime_ns for path in built.folder.rglob("*")}

    assert trust.build(CAMPAIGN) == built
    assert {path: path.stat().st_mtime_ns for path in built.folder.rglob("*")} == before


@pytest.mark.parametrize("name", ["email.html", "letter.bin", "edition.json", "browser.html"])
def test_files_that_were_changed_are_refused_and_mended_by_a_build(trust: Any, name: str) -> None:
    """What was approved is what is sent."""
    built = trust.build(CAMPAIGN)
    path = built.folder / name
    path.write_bytes(path.read_bytes().replace(b"count", b"dance").replace(b"r", b"R", 1))

    with pytest.raises(ContentError, match="build it again"):
        frozen.read(built.folder)

    assert trust.build(CAMPAIGN) == built
    assert frozen.read(built.folder) == built


def test_a_lost_picture_comes_back_with_a_build(trust: Any) -> None:
    """It is part of the edition."""
    built = trust.build(CAMPAIGN)
    path = built.folder / "images" / built.images[0]
    content = path.read_bytes()
    path.unlink()

    trust.build(CAMPAIGN)

    assert path.read_bytes() == content


def test_a_picture_that_was_changed_or_lost_is_refused_and_mended_by_a_build(trust: Any) -> None:
    """What was approved is what is shown."""
    built = trust.build(CAMPAIGN)
    path = built.folder / "images" / built.images[1]
    content = path.read_bytes()
    for damage in (lambda: path.write_bytes(content[:-1] + b"!"), path.unlink):
        damage()
        with pytest.raises(ContentError, match="changed after it was built; build it again"):
            frozen.read(built.folder)

        assert trust.build(CAMPAIGN) == built
        assert path.read_bytes() == content
        assert frozen.read(built.folder) == built


def test_hashes_of_pictures_stand_in_the_record_and_not_in_the_id(
    trust: Any, river_trust: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another encoder makes other bytes of the same picture; the edition is the same."""
    from newsletter.editions.images import Picture

    built = trust.build(CAMPAIGN)
    recorded = json.loads((built.folder / "edition.json").read_bytes())["pictures"]
    monkeypatch.setattr(Picture, "encoded", lambda _self: b"another encoder")
    elsewhere = river_trust(tmp_path / "elsewhere").build(CAMPAIGN)

    assert recorded == {
        name: hashlib.sha256((built.folder / "images" / name).read_bytes()).hexdigest()
        for name in built.images
    }
    assert elsewhere.id == built.id
    assert frozen.read(elsewhere.folder) == elsewhere


def test_a_record_without_its_hashes_is_refused(trust: Any) -> None:
    """Taking them out does not make a changed picture pass."""
    built = trust.build(CAMPAIGN)
    path = built.folder / "edition.json"
    record = json.loads(path.read_bytes())
    del record["pictures"]
    path.write_text(json.dumps(record, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")

    with pytest.raises(ContentError, match="build it again"):
        frozen.read(built.folder)


def test_a_changed_picture_is_not_taken_into_a_later_edition(trust: Any) -> None:
    """It is encoded anew instead."""
    built = trust.build(CAMPAIGN)
    path = built.folder / "images" / built.images[1]
    content = path.read_bytes()
    path.write_bytes(b"something else")

    other = trust.build(Campaign("autumn", "Another subject"))

    assert (other.folder / "images" / path.name).read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 1}', b'{"format": 2}', b"\xff"])
def test_a_damaged_record_is_one_readable_line(trust: Any, content: bytes) -> None:
    """No traceback, and what to do."""
    built = trust.build(CAMPAIGN)
    (built.folder / "edition.json").write_bytes(content)

    with pytest.raises(ContentError, match=f"{built.id}: .*build it again"):
        frozen.read(built.folder)


def test_a_picture_is_not_encoded_twice(trust: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later edition of the campaign takes it from the earlier one."""
    from newsletter.editions.images import Picture

    built = trust.build(CAMPAIGN)
    monkeypatch.setattr(Picture, "encoded", lambda _self: pytest.fail("encoded again"))

    other = trust.build(Campaign("autumn", "Another subject"))

    assert other.id != built.id
    assert (other.folder / "images" / other.images[1]).stat().st_size > 0


def test_nothing_half_written_stays_when_the_disk_is_full(
    trust: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line that names the path; the earlier edition stays the newest."""
    earlier = trust.build(CAMPAIGN)
    write_bytes = Path.write_bytes

    def full(self: Path, content: bytes) -> int:
        if self.name == "message.eml":
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_bytes(self, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        trust.build(Campaign("autumn", "Other"))

    assert str(trust.workspace.out / "autumn") in str(caught.value.filename)
    assert sorted(path.name for path in earlier.folder.parent.iterdir()) == sorted([earlier.id, "latest"])
    assert frozen.find(trust.workspace, "autumn") == earlier


def test_a_picture_that_breaks_during_a_build_leaves_no_edition(
    trust: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The post is named."""
    path = trust.posts[1].folder / "river.jpg"
    path.write_bytes(path.read_bytes()[:2_000])
    monkeypatch.setattr(images, "fault", lambda _source: "")

    with pytest.raises(ContentError, match=r"willows.river\.jpg: the picture is damaged"):
        trust.build(CAMPAIGN)

    assert list((trust.workspace.out / "autumn").iterdir()) == []


def test_cards_prices_and_threads_are_read_back(trust: Any) -> None:
    """Exactly as they were composed, with the card's picture beside the others."""
    thread = Social(text={"main": "One.\n---\nTwo."})
    main = type("Folder", (Folder,), {"__module__": Folder.__module__, "max_posts": 9, "makes_cards": True})
    account = main("main", trust.workspace.root / "social")
    card = replace(CAMPAIGN, social=replace(thread, show="card"))

    built = trust.build(card, networks=[account])

    (snippet,) = frozen.read(built.folder).snippets
    assert (snippet,) == built.snippets
    assert len(snippet.parts) == 2
    assert snippet.text == "\n\n".join(snippet.parts)
    assert snippet.card
    assert snippet.card.image in built.images
    assert (built.folder / "images" / snippet.card.image).read_bytes()[:3] == b"\xff\xd8\xff"


def test_an_edition_built_before_there_were_cards_and_threads_is_still_read(trust: Any) -> None:
    """It may wait in the ledger while the program is updated."""
    built = trust.build(CAMPAIGN)
    record = json.loads((built.folder / "edition.json").read_bytes())
    for row in record["snippets"]:
        for key in ("parts", "card", "price_musd"):
            del row[key]
    (built.folder / "edition.json").write_bytes(frozen._json(record))
    files = {name: (built.folder / name).read_bytes() for name in frozen._HASHED}
    files["edition.json"], _ = frozen._divided(files["edition.json"])
    older = built.folder.rename(built.folder.parent / frozen._id(files))

    assert frozen.read(older).snippets == built.snippets


def test_an_edition_is_found_by_campaign_id_start_of_id_and_folder(trust: Any) -> None:
    """A campaign's name means its newest build, also when that brought back an older edition."""
    first = trust.build(CAMPAIGN)
    second = trust.build(Campaign("autumn", "Other"))

    assert frozen.find(trust.workspace, "autumn") == second
    trust.build(CAMPAIGN)
    assert frozen.find(trust.workspace, "autumn") == first
    for name in (second.id, second.id[:6], str(second.folder), f"out/autumn/{second.id}"):
        assert frozen.find(trust.workspace, name) == second


@pytest.mark.parametrize("name", ["spring", "0000", "../x", "", "out/autumn"])
def test_what_is_not_there_is_answered_with_what_to_do(trust: Any, name: str) -> None:
    """One line."""
    trust.build(CAMPAIGN)

    with pytest.raises(ConfigError, match="there is no edition"):
        frozen.find(trust.workspace, name)


def test_a_mistyped_campaign_is_answered_with_the_nearest(trust: Any) -> None:
    """Built or not."""
    trust.build(CAMPAIGN)

    with pytest.raises(ConfigError, match="did you mean 'autumn'"):
        frozen.find(trust.workspace, "autum")


def test_the_start_of_several_ids_is_refused(trust: Any) -> None:
    """With all of them."""
    for name in ("abcd1", "abcd2"):
        folder = trust.workspace.out / "autumn" / name
        folder.mkdir(parents=True)
        (folder / "edition.json").write_text("{}", encoding="utf-8")

    with pytest.raises(ConfigError, match="'abcd' is the start of 2 editions: abcd1, abcd2"):
        frozen.find(trust.workspace, "abcd")


def test_account_names_become_file_names_that_cannot_leave_the_folder() -> None:
    """Each name its own file."""
    names = ["main", "a/b", "a b", "..", "../x", "ü", "a%2Fb"]

    files = [frozen.snippet_file(name) for name in names]

    assert len(set(files)) == len(names)
    assert all(Path(file).parent == Path("snippets") for file in files)
