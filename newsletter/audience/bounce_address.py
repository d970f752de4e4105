"""The address that undeliverable mail comes back to: each letter has its own, so a bounce names its delivery.

Variable envelope return paths, as D. J. Bernstein describes them:
https://cr.yp.to/proto/verp.txt
"""

from __future__ import annotations

from newsletter.audience import signing


def bounce_address(base: str, key: bytes, delivery_id: int) -> str:
    """Return the envelope sender of one delivery, ``bounces+<token>@news.example``.

    ``base`` is the address without the token, ``bounces@news.example``. The token
    is written in hexadecimal, because mail servers on the way may change capitals.
    With a local part of at most 15 characters in ``base`` it stays within the 64
    octets of RFC 5321 section 4.5.3.1.1.
    """
    local, _, domain = base.rpartition("@")
    return f"{local}+{signing.seal(key, 'bounce', delivery_id).hex()}@{domain}"


def read_bounce_address(address: str, key: bytes) -> int | None:
    """Return the delivery that a `bounce_address` names; None for any other address.

    Angle brackets may stand around it. The domain is not looked at.
    """
    local, _, _ = address.strip().strip("<>").rpartition("@")
    try:
        sealed = bytes.fromhex(local.rpartition("+")[2])
    except ValueError:
        return None
    return signing.unseal(key, "bounce", sealed)
