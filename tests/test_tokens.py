"""Tokens lie outside of the workspace, for one user, and a newer one is never lost."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from newsletter import tokens
from newsletter.errors import ConfigError
from newsletter.tokens import Drawer, Tokens

if TYPE_CHECKING:
    from pathlib import Path

OLD = Tokens("access-1", "refresh-1", datetime(2026, 12, 1, tzinfo=UTC), None, {"account": "12"})
NEW = Tokens("access-2", "refresh-2")


@pytest.fixture
def drawer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Drawer:
    """Return where the tokens of an account lie."""
    monkeypatch.setenv(tokens.FOLDER_VARIABLE, str(tmp_path / "deep" / "tokens"))
    return tokens.drawer("linkedin", "https://api.example", "urn:1")


def test_what_was_written_is_read_again(drawer: Drawer) -> None:
    """With times and facts."""
    assert drawer.read() is None
    assert drawer.replace(None, OLD) == OLD
    assert drawer.read() == OLD


def test_nobody_else_can_read_them(drawer: Drawer) -> None:
    """Neither the file nor its folder."""
    drawer.replace(None, OLD)

    assert drawer.path.stat().st_mode & 0o777 == 0o600
    assert drawer.path.parent.stat().st_mode & 0o777 == 0o700


def test_they_never_show_when_they_are_printed() -> None:
    """Neither the access nor the refresh token."""
    assert "access-1" not in repr(OLD)
    assert "refresh-1" not in repr(OLD)


def test_a_token_that_somebody_else_has_refreshed_stands(drawer: Drawer) -> None:
    """Who comes later with the old one in hand gets the new one back."""
    drawer.replace(None, OLD)
    drawer.replace(OLD, NEW)

    assert drawer.replace(OLD, Tokens("access-3")) == NEW
    assert drawer.read() == NEW


def test_of_many_that_refresh_at_once_one_wins(drawer: Drawer) -> None:
    """Everybody goes on with the same tokens."""
    drawer.replace(None, OLD)
    got: list[Tokens] = []

    def refresh(number: int) -> None:
        got.append(drawer.replace(OLD, Tokens(f"access-of-{number}")))

    threads = [threading.Thread(target=refresh, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(got) == 8
    assert set(map(repr, got)) == {repr(drawer.read())}
    assert len({one.access for one in got}) == 1


def test_two_accounts_share_nothing() -> None:
    """Not even when their names run into each other."""
    assert tokens.drawer("linkedin", "ab", "c").path != tokens.drawer("linkedin", "a", "bc").path
    assert tokens.drawer("linkedin", "a").path != tokens.drawer("threads", "a").path


def test_a_spoilt_file_is_named(drawer: Drawer) -> None:
    """With what to do."""
    drawer.replace(None, OLD)
    drawer.path.write_text('{"access": 1', encoding="utf-8")

    with pytest.raises(ConfigError, match="log in again"):
        drawer.read()


def test_without_a_variable_they_lie_in_the_state_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the desktop's rules say."""
    monkeypatch.delenv(tokens.FOLDER_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    assert tokens.folder() == tmp_path / "newsletter-studio" / "tokens"
