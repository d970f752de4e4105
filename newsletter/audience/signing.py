"""Links in sent mail: a token names a delivery and a purpose, and nobody else can make one.

A token is 16 bytes of HMAC-SHA256 and the number of the delivery, base64url.
Every purpose has its own key, derived from the installation's, so that a link
to look at a letter can never unsubscribe. There is no address in it, and it
never expires: laws ask for links that work 30 to 60 days, readers for longer.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import select

from newsletter.audience.mac import keyed
from newsletter.storage.tables import install
from newsletter.storage.writing import insert_or_skip

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection

Purpose = Literal["unsubscribe", "preferences", "view", "bounce"]
"""What a link may do; ``bounce`` stands in the address that undeliverable mail comes back to."""

KEY_BYTES: Final = 32
_MAC_BYTES: Final = 16
_ID_BYTES: Final = 8
_TOKEN_CHARACTERS: Final = 32
"""24 bytes fill base64 without padding, so that a token has one spelling only."""


def signing_key(connection: Connection, now: datetime) -> bytes:
    """Return the installation's key, made at the first call; needs a connection that writes."""
    found = known_signing_key(connection)
    if found is None:
        fresh = {"id": 1, "signing_key": secrets.token_bytes(KEY_BYTES), "created_at": now}
        connection.execute(insert_or_skip(connection, install), fresh)
        # Another program may have been first; the row that stands is the key.
        found = known_signing_key(connection)
        assert found is not None
    return found


def known_signing_key(connection: Connection) -> bytes | None:
    """Return the installation's key, or None while nothing has been signed; changes nothing."""
    found: bytes | None = connection.execute(select(install.c.signing_key)).scalar()
    return found


def seal(key: bytes, purpose: Purpose, delivery_id: int) -> bytes:
    """Return the 24 bytes of a token: a MAC and the number of the delivery."""
    number = delivery_id.to_bytes(_ID_BYTES)
    return _signer(key, purpose)(number)[:_MAC_BYTES] + number


def unseal(key: bytes, purpose: Purpose, sealed: bytes) -> int | None:
    """Return the delivery that the bytes of a token name; None unless made here for this purpose."""
    if len(sealed) != _MAC_BYTES + _ID_BYTES:
        return None
    mac, number = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
    right = _signer(key, purpose)(number)[:_MAC_BYTES]
    return int.from_bytes(number) if hmac.compare_digest(mac, right) else None


def token(key: bytes, purpose: Purpose, delivery_id: int) -> str:
    """Return the token of one delivery for one purpose, 32 characters of ``[A-Za-z0-9_-]``."""
    return base64.urlsafe_b64encode(seal(key, purpose, delivery_id)).decode()


def read(key: bytes, purpose: Purpose, written: str) -> int | None:
    """Return the delivery that a token names; None for one that was not made here for this purpose."""
    if len(written) != _TOKEN_CHARACTERS:
        return None
    try:
        sealed = base64.b64decode(written.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    return unseal(key, purpose, sealed)


@lru_cache(maxsize=16)
def _signer(key: bytes, purpose: Purpose) -> Callable[[bytes], bytes]:
    return keyed(hmac.digest(key, f"newsletter link: {purpose}".encode(), "sha256"))
