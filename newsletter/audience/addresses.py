"""An address as a person wrote it becomes the one for the envelope and the key that finds it again."""

from __future__ import annotations

import re
from dataclasses import dataclass

from newsletter.errors import ContentError

_PLAIN = re.compile(
    r"(?=.{6,254}\Z)[A-Za-z0-9_+-]{1,64}(?:\.[A-Za-z0-9_+-]{1,64})*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9]|-(?!-)){0,62}\.)+(?P<top>[A-Za-z]{2,63})\Z"
)
"""Addresses that need no second look; everything else goes to the library, far slower."""

_SPECIAL = frozenset({"arpa", "invalid", "local", "localhost", "onion", "test"})
"""Top-level names that no mail can reach (RFC 6761); the library says so in its own words."""

_LOCAL_MAX = 64


@dataclass(frozen=True)
class Address:
    """One mailbox, in the two forms the product uses."""

    email: str
    """For the envelope: the local part as written, the domain in lower case and ASCII."""
    key: str
    """Lower case; two spellings of one mailbox have the same key."""


def normalise(written: str) -> Address:
    """Return the mailbox that ``written`` names; nothing is looked up in the DNS.

    >>> normalise(" Ana@Rivière.example ")
    Address(email='Ana@xn--rivire-6ua.example', key='ana@xn--rivire-6ua.example')

    Raises:
        ContentError: it is not an address, with the reason.
    """
    written = written.strip()
    if _is_plain(written):
        local, _, domain = written.rpartition("@")
        email = f"{local}@{domain.lower()}"
        return Address(email, email.lower())
    from email_validator import EmailNotValidError, validate_email

    try:
        # strict: servers refuse a local part of more than 64 octets (RFC 5321, 4.5.3.1.1).
        found = validate_email(written, check_deliverability=False, strict=True)
    except EmailNotValidError as error:
        raise ContentError(_reason(written, str(error))) from None
    email = f"{found.local_part}@{found.ascii_domain}"
    return Address(email, email.lower())


def key_of(written: str) -> str:
    """Return the key of an address, also of one that would not be accepted today."""
    try:
        return normalise(written).key
    except ContentError:
        return written.strip().lower()


def _is_plain(written: str) -> bool:
    match = _PLAIN.match(written)
    if not match or match["top"].lower() in _SPECIAL:
        return False
    local, _, domain = written.rpartition("@")
    return len(local) <= _LOCAL_MAX and "-." not in domain


def _reason(written: str, why: str) -> str:
    if not written:
        return "there is no address"
    shown = written if len(written) <= 80 else f"{written[:77]}…"
    return f"{shown!r} is not an address: {why[0].lower()}{why[1:]}".rstrip(".")
