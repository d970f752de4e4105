"""The nouns of the product, frozen. Words as in docs/reference/glossary.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from datetime import date, datetime
    from pathlib import Path


@dataclass(frozen=True)
class CallToAction:
    """What a reader is asked to do."""

    # Config files state it too; an unknown key there is a mistake.
    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid"}

    question: str
    """The ask: "Can you help end the conditions that cause modern slavery?"."""
    label: str = ""
    """Text of the button; empty: the organisation's, or "Find out more" on a page that is not its own."""
    url: str = ""
    """Absolute https address the button opens; empty: the organisation's page, else the lead story's."""


@dataclass(frozen=True)
class Image:
    """One picture of a post."""

    alt: str = ""
    """What the picture shows, for people who do not see it; empty only for decoration."""
    file: str = ""
    """File name inside the post's folder; empty while nobody has supplied the file."""
    url: str = ""
    """Where the picture was found, absolute; empty for a picture that was never on the web."""
    caption: str = ""
    """The line under the picture, plain text."""
    credit: str = ""
    """Who made it: "OAS photo"."""
    width: int | None = None
    """Pixels of the file."""
    height: int | None = None
    """Pixels of the file."""


@dataclass(frozen=True)
class RelatedPost:
    """A pointer to another story."""

    title: str
    """Its headline."""
    summary: str = ""
    """A sentence or two, plain text."""
    url: str = ""
    """Absolute address; empty when the source did not give one."""


@dataclass(frozen=True)
class Post:
    """One story."""

    slug: str
    """Its folder's name under posts/: ``[a-z0-9-]``, unique in a workspace."""
    title: str
    """Headline, plain text."""
    body: str
    """The story as Markdown (CommonMark with tables and strikethrough, no raw HTML)."""
    excerpt: str = ""
    """One to three sentences, plain text; empty means: take the start of the body."""
    author: str = ""
    """The byline without "By"."""
    published_at: date | datetime | None = None
    """Aware UTC datetime, or a plain date where the source gives no time."""
    images: tuple[Image, ...] = ()
    """Pictures; the first is the lead picture."""
    link: str = ""
    """Canonical address of the story on the web."""
    tags: tuple[str, ...] = ()
    """Topics, as written."""
    language: str = ""
    """BCP 47; empty means the organisation's language."""
    call_to_action: CallToAction | None = None
    """The ask this story closes with."""
    related: tuple[RelatedPost, ...] = ()
    """Stories the source points to."""
    folder: Path | None = field(default=None, compare=False)
    """Where the story lives on disk; None for a post that is not stored yet."""


@dataclass(frozen=True)
class Card:
    """A preview of the linked page, for networks where whoever publishes makes it."""

    url: str
    """The page, with its UTM parameters."""
    title: str
    """Headline, plain text."""
    description: str = ""
    """A sentence or two, plain text."""
    image: str = ""
    """File name of a JPEG inside the edition's images/ folder; empty for none."""


@dataclass(frozen=True)
class Snippet:
    """The text and picture of an edition for one social account."""

    account: str
    """Name of the account in config.toml."""
    network: str
    """Type of the account: a file name in newsletter/social/."""
    text: str
    """Exactly what is published, link and call to action included; of a thread, all of it."""
    parts: tuple[str, ...] = ()
    """The posts of a thread, in order, each exactly as it is published; empty: ``text`` is one post."""
    link: str = ""
    """The link inside ``text``, with its UTM parameters."""
    length: int = 0
    """Length of ``text`` in the network's own counting."""
    limit: int = 0
    """What the network allows, in the same counting."""
    language: str = "en"
    """BCP 47."""
    image: str = ""
    """File name of the picture inside the edition's images/ folder; empty for none."""
    alt: str = ""
    """What the picture shows."""
    card: Card | None = None
    """The preview of ``link``, where the network shows the one we make and no picture stands in its place."""
    price_musd: int = 0
    """What the network takes for it, in thousandths of a US dollar."""
    steps: tuple[str, ...] = ()
    """What was left out or cut to fit the network, in plain words; empty when nothing was."""

    @property
    def posts(self) -> tuple[str, ...]:
        """Return the texts that are published, one after the other."""
        return self.parts or (self.text,)


@dataclass(frozen=True)
class Receipt:
    """What a service answered when it took a letter or a snippet."""

    remote_id: str = ""
    """The service's identifier of the message."""
    url: str = ""
    """Where the social post can be seen."""
    reply: str = ""
    """The service's own words: ``250 2.0.0 Ok: queued as 4F1``."""


Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Finding:
    """One result of a check."""

    id: str
    """Stable identifier of the rule: ``M4``, ``K1``."""
    severity: Severity
    """``error`` blocks the send."""
    where: str
    """The part, element, file or account concerned."""
    why: str
    """What happens to readers if it leaves like this."""
    mend: str
    """What to do about it."""


class DeliveryState(StrEnum):
    """Where one delivery stands; every delivery is in exactly one state."""

    PENDING = "pending"
    """Frozen, waiting for its window."""
    SENDING = "sending"
    """In the window that is on the wire right now."""
    SENT = "sent"
    """The relay or network took it."""
    DEFERRED = "deferred"
    """Refused for now; tried again at ``next_attempt_at``."""
    FAILED = "failed"
    """Refused for good."""
    UNKNOWN = "unknown"
    """May have been delivered; a person decides."""
    SUPPRESSED = "suppressed"
    """Not sent because the person must not be written to."""
    CANCELLED = "cancelled"
    """Stopped by a person before it was sent."""
