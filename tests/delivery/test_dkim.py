"""Signatures of ours, judged by dkimpy."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter import config
from newsletter.delivery.dkim import Signer, signer_of
from newsletter.errors import ConfigError
from newsletter.secret import Secret
from newsletter.workspace import Workspace
from tests.delivery.domain_keys import DOMAIN, DomainKeys, pem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = datetime(2026, 10, 6, 7, 5, tzinfo=UTC)
MESSAGE = (
    b"From: River Trust <news@rivertrust.example>\r\n"
    b"To: Asha\r\n <asha@example.org>\r\n"
    b"Subject: The  otters \t are\r\n back \r\n"
    b"Date: Tue, 06 Oct 2026 07:05:00 +0000\r\n"
    b"Message-ID: <abc@rivertrust.example>\r\n"
    b"List-Unsubscribe: <https://news.rivertrust.example/u/t0ken>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"Precedence: bulk\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"\r\n"
    b"Dear  Asha,\t\tthey are back. \r\n\r\n  .\r\n\r\n\r\n"
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> DomainKeys:
    """Return the keys of the River Trust."""
    return DomainKeys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def signer(keys: DomainKeys) -> Signer:
    """Return what signs with both."""
    made = signer_of(keys.settings)
    assert made is not None
    return made


def tags(message: bytes) -> list[dict[str, str]]:
    """Return the tags of every signature, without blanks."""
    head = message.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").decode()
    fields = [line.partition(": ")[2] for line in head.split("\r\n") if line.startswith("DKIM-Signature")]
    return [
        {name.strip(): re.sub(r"\s", "", value) for name, _, value in (tag.partition("=") for tag in tags)}
        for tags in (field.split(";") for field in fields)
    ]


def test_both_signatures_hold(keys: DomainKeys, signer: Signer) -> None:
    """Blanks, folds and empty lines at the end included; the letter itself is unchanged."""
    signed = signer.sign(MESSAGE, NOW)

    assert keys.verdicts(signed) == [True, True]
    assert signed.endswith(MESSAGE)
    assert signed.startswith(b"DKIM-Signature: v=1; a=rsa-sha256;")
    assert max(map(len, signed.partition(b"\r\n\r\n")[0].split(b"\r\n"))) <= 78


def test_a_signature_says_what_receivers_ask_for(signer: Signer) -> None:
    """One-click fields are covered (RFC 8058), From once more than it is there, the body to its end."""
    first, second = tags(signer.sign(MESSAGE, NOW))

    assert (first["d"], first["s"], first["c"], first["t"]) == (
        DOMAIN,
        "autumn",
        "relaxed/relaxed",
        "1791270300",
    )
    assert first["h"] == (
        "from:to:subject:date:message-id:mime-version:content-type"
        ":list-unsubscribe:list-unsubscribe-post:from"
    )
    assert "l" not in first
    assert (second["a"], second["s"], second["h"]) == ("ed25519-sha256", "autumn-ed", first["h"])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"news@rivertrust", b"mews@rivertrust"),
        (b"Subject: The", b"Subject: See"),
        (b"/u/t0ken", b"/u/other"),
        (b"=One-Click", b"=Two-Clicks"),
        (b"they are back", b"they are gone"),
        (b"Precedence:", b"From: bank@example.org\r\nPrecedence:"),
        (b"MIME-Version: 1.0\r\n", b""),
    ],
)
def test_whatever_is_changed_on_the_way_breaks_both(
    keys: DomainKeys, signer: Signer, old: bytes, new: bytes
) -> None:
    """Fields, body, and a second From."""
    signed = signer.sign(MESSAGE, NOW)
    assert signed.count(old) == 1

    assert keys.verdicts(signed.replace(old, new)) == [False, False]


def test_what_mail_servers_may_do_breaks_nothing(keys: DomainKeys, signer: Signer) -> None:
    """Another fold, blanks at the end of lines, a Received field on top."""
    signed = signer.sign(MESSAGE, NOW)
    touched = signed.replace(b"back. \r\n", b"back.\r\n").replace(b"Asha\r\n <", b"Asha <")

    assert keys.verdicts(b"Received: from x by y\r\n" + touched) == [True, True]


@settings(max_examples=150, deadline=None)
@given(
    body=st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"x", b"=20", b".", b"  y"]), max_size=30).map(
        b"".join
    ),
    subject=st.text("aZ :;=\t", max_size=60),
)
def test_any_body_and_field_is_read_as_others_read_it(
    keys: DomainKeys, signer: Signer, body: bytes, subject: str
) -> None:
    """Blanks and empty lines in every order, empty bodies too."""
    head = b"From: a@rivertrust.example\r\nSubject:" + subject.encode()

    assert keys.verdicts(signer.sign(head + b"\r\n\r\n" + body, NOW)) == [True, True]


def test_fields_that_a_service_writes_anew_are_not_covered(keys: DomainKeys) -> None:
    """A signature over them would break on the way."""
    signer = signer_of(keys.settings, unsigned={"date", "message-id"})
    assert signer is not None
    signed = signer.sign(MESSAGE, NOW)
    changed = signed.replace(b"07:05:00", b"07:06:11").replace(b"<abc@", b"<xyz@")

    assert keys.verdicts(changed) == [True, True]


def test_one_key_makes_one_signature_and_no_table_none(keys: DomainKeys) -> None:
    """Ed25519 is extra: not every receiver knows it."""
    alone = signer_of(replace(keys.settings, ed25519_selector="", ed25519_key=None))

    assert alone is not None
    assert keys.verdicts(alone.sign(MESSAGE, NOW)) == [True]
    assert signer_of(None) is None


def test_a_key_may_come_from_the_environment(keys: DomainKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    r"""Where line ends are often written as \n."""
    monkeypatch.setenv("DKIM_KEY", keys.rsa_file.read_text(encoding="ascii").replace("\n", "\\n"))
    signer = signer_of(replace(keys.settings, key=Secret("env", "DKIM_KEY")))

    assert signer is not None
    assert keys.verdicts(signer.sign(MESSAGE, NOW)) == [True, True]


def short() -> bytes:
    """Return an RSA key that receivers do not trust."""
    return pem(rsa.generate_private_key(65537, 1024))  # noqa: S505 - it is refused


def locked() -> bytes:
    """Return a key that nobody is there to unlock."""
    return pem(rsa.generate_private_key(65537, 2048), b"passphrase")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (lambda: b"not a key", "this is not a private key in PEM"),
        (lambda: b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "not a private key in PEM"),
        (short, "this key has 1024 bits, too few to be trusted"),
        (locked, "this key has a passphrase"),
    ],
    ids=["text", "broken", "short", "locked"],
)
def test_a_key_that_cannot_sign_is_refused_in_one_line(
    keys: DomainKeys, tmp_path: Path, content: Callable[[], bytes], why: str
) -> None:
    """With the setting's place and what to do."""
    (tmp_path / "key.pem").write_bytes(content())
    bad = Secret("file", str(tmp_path / "key.pem"), where="config.toml:9 (dkim.key)")

    with pytest.raises(ConfigError) as caught:
        signer_of(replace(keys.settings, key=bad))

    assert str(caught.value).startswith("config.toml:9 (dkim.key): ")
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_keys_in_each_other_s_place_are_refused(keys: DomainKeys) -> None:
    """Each says which kind it wants."""
    settings = keys.settings
    assert settings.ed25519_key is not None

    with pytest.raises(ConfigError, match="not an RSA key"):
        signer_of(replace(settings, key=settings.ed25519_key))
    with pytest.raises(ConfigError, match="not an Ed25519 key"):
        signer_of(replace(settings, ed25519_key=settings.key))


def test_without_the_package_the_extra_is_named(keys: DomainKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signing is not part of the plain installation."""
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    # A key that was loaded before is kept, by its text and place.
    fresh = Secret("file", str(keys.rsa_file), where="config.toml:90 (dkim.key)")

    with pytest.raises(ConfigError, match=r"pip install 'newsletter-studio\[dkim\]'"):
        signer_of(replace(keys.settings, key=fresh))


CONFIG = """\
[organisation]
name = "River Trust"
sender = "River Trust <news@rivertrust.example>"
postal_address = "1 Quay Street, Bristol"
public_url = "https://news.rivertrust.example"

[dkim]
domain = "RiverTrust.example"
selector = "autumn"
key = { file = "rsa.pem" }
"""
ED25519 = 'ed25519_selector = "autumn-ed"\ned25519_key = { file = "ed.pem" }\n'


def load(folder: Path, text: str) -> config.Config:
    """Write and load a config.toml."""
    (folder / "config.toml").write_text(text, encoding="utf-8")
    return config.load(Workspace(folder)).config


def test_the_keys_of_config_toml_sign(keys: DomainKeys) -> None:
    """Files start at the workspace; the domain is written in lower case."""
    loaded = load(keys.rsa_file.parent, CONFIG + ED25519)
    signer = signer_of(loaded.dkim)

    assert signer is not None
    assert keys.verdicts(signer.sign(MESSAGE, NOW)) == [True, True]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (
            '"RiverTrust.example"',
            '"rivertrust"',
            r"config\.toml:8 \(dkim\.domain\): 'rivertrust' is not a domain",
        ),
        ('"RiverTrust.example"', '"a b.example"', "is not a domain"),
        ('"autumn"', '"autumn key"', "cannot stand in the DNS"),
        ('"autumn"', '""', "cannot stand in the DNS"),
        ('"autumn-ed"', '"Autumn"', "a selector each"),
        ('"autumn-ed"', '"-"', "cannot stand in the DNS"),
        ('"autumn-ed"', '""', "belong together"),
        ('{ file = "rsa.pem" }', '"MIIEv"', "a secret is not written here"),
        ("selector", "selektor", "did you mean 'selector'"),
    ],
)
def test_mistakes_in_the_table_are_named(tmp_path: Path, old: str, new: str, why: str) -> None:
    """With key and line."""
    with pytest.raises(ConfigError, match=why):
        load(tmp_path, (CONFIG + ED25519).replace(old, new, 1))


@pytest.mark.parametrize(
    "address",
    ["bounces", "News <bounces@news.example>", "a-name-too-long-for-it@news.example", "b+c@news.example"],
)
def test_a_bounce_address_must_leave_room_for_its_token(tmp_path: Path, address: str) -> None:
    """A local part has 64 octets at most."""
    with pytest.raises(ConfigError, match=r"sending\.bounce_address\): write a bare address"):
        load(tmp_path, f'{CONFIG}[sending]\nbounce_address = "{address}"\n')
