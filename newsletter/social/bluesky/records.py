"""The records of a thread, under keys that are the same on every attempt, wherever it is made.

See https://atproto.com/specs/tid and the lexicon app.bsky.feed.post.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from newsletter.social.base import Posting

COLLECTION: Final = "app.bsky.feed.post"
_URI: Final = re.compile(rf"at://(?P<did>did:[^/\s]+)/{re.escape(COLLECTION)}/(?P<rkey>[^/\s]+)")
_ALPHABET: Final = "234567abcdefghijklmnopqrstuvwxyz"
_TID_CHARS: Final = 13
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """Where a post stands."""

    did: str
    """The account."""
    rkey: str
    """Its key in the collection."""

    @property
    def uri(self) -> str:
        """Return the address of the record."""
        return f"at://{self.did}/{COLLECTION}/{self.rkey}"

    @property
    def url(self) -> str:
        """Return the page of the post; it stays when the account changes its handle."""
        return f"https://bsky.app/profile/{self.did}/post/{self.rkey}"

    @property
    def asked(self) -> dict[str, str]:
        """Return what names the record in a request."""
        return {"repo": self.did, "collection": COLLECTION, "rkey": self.rkey}


def place_of(did: str, posting: Posting, number: int) -> Place:
    """Return where a post of the thread belongs."""
    return Place(did, tid(_moment(posting, number), posting.identity(number)))


def place_at(uri: str) -> Place | None:
    """Return the place of a post that a receipt names, or None when it names none."""
    found = _URI.fullmatch(uri)
    return Place(found["did"], found["rkey"]) if found else None


def created_at(posting: Posting, number: int) -> str:
    """Return the time a post is dated: the posts of a thread a millisecond apart."""
    return _moment(posting, number).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def tid(moment: datetime, identity: str) -> str:
    """Return a key made of a whole millisecond and of 20 bits of an identity in hex.

    It is a TID: its microseconds and its clock identifier come from the identity.

    >>> tid(datetime(2026, 3, 2, 9, tzinfo=UTC), "0000000000000000")
    '3mg2vbwr32222'
    """
    inside = int(identity[:8], 16) % 1000
    since = (moment - _EPOCH) // timedelta(microseconds=1) + inside
    bits = since << 10 | int(identity[8:16], 16) % 1024
    return "".join(_ALPHABET[bits >> 5 * place & 31] for place in reversed(range(_TID_CHARS)))


def _moment(posting: Posting, number: int) -> datetime:
    at = posting.at.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000) + timedelta(milliseconds=number)
