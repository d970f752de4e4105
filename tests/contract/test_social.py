"""What every network promises, asked of every file in newsletter/social/ by itself."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter import adapters, social, tomlfile
from newsletter.secret import Secret

if TYPE_CHECKING:
    from newsletter.social.base import SocialNetwork

PLANTED = "planted-secret-55"
KINDS = adapters.known(social)
LEAST = {Secret: {"env": "PLANTED"}, Path: "out", str: "https://service.example", int: 1}
"""Setting's type → a value that most adapters take."""
NAMED = {"author": "urn:li:organization:1"}
"""Setting's name → a value, where its type is not enough."""


def account_of(kind: str, folder: Path) -> SocialNetwork:
    """Return an account of this type with only the settings it must have, checked like a user's file."""
    shape = adapters.adapter_class(social, kind)
    hints = get_type_hints(shape)
    table: dict[str, Any] = {
        field.name: NAMED.get(field.name) or LEAST[hints[field.name]]
        for field in dataclasses.fields(shape)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    path = folder / "config.toml"
    path.write_text("", encoding="utf-8")
    made: SocialNetwork = tomlfile.check(shape, tomlfile.read(path), table)
    return made


@pytest.fixture(params=KINDS)
def account(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SocialNetwork:
    """Return one account of each type in turn."""
    monkeypatch.setenv("PLANTED", PLANTED)
    monkeypatch.chdir(tmp_path)
    return account_of(request.param, tmp_path)


def test_the_file_and_the_class_say_what_they_are_for(account: SocialNetwork) -> None:
    """The settings page is made of it."""
    module, kind = inspect.getmodule(type(account)), type(account)

    assert module is not None
    assert module.__doc__
    assert kind.__doc__
    assert not kind.__doc__.startswith(f"{kind.__name__}(")


def test_the_type_in_config_is_the_name_of_the_file(account: SocialNetwork) -> None:
    """Naming it is the whole registration."""
    module = inspect.getmodule(type(account))

    assert module is not None
    file = Path(str(module.__file__))
    assert adapters.type_of(account) == (file.parent.name if file.stem == "__init__" else file.stem)


def test_no_secret_shows_when_an_account_is_printed(account: SocialNetwork) -> None:
    """Accounts end up in logs."""
    assert PLANTED not in f"{account!r} {account} {vars(account)}"


def test_the_limits_make_room_for_something(account: SocialNetwork) -> None:
    """A network without room is a mistake in its file."""
    assert account.limit >= 100
    assert account.max_alt >= 100
    assert 0 <= account.max_hashtags <= 30
    assert account.honours_key_for_s >= 0


def test_nothing_counts_nothing_and_a_longer_plain_text_counts_more(account: SocialNetwork) -> None:
    """The least that fitting relies on."""
    lengths = [account.measure("river " * words) for words in range(6)]

    assert lengths[0] == 0
    assert lengths == sorted(set(lengths))


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None)
@given(text=st.text())
def test_any_text_can_be_counted_and_is_never_longer_than_twelve_per_character(
    kind: str, text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Counting never fails, and stays within what an address or an escape can add."""
    account = account_of(kind, tmp_path_factory.getbasetemp())

    assert 0 <= account.measure(text) <= 12 * len(text)
