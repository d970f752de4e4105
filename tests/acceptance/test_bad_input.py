"""Every mistake of an ordinary day: one readable line, the right exit code, the ledger intact."""

from __future__ import annotations

import os
import re
import resource
import socket
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from click.testing import CliRunner

from newsletter.cli.demo import _use_catcher
from newsletter.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CAMPAIGN = "autumn-digest"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A fresh workspace with an audience."""
    root = tmp_path / "ws"
    run(None, "init", str(root))
    people = root / "campaigns" / CAMPAIGN / "subscribers.csv"
    run(root, "audience", "import", str(people), "--list", "supporters")
    return root


def run(root: Path | None, *words: str) -> Any:
    """Run a command and return click's result."""
    return CliRunner().invoke(main, ["-C", str(root), *words] if root else [*words])


def replace(path: Path, old: str, new: str) -> None:
    """Change a file as a person would."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def states(root: Path) -> list[tuple[str, int]]:
    """Read the ledger with another program."""
    with sqlite3.connect(root / "newsletter.db") as connection:
        found = connection.execute(
            "SELECT state, count(*) FROM delivery GROUP BY state ORDER BY state"
        ).fetchall()
    connection.close()
    return found


def assert_one_line(result: Any, code: int, *parts: str) -> None:
    """Check the exit code and that one line on stderr says everything."""
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, result.stderr
    for part in parts:
        assert part in errors[0]


def campaign_file(root: Path) -> Path:
    """Return the sample's campaign.toml."""
    return root / "campaigns" / CAMPAIGN / "campaign.toml"


def break_toml(root: Path) -> None:
    """Forget a quote."""
    replace(root / "config.toml", 'name = "River Trust"', "name = River Trust")


def unknown_key(root: Path) -> None:
    """Mistype a key."""
    replace(campaign_file(root), "preheader =", "preheadr =")


def template_syntax(root: Path) -> None:
    """Forget to close a block in an own template."""
    (root / "templates" / "digest.html.j2").write_text("<p>\n{% if title %}\n</p>\n", encoding="utf-8")


def template_name(root: Path) -> None:
    """Ask for a template that does not exist."""
    replace(campaign_file(root), 'template = "digest"', 'template = "digset"')


def missing_picture(root: Path) -> None:
    """Delete a picture that a post names."""
    next((root / "posts").glob("*/*.jpg")).unlink()


def no_posts(root: Path) -> None:
    """Choose no posts."""
    text = campaign_file(root).read_text(encoding="utf-8")
    text = re.sub(r"(?m)^(newest|pinned|include|tags) *=.*$", "", text)
    campaign_file(root).write_text(text, encoding="utf-8")


def unknown_account(root: Path) -> None:
    """Name an account that config.toml does not have."""
    with campaign_file(root).open("a", encoding="utf-8") as file:
        file.write('\n[social.text]\n"foldr" = "Hello"\n')


def broken_post(root: Path) -> None:
    """Mistype a key in the front matter."""
    replace(next((root / "posts").glob("*/index.md")), "author:", "autor:")


@pytest.mark.parametrize(
    ("spoil", "code", "parts"),
    [
        (break_toml, 2, ("config.toml:", "not valid TOML")),
        (unknown_key, 2, ("campaign.toml:", "preheadr", "did you mean 'preheader'?")),
        (template_syntax, 3, ("digest.html.j2:",)),
        (template_name, 3, ("digset", "digest")),
        (missing_picture, 3, ("index.md", ".jpg")),
        (no_posts, 3, (CAMPAIGN, "no posts")),
        (unknown_account, 2, ("foldr",)),
        (broken_post, 3, ("index.md:", "autor", "author")),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_mistake_in_a_file_stops_the_send_before_anything_is_frozen(
    root: Path, spoil: Callable[[Path], None], code: int, parts: tuple[str, ...]
) -> None:
    """File and line, exit code 2 or 3, no delivery written."""
    spoil(root)

    assert_one_line(run(root, "send", CAMPAIGN, "--yes"), code, *parts)
    assert states(root) == []


def test_a_missing_secret_is_noticed_before_anything_is_frozen(root: Path) -> None:
    """The setting and the variable are named."""
    with (root / "config.toml").open("a", encoding="utf-8") as file:
        file.write(
            '\n[[social]]\nname = "toots"\ntype = "mastodon"\nserver = "https://social.example"\n'
            'token = { env = "RIVER_TOKEN_THAT_IS_NOT_SET" }\n'
        )

    assert_one_line(run(root, "send", CAMPAIGN, "--yes"), 2, "config.toml:", "RIVER_TOKEN_THAT_IS_NOT_SET")
    assert states(root) == []


def test_a_folder_that_cannot_be_written_is_named(root: Path) -> None:
    """A file stands where the editions should go."""
    (root / "out").write_text("in the way", encoding="utf-8")

    assert_one_line(run(root, "build", CAMPAIGN), 1, str(root / "out"))


def test_a_held_database_is_named_and_nothing_is_lost(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program writes to it for too long."""
    monkeypatch.setattr("newsletter.storage.database.open_database.__kwdefaults__", {"busy_timeout_s": 0.2})
    holder = sqlite3.connect(root / "newsletter.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    result = run(root, "send", CAMPAIGN, "--yes")
    holder.close()

    assert_one_line(result, 1, "newsletter.db", "another program holds the database")
    assert states(root) == []


def test_a_database_of_a_newer_program_is_left_alone(root: Path) -> None:
    """Exit code 2 and the way out."""
    with sqlite3.connect(root / "newsletter.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    assert_one_line(run(root, "send", CAMPAIGN, "--yes"), 2, "newsletter.db", "newer than this program")
    assert states(root) == []


def test_an_empty_audience_is_refused(root: Path) -> None:
    """The list is named; nothing is frozen."""
    replace(campaign_file(root), '"supporters"', '"supportes"')

    result = run(root, "send", CAMPAIGN, "--yes")

    assert result.exit_code == 5
    assert "supportes" in result.output
    assert "Traceback" not in result.output
    assert states(root) == []


def test_a_past_time_is_refused(root: Path) -> None:
    """What was understood is said in full."""
    result = run(root, "schedule", CAMPAIGN, "--at", "2020-01-01 09:00")

    assert_one_line(result, 2, "2020")


def test_a_dead_relay_loses_nobody(root: Path) -> None:
    """Every letter waits for a later try."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    _use_catcher(root / "config.toml", port)

    result = run(root, "send", CAMPAIGN, "--yes")

    assert result.exit_code == 4, result.output
    assert f"127.0.0.1:{port}" in result.output
    assert "Traceback" not in result.output
    assert sum(count for _, count in states(root)) == 26
    assert {state for state, _ in states(root)} <= {"pending", "deferred", "sent"}


def test_a_refused_login_pauses_the_edition_and_blames_nobody(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No letter is failed; once the password is right, resume sends them all."""
    monkeypatch.setenv("RIVER_PASSWORD", "wrong")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    accepted: set[bytes] = {b"right"}

    def check_login(_server: Any, _session: Any, _envelope: Any, _mechanism: str, login: Any) -> AuthResult:
        # handled=False lets the server answer 535 by itself.
        return AuthResult(success=login.password in accepted, handled=False)

    caught: list[str] = []

    class Catcher:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
            caught.extend(envelope.rcpt_tos)
            return "250 taken"

    controller = Controller(
        Catcher(), hostname="127.0.0.1", port=port, authenticator=check_login, auth_require_tls=False
    )
    controller.start()
    try:
        _use_catcher(root / "config.toml", port)
        replace(
            root / "config.toml",
            'tls = "none"',
            'tls = "none"\nusername = "news"\npassword = { env = "RIVER_PASSWORD" }',
        )
        refused = run(root, "send", CAMPAIGN, "--yes")
        after_refusal = dict(states(root))
        monkeypatch.setenv("RIVER_PASSWORD", "right")
        run(root, "resume", CAMPAIGN)
        again = run(root, "send", CAMPAIGN, "--yes")
    finally:
        controller.stop()

    assert refused.exit_code == 4, refused.output
    assert "login" in refused.output
    assert "Traceback" not in refused.output
    assert after_refusal["pending"] == 25
    assert again.exit_code == 0, again.output
    assert len(caught) == len(set(caught)) == 25


def test_a_full_disk_while_building_leaves_no_half_edition(root: Path) -> None:
    """The operating system refuses to write more than a few kilobytes to any file."""

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8_192, 8_192))

    command = [sys.executable, "-B", "-m", "newsletter", "-C", str(root), "build", CAMPAIGN]
    result = subprocess.run(
        command,
        preexec_fn=small_files,
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )

    assert result.returncode == 1, result.stderr
    assert result.stderr.startswith("error: ")
    assert str(root / "out") in result.stderr
    assert "Traceback" not in result.stderr
    assert list((root / "out").rglob("edition.json")) == []
