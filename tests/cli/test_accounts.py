"""``newsletter accounts``: what is configured, and whether it would work."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

from click.testing import CliRunner, Result

from newsletter.cli.main import main
from tests.delivery.domain_keys import DomainKeys
from tests.mail.fake_postmark import TOKEN, FakePostmark

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from pytest_httpserver import HTTPServer

ORGANISATION = """\
[organisation]
name = "River Trust"
sender = "River Trust <news@rivertrust.example>"
postal_address = "1 Quay Street, Bristol"
public_url = "https://news.rivertrust.example"
"""
SIGNED = """\
[dkim]
domain = "rivertrust.example"
selector = "autumn"
key = { file = "rsa.pem" }

"""
FOLDERS = """\
[[mail]]
name = "files"
type = "folder"
path = "sent"

[[social]]
name = "by-hand"
type = "folder"
max_characters = 300
"""


def run(root: Path, channels: str, *arguments: str) -> Result:
    """Run ``newsletter accounts`` in a workspace with these channels."""
    (root / "config.toml").write_text(ORGANISATION + channels, encoding="utf-8")
    return CliRunner().invoke(main, ["-C", str(root), "accounts", *arguments])


def test_the_list_names_every_channel(tmp_path: Path) -> None:
    """With kind, type and limit."""
    result = run(tmp_path, FOLDERS, "list")

    assert [line.split() for line in result.output.splitlines()] == [
        ["files", "mail", "folder"],
        ["by-hand", "social", "folder", "300", "characters"],
    ]


def test_the_list_is_json_for_scripts(tmp_path: Path) -> None:
    """The same facts."""
    assert json.loads(run(tmp_path, FOLDERS, "list", "--json").output) == [
        {"name": "files", "kind": "mail", "type": "folder", "limit": None},
        {"name": "by-hand", "kind": "social", "type": "folder", "limit": 300},
    ]


def test_a_workspace_without_channels_is_told_what_to_do(tmp_path: Path) -> None:
    """Instead of an empty page."""
    assert "add [[mail]] and [[social]]" in run(tmp_path, "", "list").output


def test_a_check_says_ok_for_every_channel_that_works(tmp_path: Path) -> None:
    """And nothing is sent."""
    result = run(tmp_path, FOLDERS, "check")

    assert result.exit_code == 0
    assert [line.split()[:2] for line in result.output.splitlines()] == [["files", "ok"], ["by-hand", "ok"]]
    assert list((tmp_path / "published").iterdir()) == []


def test_a_check_names_the_account_that_a_token_opens(
    tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People see that it is theirs."""
    monkeypatch.setenv("MASTODON_TOKEN", "masto-token-1")
    httpserver.expect_request("/api/v1/accounts/verify_credentials").respond_with_json({"acct": "trust"})

    result = run(tmp_path, mastodon(httpserver.url_for("/")), "check")

    assert result.exit_code == 0
    assert "@trust on " in result.output


def test_a_check_fails_with_4_when_one_channel_would_not_work(
    tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are checked all the same; the token is not shown."""
    monkeypatch.setenv("MASTODON_TOKEN", "masto-token-1")
    httpserver.expect_request("/api/v1/accounts/verify_credentials").respond_with_json(
        {"error": "The access token masto-token-1 was revoked"}, status=401
    )

    result = run(tmp_path, mastodon(httpserver.url_for("/")) + dead_relay() + FOLDERS, "check", "--json")

    rows = {row["name"]: row for row in json.loads(result.output)}
    assert result.exit_code == 4
    assert {name: row["ok"] for name, row in rows.items()} == {
        "relay": False,
        "files": True,
        "main": False,
        "by-hand": True,
    }
    assert "The access token *** was revoked" in rows["main"]["why"]


def test_a_missing_secret_is_a_failure_of_that_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its line in config.toml."""
    monkeypatch.delenv("MASTODON_TOKEN", raising=False)

    result = run(tmp_path, mastodon("https://social.example"), "check")

    assert result.exit_code == 4
    assert (
        "config.toml:10 (social.token): the environment variable MASTODON_TOKEN is not set" in result.output
    )


def test_a_check_says_for_whom_letters_are_signed(tmp_path: Path) -> None:
    """Of the transports whose letters we sign ourselves; an account signs nothing."""
    keys = DomainKeys(tmp_path)

    result = run(tmp_path, SIGNED + FOLDERS, "check")

    assert result.exit_code == 0
    (signing,) = [line for line in result.output.splitlines() if "signed" in line]
    assert signing.endswith("connected; letters are signed for rivertrust.example")
    assert signing.startswith("files ")
    assert keys.rsa_file.read_text(encoding="utf-8") not in result.output


def test_a_key_that_cannot_sign_is_a_failure_of_the_transport(tmp_path: Path) -> None:
    """Letters would not leave; social posts would."""
    (tmp_path / "rsa.pem").write_text("nothing of a key", encoding="utf-8")

    result = run(tmp_path, SIGNED + FOLDERS, "check", "--json")

    files, by_hand = json.loads(result.output)
    assert result.exit_code == 4
    assert (files["ok"], by_hand["ok"]) == (False, True)
    assert "config.toml:9 (dkim.key): this is not a private key in PEM" in files["why"]


def test_letters_that_a_service_signs_need_no_key_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is handed fields, and writes the message itself."""
    with FakePostmark() as api:
        monkeypatch.setenv("POSTMARK_TOKEN", TOKEN)
        service = f'[[mail]]\nname = "main"\ntype = "postmark"\nurl = "{api.url}"\n'

        result = run(tmp_path, SIGNED + service + 'token = { env = "POSTMARK_TOKEN" }\n', "check")

    assert result.exit_code == 0
    assert "signed" not in result.output


def test_one_channel_can_be_checked_alone(tmp_path: Path) -> None:
    """By its name."""
    result = run(tmp_path, FOLDERS, "check", "by-hand")

    assert [line.split()[0] for line in result.output.splitlines()] == ["by-hand"]


def test_a_name_nobody_has_is_an_error_that_lists_the_known_ones(tmp_path: Path) -> None:
    """Exit code 2."""
    result = run(tmp_path, FOLDERS, "check", "by-hnd")

    assert result.exit_code == 2
    assert result.stderr == (
        "error: config.toml: there is no channel called 'by-hnd'; known: files, by-hand\n"
    )


def mastodon(server: str) -> str:
    """Return the table of a Mastodon account."""
    return (
        f'[[social]]\nname = "main"\ntype = "mastodon"\nserver = "{server}"\n'
        'token = { env = "MASTODON_TOKEN" }\n\n'
    )


def dead_relay() -> str:
    """Return the table of a mail server that is not there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return f'[[mail]]\nname = "relay"\ntype = "smtp"\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\n\n'
