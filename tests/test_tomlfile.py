"""Files that people write: every mistake at once, each with its line."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from newsletter import tomlfile
from newsletter.errors import ConfigError
from newsletter.secret import Secret
from newsletter.tomlfile import Table


@dataclass(frozen=True)
class Boat(Table):
    """A table inside the file."""

    name: str
    """Its name."""
    crew: int = 1
    """How many row."""
    key: Secret | None = None
    """Its lock."""


@dataclass(frozen=True)
class Harbour(Table):
    """The whole file."""

    place: str
    """Where."""
    tide: Literal["low", "high"] = "low"
    """Which."""
    boats: tuple[Boat, ...] = field(default=())
    """Who lies there."""


def written(tmp_path: Path, text: str) -> tomlfile.TomlFile:
    """Write and read a harbour.toml."""
    path = tmp_path / "harbour.toml"
    path.write_text(text, encoding="utf-8")
    return tomlfile.read(path)


def mistakes(tmp_path: Path, text: str) -> list[str]:
    """Return the lines staff read about a wrong harbour.toml."""
    file = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        tomlfile.check(Harbour, file, file.tables)
    return str(caught.value).replace(f"{tmp_path}/", "").splitlines()


def test_a_good_file_becomes_its_dataclass(tmp_path: Path) -> None:
    """Tables of tables, defaults and secrets."""
    file = written(tmp_path, 'place = "Bristol"\n[[boats]]\nname = "Avon"\nkey = { env = "AVON_KEY" }\n')

    harbour = tomlfile.check(Harbour, file, file.tables)

    assert harbour.boats[0].crew == 1
    assert repr(harbour.boats[0].key) == "Secret(env AVON_KEY)"


def test_every_mistake_is_reported_at_once_with_its_line(tmp_path: Path) -> None:
    """Unknown key, wrong type, wrong choice, missing key."""
    text = 'tide = "ebb"\n\n[[boats]]\nname = "Avon"\n\n[[boats]]\ncrw = 2\ncrew = "six"\n'

    assert sorted(mistakes(tmp_path, text)) == [
        "harbour.toml (place): the setting 'place' is missing",
        "harbour.toml:1 (tide): 'ebb' is not one of 'low' or 'high'",
        "harbour.toml:6 (boats.name): the setting 'name' is missing",
        "harbour.toml:7 (boats.crw): there is no setting called 'crw'; did you mean 'crew'?",
        (
            "harbour.toml:8 (boats.crew): 'six' does not fit: input should be a valid integer, "
            "unable to parse string as an integer"
        ),
    ]


def test_a_key_unlike_any_other_lists_what_is_allowed(tmp_path: Path) -> None:
    """No guess is better than a wild one."""
    assert mistakes(tmp_path, 'place = "x"\nzzz = 1\n') == [
        "harbour.toml:2 (zzz): there is no setting called 'zzz'; allowed: place, tide, boats"
    ]


def test_a_secret_written_into_the_file_is_refused(tmp_path: Path) -> None:
    """The message says how to name it instead, and does not repeat it."""
    found = mistakes(tmp_path, 'place = "x"\n[[boats]]\nname = "Avon"\nkey = "hunter2"\n')

    assert found == [
        'harbour.toml:4 (boats.key): a secret is not written here; say { env = "NAME" } or { file = "path" }'
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('place = "x"\ntide = low\n', "harbour.toml:2: this is not valid TOML: Invalid value"),
        ('place = "x', "harbour.toml:1: this is not valid TOML: Unterminated string"),
        ("[a]\n[a]\n", "harbour.toml:2: this is not valid TOML: Cannot declare ('a',) twice"),
    ],
)
def test_broken_toml_names_the_line(tmp_path: Path, text: str, message: str) -> None:
    """Read nothing rather than half."""
    with pytest.raises(ConfigError) as caught:
        written(tmp_path, text)

    assert str(caught.value).replace(f"{tmp_path}/", "") == message


def test_a_missing_file_and_a_file_in_another_encoding_are_named(tmp_path: Path) -> None:
    """No traceback about codecs."""
    with pytest.raises(ConfigError, match=r"nowhere\.toml: there is no such file"):
        tomlfile.read(tmp_path / "nowhere.toml")
    (tmp_path / "latin.toml").write_bytes('place = "Besançon"'.encode("latin-1"))
    with pytest.raises(ConfigError, match=r"latin\.toml: the file is not UTF-8 text"):
        tomlfile.read(tmp_path / "latin.toml")


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    """Windows editors write one."""
    (tmp_path / "bom.toml").write_text('place = "x"\n', encoding="utf-8-sig")

    assert tomlfile.read(tmp_path / "bom.toml").tables == {"place": "x"}
