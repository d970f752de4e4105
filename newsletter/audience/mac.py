"""HMAC-SHA256 with the key's share of the work done once: a letter carries half a dozen of them."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_BLOCK_BYTES: Final = 64
_INNER: Final = bytes(octet ^ 0x36 for octet in range(256))
_OUTER: Final = bytes(octet ^ 0x5C for octet in range(256))


@lru_cache(maxsize=32)
def keyed(key: bytes) -> Callable[[bytes], bytes]:
    """Return what makes the HMAC-SHA256 of a message under this key (RFC 2104 section 2).

    The same bytes as `hmac.digest`, in less than half the time: that one hashes
    the key anew for every message.
    """
    block = (key if len(key) <= _BLOCK_BYTES else sha256(key).digest()).ljust(_BLOCK_BYTES, b"\0")
    inner, outer = sha256(block.translate(_INNER)), sha256(block.translate(_OUTER))

    def mac(message: bytes) -> bytes:
        begun, ended = inner.copy(), outer.copy()
        begun.update(message)
        ended.update(begun.digest())
        return ended.digest()

    return mac
