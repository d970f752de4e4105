"""One rendered, frozen outcome of a campaign, as the later stages read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from newsletter.model import CallToAction, Snippet

Place = Literal["html", "link", "url", "text", "header"]
"""Where a slot stands, and so how its value is escaped; ``link`` is a whole address, ``url`` a bit of one."""


@dataclass(frozen=True)
class Slot:
    """A place in the compiled letter that differs per subscriber."""

    name: str
    """Name after ``merge.``: ``first_name``, ``unsubscribe_url``."""
    fallback: str
    """What stands there when the subscriber has no value."""
    place: Place
    """Where it stands."""


Pieces = tuple[str | Slot, ...]
"""Text with its slots, in order."""


@dataclass(frozen=True)
class CompiledLetter:
    """The whole MIME message as static bytes with slots between them.

    ``segments`` has one element more than ``slots``. See `newsletter.editions.compiled`
    for how it is made and filled.
    """

    segments: tuple[bytes, ...]
    """Static bytes: headers and parts, quoted-printable, CRLF."""
    slots: tuple[Slot, ...]
    """The slots between them, in order."""
    subject: Pieces = ()
    """The subject line in pieces; it is one slot of the message, because words are encoded together."""


@dataclass(frozen=True)
class Edition:
    """What was approved is byte for byte what is sent."""

    id: str
    """First 16 hex digits of the SHA-256 over everything that leaves."""
    campaign: str
    """Name of the campaign."""
    folder: Path
    """``out/<campaign>/<id>/``."""
    subject: str
    """Subject with the fallbacks merged."""
    preheader: str
    """Preheader with the fallbacks merged."""
    sender: str
    """From line."""
    reply_to: str
    """Reply-To line; empty for none."""
    language: str
    """BCP 47."""
    date: date
    """Date printed on the edition."""
    lists: tuple[str, ...]
    """Names of the lists it goes to."""
    posts: tuple[str, ...]
    """Slugs it carries, in order."""
    call_to_action: CallToAction | None
    """The one ask, with UTM parameters in its address."""
    html: str
    """HTML part with the fallbacks merged: what a subscriber without a name gets."""
    text: str
    """Text part with the fallbacks merged."""
    letter: CompiledLetter
    """The message to fill."""
    snippets: tuple[Snippet, ...]
    """One per social account."""
    images: tuple[str, ...]
    """File names in ``folder/images/``."""


def sample_values(public_url: str) -> Mapping[str, str]:
    """Return the values of a letter to nobody in particular: for the frozen files, checks and previews."""
    return {
        "email": "reader@example.org",
        "unsubscribe_url": f"{public_url}/u/sample",
        "preferences_url": f"{public_url}/p/sample",
        "view_url": f"{public_url}/v/sample",
    }
