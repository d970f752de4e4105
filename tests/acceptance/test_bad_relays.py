"""Mail servers and services on a bad day: a clear line, the right state per delivery, nothing lost."""

from __future__ import annotations

import json
import ssl
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from click.testing import CliRunner
from sqlalchemy import text

from newsletter.app import open_app
from newsletter.cli.main import main
from tests.mail.fake_postmark import FakePostmark
from tests.mail.relay import Relay

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CAMPAIGN = "autumn-digest"
FOLDER = 'name = "outbox-folder"\ntype = "folder"\npath = "out/sent"'
SMTP = """\
name = "relay"
type = "smtp"
host = "127.0.0.1"
port = {port}
tls = "{tls}"
timeout_s = {timeout_s}
reply_timeout_s = {timeout_s}
"""


def run(root: Path, *words: str) -> Any:
    """Run a command and return click's result."""
    return CliRunner().invoke(main, ["-C", str(root), *words])


def send_through(root: Path, settings: str) -> Any:
    """Send the sample campaign to five readers with these settings of the transport."""
    CliRunner().invoke(main, ["init", str(root)])
    config = root / "config.toml"
    words = config.read_text(encoding="utf-8")
    assert FOLDER in words
    config.write_text(words.replace(FOLDER, settings), encoding="utf-8")
    people = root / "five.csv"
    readers = "\n".join(f"reader{number}@example.org" for number in range(5))
    people.write_text(f"email\n{readers}\n", encoding="utf-8")
    run(root, "audience", "import", str(people), "--list", "supporters", "--basis", "consent")
    return run(root, "send", CAMPAIGN, "--yes")


def deliveries(root: Path) -> dict[str, dict[str, Any]]:
    """Return what ``outbox list`` says, by recipient."""
    rows = json.loads(run(root, "outbox", "list", "--json").stdout)
    return {row["recipient"]: row for row in rows if row["channel"] != "folder"}


def states(root: Path) -> Counter[str]:
    """Return how many letters are in each state; all of them are there."""
    found = Counter(row["state"] for row in deliveries(root).values())
    assert found.total() == 5
    return found


def assert_told(result: Any, *words: str) -> None:
    """Check exit code 4 and that a person is told, without a traceback."""
    assert result.exit_code == 4, result.output
    assert "Traceback" not in result.output
    for word in words:
        assert word in result.output


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("silence", "timed out"),
        ("hello there", "words that are no reply"),
        ("close", "closed"),
        ("drop", "127.0.0.1"),
    ],
)
def test_a_server_that_does_not_greet_takes_nothing_and_loses_nothing(
    tmp_path: Path, reply: str, words: str
) -> None:
    """It never answers, talks nonsense, hangs up; then it is well again."""
    with Relay() as relay:
        relay.always["CONNECT", "*"] = reply
        result = send_through(tmp_path, SMTP.format(port=relay.port, tls="none", timeout_s=0.5))
        assert_told(result, "relay: 127.0.0.1", words, "have not left yet")
        assert states(tmp_path) == {"pending": 5}
        relay.always.clear()
        assert run(tmp_path, "send", CAMPAIGN).exit_code == 0

        assert set(relay.tally().values()) == {1}
        assert states(tmp_path) == {"sent": 5}


def expired(authority: trustme.CA) -> trustme.LeafCert:
    """Return a certificate that is too old."""
    from datetime import UTC, datetime

    return authority.issue_cert("127.0.0.1", not_after=datetime(2020, 1, 1, tzinfo=UTC))


def for_another(authority: trustme.CA) -> trustme.LeafCert:
    """Return the certificate of somebody else."""
    return authority.issue_cert("mail.elsewhere.example")


@pytest.mark.parametrize(
    ("make", "words"), [(expired, "expired"), (for_another, "not valid for"), (None, "self-signed")]
)
def test_a_certificate_that_cannot_be_trusted_holds_the_edition(
    tmp_path: Path, make: Callable[[trustme.CA], trustme.LeafCert] | None, words: str
) -> None:
    """Not a byte of a letter travels in the open, and nobody is blamed."""
    authority = trustme.CA()
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    (make(authority) if make else trustme.CA().issue_cert("127.0.0.1")).configure_cert(context)
    with Relay(tls_context=context) as relay:
        settings = SMTP.format(port=relay.port, tls="starttls", timeout_s=5)
        result = send_through(tmp_path / "ws", settings + f'ca_file = "{tmp_path / "ca.pem"}"\n')

        assert_told(result, "cannot be trusted", "paused", "newsletter resume")
        assert words in result.output or make is None
        assert states(tmp_path / "ws") == {"pending": 5}
        assert relay.received == []


def test_a_revoked_key_of_a_mail_api_holds_the_edition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is ours, not a reader's; the key stays hidden."""
    monkeypatch.setenv("POSTMARK_TOKEN", "revoked-token-77")
    with FakePostmark() as api:
        settings = (
            f'name = "postmark"\ntype = "postmark"\ntoken = {{ env = "POSTMARK_TOKEN" }}\nurl = "{api.url}"\n'
        )
        result = send_through(tmp_path, settings)

    assert_told(result, "paused", "401")
    assert "revoked-token-77" not in result.output
    assert states(tmp_path) == {"pending": 5}


def test_an_address_that_a_server_cannot_carry_fails_alone(tmp_path: Path) -> None:
    """A local part beyond ASCII needs SMTPUTF8; everybody else gets the letter."""
    with Relay(enable_SMTPUTF8=False) as relay:
        settings = SMTP.format(port=relay.port, tls="none", timeout_s=5)
        send_through(tmp_path, settings + "per_day = 1\n")
        app = open_app(tmp_path)
        with app.database.write() as connection:
            later = (
                "UPDATE delivery SET recipient = 'josé@example.org' WHERE recipient = 'reader3@example.org'"
            )
            connection.execute(text(later))
        app.close()
        config = tmp_path / "config.toml"
        config.write_text(config.read_text(encoding="utf-8").replace("per_day = 1\n", ""), encoding="utf-8")
        result = run(tmp_path, "send", CAMPAIGN)

    assert_told(result, "1 failed")
    assert states(tmp_path) == {"sent": 4, "failed": 1}
    refused = deliveries(tmp_path)["josé@example.org"]
    assert "SMTPUTF8" in refused["reply"]


def test_a_database_that_is_full_stops_the_send_and_loses_nobody(tmp_path: Path) -> None:
    """What is on the wire is in doubt at most; with room again the rest leaves."""
    with Relay() as relay:
        settings = SMTP.format(port=relay.port, tls="none", timeout_s=5)
        send_through(tmp_path, settings + "per_day = 1\n")
        config = tmp_path / "config.toml"
        config.write_text(config.read_text(encoding="utf-8").replace("per_day = 1\n", ""), encoding="utf-8")
        app = open_app(tmp_path)
        with app.database.write() as connection:
            refuse = (
                "CREATE TRIGGER full BEFORE UPDATE ON delivery BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
            )
            connection.execute(text(refuse))
        app.close()
        result = run(tmp_path, "send", CAMPAIGN)
        assert result.exit_code == 1, result.output
        assert "the disk is full; free some space" in result.output
        assert states(tmp_path) == {"sent": 1, "pending": 4}
        app = open_app(tmp_path)
        with app.database.write() as connection:
            connection.execute(text("DROP TRIGGER full"))
        app.close()
        assert run(tmp_path, "send", CAMPAIGN).exit_code == 0

        assert set(relay.tally().values()) == {1}
        assert states(tmp_path) == {"sent": 5}
