"""Content identifiers: the name that a record will have, known before it is sent.

See https://atproto.com/specs/data-model and https://ipld.io/specs/codecs/dag-cbor/spec/.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import Any, Final

_PREFIX: Final = bytes([0x01, 0x71, 0x12, 0x20])
"""Version 1, DAG-CBOR, SHA-256 of 32 bytes."""
_UINT, _BYTES, _TEXT, _LIST, _MAP, _TAG = 0, 2, 3, 4, 5, 6
_LINK_TAG: Final = 42


def cid_of(record: dict[str, Any]) -> str:
    """Return the CID of a record, as its repository will compute it.

    >>> cid_of({})
    'bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua'
    """
    digest = hashlib.sha256(encode(record)).digest()
    return "b" + base64.b32encode(_PREFIX + digest).decode().rstrip("=").lower()


def encode(value: Any) -> bytes:
    """Return a value in DAG-CBOR: texts, numbers from 0 on, lists, and maps; ``{"$link": cid}`` is a link.

    Raises:
        TypeError: no record of ours has such a value.
    """
    match value:
        case bool() | None:
            raise TypeError(f"{value!r} is in no record of ours")
        case int() if value >= 0:
            return _head(_UINT, value)
        case str():
            content = value.encode()
            return _head(_TEXT, len(content)) + content
        case list():
            return _head(_LIST, len(value)) + b"".join(map(encode, value))
        case {"$link": str(cid), **rest} if not rest:
            content = b"\0" + _decoded(cid)
            return _head(_TAG, _LINK_TAG) + _head(_BYTES, len(content)) + content
        case dict():
            # The order that the codec prescribes: shorter keys first.
            entries = sorted((len(key.encode()), key.encode(), key) for key in value)
            pairs = (encode(key) + encode(value[key]) for *_, key in entries)
            return _head(_MAP, len(value)) + b"".join(pairs)
    raise TypeError(f"{type(value).__name__} is in no record of ours")


def _head(kind: int, number: int) -> bytes:
    """Return the first bytes of a value, in the shortest form (RFC 8949 section 3)."""
    if number < 24:
        return bytes([kind << 5 | number])
    size = next(size for size in range(4) if number < 1 << (8 << size))
    return bytes([kind << 5 | 24 + size]) + struct.pack(">Q", number)[-(1 << size) :]


def _decoded(cid: str) -> bytes:
    """Return the bytes of a CID in base 32, the only form that records have."""
    letters = cid.removeprefix("b").upper()
    return base64.b32decode(letters + "=" * (-len(letters) % 8))
