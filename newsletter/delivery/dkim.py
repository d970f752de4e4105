"""Sign letters with DKIM (RFC 6376): RSA-SHA256, and Ed25519 as a second signature (RFC 8463).

Both canonicalisations are ``relaxed``; the body is covered whole, without ``l=``.
A letter of ours has CRLF line ends and no comments around its fields, which
keeps this short.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from newsletter.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from newsletter.config import Dkim

Sign = Callable[[bytes], bytes]
"""Canonical header → signature."""

LEAST_RSA_BITS: Final = 2048
"""RFC 8301 section 3.2 asks signers for as much; mail providers stop trusting 1024."""

SIGNED: Final = (
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "mime-version",
    "content-type",
    "content-language",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "feedback-id",
)
"""Fields a signature covers where a letter has them; RFC 8058 section 4 asks for both of List-Unsubscribe."""

_BLANKS = re.compile(rb"[ \t]+")
_LINE_CHARS: Final = 72


class Signer:
    """Puts the signatures of a domain on top of letters; threads may share it."""

    def __init__(
        self, domain: str, keys: Collection[tuple[str, str, Sign]], *, unsigned: Collection[str] = ()
    ) -> None:
        """Sign for a domain with keys of the form (algorithm, selector, sign).

        ``unsigned`` are header fields, lower case, to leave out of `SIGNED`.
        """
        self._domain = domain
        self._keys = tuple(keys)
        self._signed = tuple(name for name in SIGNED if name not in unsigned)

    def sign(self, message: bytes, now: datetime) -> bytes:
        """Return the message with one DKIM-Signature field per key above its header.

        The message has CRLF line ends only and no field of the same name twice.
        """
        head, _, body = message.partition(b"\r\n\r\n")
        fields = dict(_canonical_fields(head))
        names = [name for name in self._signed if name in fields]
        covered = b"".join(fields[name] + b"\r\n" for name in names)
        digest = base64.b64encode(hashlib.sha256(_canonical_body(body)).digest()).decode()
        # From once more than it is there: a second one, added on the way, breaks the signature.
        listed = _list_of([*names, "from"])
        signatures = []
        for algorithm, selector, sign in self._keys:
            field = (
                f"v=1; a={algorithm}; c=relaxed/relaxed;\r\n d={self._domain}; s={selector};"
                f" t={int(now.timestamp())};\r\n h={listed};\r\n bh={digest};\r\n b="
            )
            unfolded = field.replace("\r\n ", " ").encode()
            signature = base64.b64encode(sign(covered + b"dkim-signature:" + unfolded)).decode()
            signatures.append(f"DKIM-Signature: {field}{_folded(signature)}\r\n".encode())
        return b"".join([*signatures, message])


def signer_of(settings: Dkim | None, *, unsigned: Collection[str] = ()) -> Signer | None:
    """Return the signer that ``[dkim]`` of config.toml describes; None without that table.

    ``unsigned`` are header fields that the transport writes anew, lower case.

    Raises:
        ConfigError: a key cannot be read or used, or the package for it is missing.
    """
    if settings is None:
        return None
    where = settings.key.where
    keys = [("rsa-sha256", settings.selector, _rsa(_pem(settings.key.reveal()), where))]
    if settings.ed25519_key is not None:
        where, pem = settings.ed25519_key.where, _pem(settings.ed25519_key.reveal())
        keys.append(("ed25519-sha256", settings.ed25519_selector, _ed25519(pem, where)))
    return Signer(settings.domain.lower(), keys, unsigned=unsigned)


@lru_cache(maxsize=4)
def _rsa(pem: bytes, where: str) -> Sign:
    key = _private_key(pem, where)
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    if not isinstance(key, RSAPrivateKey):
        raise ConfigError("this is not an RSA key; make one with: openssl genrsa 2048", where=where)
    if key.key_size < LEAST_RSA_BITS:
        why = f"this key has {key.key_size} bits, too few to be trusted; make one with: openssl genrsa 2048"
        raise ConfigError(why, where=where)
    padding, sha256 = PKCS1v15(), hashes.SHA256()
    return lambda signed: key.sign(signed, padding, sha256)


@lru_cache(maxsize=4)
def _ed25519(pem: bytes, where: str) -> Sign:
    key = _private_key(pem, where)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not isinstance(key, Ed25519PrivateKey):
        why = "this is not an Ed25519 key; make one with: openssl genpkey -algorithm ed25519"
        raise ConfigError(why, where=where)
    return lambda signed: key.sign(hashlib.sha256(signed).digest())


def _private_key(pem: bytes, where: str) -> object:
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError:
        why = "signing needs cryptography; install it with: pip install 'newsletter-studio[dkim]'"
        raise ConfigError(why, where=where) from None
    try:
        return load_pem_private_key(pem, password=None)
    except TypeError:
        why = "this key has a passphrase; write it without one: openssl pkey -in OLD -out NEW"
        raise ConfigError(why, where=where) from None
    except (ValueError, UnsupportedAlgorithm):
        why = "this is not a private key in PEM (a text that starts with -----BEGIN PRIVATE KEY-----)"
        raise ConfigError(why, where=where) from None


def _pem(text: str) -> bytes:
    r"""Return a key as PEM; an environment variable often holds ``\n`` where lines end."""
    return text.replace("\\n", "\n").encode()


def _canonical_fields(head: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield lower-case name and relaxed form of every field (RFC 6376 section 3.4.2)."""
    unfolded = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    for line in _BLANKS.sub(b" ", unfolded).split(b"\r\n"):
        name, _, value = line.partition(b":")
        name = name.rstrip().lower()
        yield name.decode(), name + b":" + value.strip(b" ")


def _canonical_body(body: bytes) -> bytes:
    """Return the relaxed form of a body (RFC 6376 section 3.4.4)."""
    # A regular expression takes ten times as long as replacing a few times over.
    body = body.replace(b"\t", b" ")
    while b"  " in body:
        body = body.replace(b"  ", b" ")
    body = body.replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    return body + b"\r\n" if body else b""


def _list_of(names: list[str]) -> str:
    """Return the value of ``h=``, on lines that are short enough."""
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) >= _LINE_CHARS:
            lines.append("")
        lines[-1] += f"{name}:"
    return "\r\n ".join(lines)[:-1]


def _folded(signature: str) -> str:
    return "\r\n ".join(signature[at : at + _LINE_CHARS] for at in range(0, len(signature), _LINE_CHARS))
