"""Secrets are read when needed and never shown."""

from pathlib import Path

import pytest

from newsletter.errors import ConfigError
from newsletter.secret import Secret


def test_the_environment_gives_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only `reveal` does."""
    monkeypatch.setenv("RIVER_TOKEN", "hunter2")
    secret = Secret("env", "RIVER_TOKEN")

    assert secret.reveal() == "hunter2"
    assert "hunter2" not in f"{secret!r} {secret}"


def test_a_file_gives_the_text_without_its_line_end(tmp_path: Path) -> None:
    """Editors end files with a newline."""
    (tmp_path / "token").write_text("hunter2\n", encoding="utf-8")

    assert Secret("file", "token", folder=tmp_path).reveal() == "hunter2"


@pytest.mark.parametrize(
    ("kind", "source", "why"),
    [
        ("env", "NOT_SET_ANYWHERE", "the environment variable NOT_SET_ANYWHERE is not set"),
        ("file", "nowhere", "the secret file nowhere cannot be read: No such file or directory"),
        ("file", "blank", "the secret file blank is empty"),
        ("file", "binary", "the secret file binary cannot be read: not UTF-8 text"),
    ],
)
def test_a_missing_secret_names_the_setting_and_the_reason(
    tmp_path: Path, kind: str, source: str, why: str
) -> None:
    """Staff learn which line of config.toml to look at."""
    (tmp_path / "blank").write_text(" \n", encoding="utf-8")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xff")
    secret = Secret(kind, source, where="config.toml:9 (token)", folder=tmp_path)

    with pytest.raises(ConfigError) as caught:
        secret.reveal()

    assert str(caught.value) == f"config.toml:9 (token): {why}"
