"""Keys of a signing domain, its DNS, and dkimpy as the judge of signatures."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from newsletter.config import Dkim
from newsletter.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

DOMAIN = "rivertrust.example"


def pem(key: Any, passphrase: bytes = b"") -> bytes:
    """Return a private key as people keep it."""
    lock = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock))


class DomainKeys:
    """The keys of `DOMAIN` in files, and the records that the DNS has of them."""

    def __init__(self, folder: Path) -> None:
        """Make an RSA and an Ed25519 key."""
        rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        ed_key = ed25519.Ed25519PrivateKey.generate()
        self.rsa_file, self.ed_file = folder / "rsa.pem", folder / "ed.pem"
        self.rsa_file.write_bytes(pem(rsa_key))
        self.ed_file.write_bytes(pem(ed_key))
        der = rsa_key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        raw = ed_key.public_key().public_bytes_raw()
        self.dns = {
            f"autumn._domainkey.{DOMAIN}.".encode(): b"v=DKIM1; k=rsa; p=" + base64.b64encode(der),
            f"autumn-ed._domainkey.{DOMAIN}.".encode(): b"v=DKIM1; k=ed25519; p=" + base64.b64encode(raw),
        }

    @property
    def settings(self) -> Dkim:
        """Return ``[dkim]`` with both keys."""
        return Dkim(
            domain=DOMAIN,
            selector="autumn",
            key=Secret("file", str(self.rsa_file), where="config.toml:9 (dkim.key)"),
            ed25519_selector="autumn-ed",
            ed25519_key=Secret("file", str(self.ed_file), where="config.toml:11 (dkim.ed25519_key)"),
        )

    def verdicts(self, message: bytes) -> list[bool]:
        """Return whether each signature of a message holds, from the top."""
        count = message.partition(b"\r\n\r\n")[0].count(b"DKIM-Signature:")
        return [self._holds(message, number) for number in range(count)]

    def _holds(self, message: bytes, number: int) -> bool:
        try:
            return bool(dkim.DKIM(message, minkey=2048).verify(idx=number, dnsfunc=self._look_up))
        except dkim.DKIMException:
            return False

    def _look_up(self, name: bytes, timeout: int = 5) -> bytes | None:
        return self.dns.get(name)
