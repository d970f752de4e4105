"""The way to a mail server: encryption, login, and what stands in the way."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from newsletter import config
from newsletter.adapters import transports
from newsletter.errors import ConfigError, DeliveryError, RefusedSenderError, TransientError
from newsletter.mail.smtp import Smtp
from newsletter.model import Receipt
from newsletter.secret import Secret
from newsletter.workspace import Workspace
from tests.mail.relay import Relay
from tests.mail.windows import kinds, letter, people, send, transport

if TYPE_CHECKING:
    from pathlib import Path

    import trustme


def test_a_dead_relay_is_named() -> None:
    """Refused connections can pass."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    with pytest.raises(TransientError) as caught:
        Smtp("main", "127.0.0.1", port, "none").connect()
    assert f"127.0.0.1:{port}" in str(caught.value)
    assert "refused" in str(caught.value)


def test_starttls_encrypts_and_logs_in(certified: ssl.SSLContext, ca_file: Path, tmp_path: Path) -> None:
    """The certificate is checked against the authority that was named."""
    (tmp_path / "password").write_text("river", encoding="utf-8")
    with Relay(tls_context=certified, require_starttls=True, auth_required=True) as relay:
        (outcome,) = send(
            relay,
            letter(),
            host="localhost",
            tls="starttls",
            ca_file=ca_file,
            username="news",
            password=Secret("file", "password", folder=tmp_path),
        )

    assert isinstance(outcome, Receipt)
    assert relay.logins == [(b"news", b"river")]


def test_tls_from_the_start_works(certified: ssl.SSLContext, ca_file: Path) -> None:
    """Port 465."""
    with Relay(implicit_tls=certified) as relay:
        outcomes = send(relay, *people(2), host="localhost", tls="tls", ca_file=ca_file)

    assert kinds(outcomes) == [Receipt, Receipt]


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_certificate_of_a_stranger_is_refused(certified: ssl.SSLContext, tls: str) -> None:
    """Without the authority's file the machine's own list counts; the letter stays here."""
    options: dict[str, Any] = {"tls_context": certified} if tls == "starttls" else {"implicit_tls": certified}
    with Relay(**options) as relay, pytest.raises(RefusedSenderError, match="cannot be trusted") as caught:
        send(relay, letter(), host="localhost", tls=tls)

    assert "localhost" in caught.value.where
    assert relay.received == []


def test_a_certificate_for_another_name_is_refused(authority: trustme.CA, ca_file: Path) -> None:
    """A good certificate of the wrong server."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("elsewhere.example").configure_cert(context)
    with Relay(tls_context=context) as relay, pytest.raises(RefusedSenderError, match="cannot be trusted"):
        send(relay, letter(), host="localhost", tls="starttls", ca_file=ca_file)

    assert relay.received == []


def test_an_expired_certificate_is_refused(authority: trustme.CA, ca_file: Path) -> None:
    """By the right server, a day too late."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    authority.issue_cert("localhost", not_after=yesterday).configure_cert(context)
    with Relay(tls_context=context) as relay, pytest.raises(RefusedSenderError, match="expired") as caught:
        send(relay, letter(), host="localhost", tls="starttls", ca_file=ca_file)

    assert caught.value.code == "TLS"
    assert relay.received == []


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("454 TLS not available due to temporary reason", TransientError),
        ("501 no", RefusedSenderError),
        ("hang up", TransientError),
        ("220 go on\r\nthis is no encryption", RefusedSenderError),
        # Words slipped in by somebody on the way, to be taken for an answer behind the encryption.
        ("220 go on\r\n250-relay.example\r\n250 AUTH PLAIN", RefusedSenderError),
    ],
)
def test_starttls_that_breaks_gives_nothing_away(
    certified: ssl.SSLContext, ca_file: Path, reply: str, kind: type[DeliveryError]
) -> None:
    """It was offered, and then it does not work: no way back to the open."""
    with Relay(tls_context=certified) as relay:
        relay.script["STARTTLS", ""] = [reply]
        with pytest.raises(kind) as caught:
            send(relay, letter(), host="localhost", tls="starttls", ca_file=ca_file)

    assert type(caught.value) is kind
    assert "localhost" in caught.value.where
    assert relay.received == []


@pytest.mark.parametrize("step", ["CONNECT", "EHLO"])
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("421 4.3.2 too busy", TransientError),
        ("554 5.7.1 you are not welcome", RefusedSenderError),
        ("hang up", TransientError),
        ("close", TransientError),
        ("silence", TransientError),
        ("HTTP/1.1 400 Bad Request", TransientError),
        ("x" * 100_000, TransientError),
    ],
)
def test_a_server_that_misbehaves_at_the_door_is_named(
    relay: Relay, step: str, reply: str, kind: type[DeliveryError]
) -> None:
    """It never answers, closes at once, talks rubbish, or sends us away."""
    relay.always[step, ""] = reply

    with pytest.raises(kind) as caught:
        transport(relay, timeout_s=0.3).connect()
    assert type(caught.value) is kind
    assert f"127.0.0.1:{relay.port}" in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("535 5.7.8 wrong", RefusedSenderError),
        ("534 5.7.9 mechanism too weak", RefusedSenderError),
        ("454 4.7.0 temporary authentication failure", TransientError),
        ("432 4.7.12 a password transition is needed", TransientError),
        ("hang up", TransientError),
    ],
)
def test_a_login_that_fails_is_told_from_one_that_fails_for_now(
    relay: Relay, tmp_path: Path, reply: str, kind: type[DeliveryError]
) -> None:
    """A wrong password needs a person; a busy server needs time."""
    (tmp_path / "password").write_text("river", encoding="utf-8")
    relay.script["AUTH", ""] = [reply]

    with pytest.raises(kind) as caught:
        transport(relay, username="news", password=Secret("file", "password", folder=tmp_path)).connect()
    assert type(caught.value) is kind
    assert len(relay.logins) == 1


def test_a_check_says_who_answers_and_what_is_offered(
    certified: ssl.SSLContext, ca_file: Path, tmp_path: Path
) -> None:
    """After logging in; nothing is sent."""
    (tmp_path / "password").write_text("river", encoding="utf-8")
    secret = Secret("file", "password", folder=tmp_path)
    with Relay(tls_context=certified, auth_required=True) as relay:
        encrypted = {"host": "localhost", "tls": "starttls", "ca_file": ca_file}
        full = transport(relay, **encrypted, username="news", password=secret).check()
    with Relay(pipelining=False, eight_bit=False, data_size_limit=0) as plain:
        least = transport(plain).check()

    assert full == (
        "relay.example answers, TLSv1.3, logged in as news; "
        "offers PIPELINING, 8BITMIME, letters up to 33554432 bytes"
    )
    assert least == "relay.example answers, not encrypted, no login; offers nothing"
    assert relay.received == []


def test_a_server_without_starttls_gets_nothing(relay: Relay, tmp_path: Path) -> None:
    """There is no way back to plaintext, least of all for a password."""
    (tmp_path / "password").write_text("river", encoding="utf-8")
    secret = Secret("file", "password", folder=tmp_path)

    with pytest.raises(RefusedSenderError, match="does not offer STARTTLS"):
        send(relay, letter(), tls="starttls", username="news", password=secret)
    assert relay.received == []
    assert relay.logins == []


def test_a_refused_login_is_tried_once(certified: ssl.SSLContext, ca_file: Path, tmp_path: Path) -> None:
    """More tries lock accounts; the password is in no message."""
    (tmp_path / "password").write_text("wrong-horse", encoding="utf-8")
    secret = Secret("file", "password", folder=tmp_path)
    with (
        Relay(tls_context=certified, auth_required=True) as relay,
        pytest.raises(RefusedSenderError, match="login as news was refused: 535") as caught,
    ):
        send(
            relay,
            letter(),
            host="localhost",
            tls="starttls",
            ca_file=ca_file,
            username="news",
            password=secret,
        )

    assert len(relay.logins) == 1
    assert "wrong-horse" not in str(caught.value)
    assert caught.value.code == "535"


def test_a_missing_certificate_file_is_named(relay: Relay, tmp_path: Path) -> None:
    """Not the server's fault."""
    with pytest.raises(RefusedSenderError, match="ca_file"):
        send(relay, letter(), tls="tls", ca_file=tmp_path / "nothing.pem")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('host = "mail.example"\nusername = "news"', "belong together"),
        ('host = "mail.example"\ntls = "none"\nusername = "news"\npassword = { env = "X" }', "in the open"),
        ('host = "mail.example"\nport = 70000', "port 70000"),
        ('host = "mail.example"\nconnections = 0', "connections must be more than 0"),
        ('host = "mail.example"\npassword = "river"', "a secret is not written here"),
        ('host = "mail.example"\ntls = "ssl"', "'ssl' is not one of"),
        ('hots = "mail.example"', "did you mean 'host'"),
    ],
)
def test_a_mistake_in_the_settings_is_explained(tmp_path: Path, lines: str, message: str) -> None:
    """With file and line."""
    head = (
        '[organisation]\nname = "River Trust"\nsender = "news@rivertrust.example"\npostal_address = "1"\n'
        'public_url = "https://news.rivertrust.example"\n[[mail]]\nname = "main"\ntype = "smtp"\n'
    )
    (tmp_path / "config.toml").write_text(head + lines + "\n", encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        transports(config.load(Workspace(tmp_path)))
    assert message in str(caught.value)
    assert "config.toml:" in str(caught.value)
