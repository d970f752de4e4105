"""What every social network promises.

A network is a frozen dataclass in a file of its own; the file's name is its
``type`` in config.toml and its fields are its settings.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import regex

from newsletter.errors import PermanentError
from newsletter.tomlfile import Table

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from newsletter.model import Receipt, Snippet

WEB_ADDRESS: Final = regex.compile(
    r"(?<![A-Za-z0-9@#$＠＃])https?://"  # noqa: RUF001 - full-width signs count as @ and #
    r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:xn--[a-z0-9-]+|[a-z]{2,})(?![a-z0-9])(?::\d+)?"
    r"(?:/(?:[a-z0-9!*';:=+,.$/%#_~@&-]*[a-z0-9=_#/+-])?)?"
    r"(?:\?[a-z0-9!?*';:&=+$/%#_.,~@-]*[a-z0-9_&=#/-])?",
    regex.IGNORECASE | regex.ASCII,
)
"""An address that networks shorten to a fixed length, never longer than they would take it.

Follows the grammar of twitter-text, which X and Mastodon use
(https://github.com/twitter/twitter-text), without its brackets and letters
beyond ASCII: what this pattern leaves out is counted character by character,
which can only make a text longer than the network finds it.
"""


def graphemes(text: str) -> list[str]:
    """Return the characters of ``text`` as readers see them: extended grapheme clusters (UAX #29).

    >>> graphemes("né👩‍🚒")
    ['n', 'é', '👩\u200d🚒']
    """
    return list(regex.findall(r"\X", text))


@dataclass(frozen=True)
class Posting:
    """What one account is to publish; the same on every attempt, but for what stands there already."""

    snippet: Snippet
    """Texts, description of the picture, link and card, as frozen in the edition."""
    key: str
    """Identity of the delivery."""
    at: datetime
    """When the edition was frozen, aware UTC: what identities and times on the network are made of."""
    image: Path | None = None
    """The picture's file."""
    card_image: Path | None = None
    """The file of the card's picture, a JPEG."""
    done: tuple[Receipt, ...] = ()
    """Receipts of the first posts of a thread, which stand there already."""
    note: Callable[[Receipt], None] = lambda _receipt: None
    """Told the receipt of every post the moment the network has confirmed it, in order."""

    def identity(self, number: int) -> str:
        """Return the identity of a post of the thread, 64 hex digits made of delivery, place and text."""
        content = f"{self.key}\0{number}\0{self.snippet.posts[number]}"
        return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True)
class Sighting:
    """What the network itself says about a posting."""

    receipts: tuple[Receipt, ...] = ()
    """Of the posts that stand there, from the first on."""
    certain: bool = False
    """Whether the posts without a receipt surely do not stand there."""


@dataclass(frozen=True)
class Standing:
    """How an account stands."""

    who: str
    """Whose it is, as the network names it: ``@rivertrust on social.example``."""
    expires_at: datetime | None = None
    """When the token ends; None: it does not, or nobody knows."""
    facts: tuple[str, ...] = ()
    """Scopes, limits, quota, money: one short line each."""
    warnings: tuple[str, ...] = ()
    """What will go wrong, and what to do: one line each."""


@dataclass(frozen=True)
class SocialNetwork(Table, ABC):
    """One account on one network."""

    name: str
    """What the account is called in campaigns and reports."""

    honours_key_for_s: ClassVar[int] = 0
    """How long the service drops a repeat with the same key; 0: it has no such key."""
    max_hashtags: ClassVar[int] = 4
    """More than this looks like spam there."""
    max_alt: ClassVar[int] = 1500
    """Longest description of a picture, in characters."""
    max_posts: ClassVar[int] = 1
    """Most posts of a thread; 1: the network has none, or we cannot resume one safely."""
    makes_cards: ClassVar[bool] = False
    """Whether the preview of a link is ours to make; one goes with posts without a picture."""
    max_image_bytes: ClassVar[int] = 5_000_000
    """Largest picture."""
    fold: ClassVar[int] = 0
    """Characters shown before "more"; 0: all of them."""
    by_hand: ClassVar[bool] = False
    """Whether a person publishes: `publish` makes everything ready and ends in `UnknownOutcomeError`."""

    @property
    @abstractmethod
    def limit(self) -> int:
        """Return the longest text allowed, in the counting of `measure`."""

    @abstractmethod
    def measure(self, text: str) -> int:
        """Return the length of ``text`` as the network counts it."""

    def price_musd(self, text: str) -> int:
        """Return what the network takes for a post, in thousandths of a US dollar."""
        del text
        return 0

    @property
    def monthly_cap_musd(self) -> int:
        """Return what it may cost in a calendar month (UTC), thousandths of a US dollar; 0: no cap."""
        return 0

    def objections(self, snippet: Snippet) -> tuple[str, ...]:
        """Return why the network would not take this snippet, or readers not see it as meant; one line each.

        Its length is judged already.
        """
        del snippet
        return ()

    @abstractmethod
    def publish(self, posting: Posting) -> Receipt:
        """Publish the posts that are not ``done`` and return the receipt of the first one.

        Every post is confirmed with ``posting.note`` as soon as the network has taken it, and before
        the next one leaves.

        Raises:
            TransientError: the post at hand was not published, may work later.
            PermanentError: it was not published, cannot work like this.
            RefusedSenderError: the account or its token is refused.
            UnknownOutcomeError: the answer was lost; it may be public.
        """

    def look_up(self, posting: Posting) -> Sighting:
        """Return what of a posting stands on the network, by reading there; publishes nothing.

        Raises:
            DeliveryError: it cannot be asked now.
        """
        del posting
        return Sighting()

    def retract(self, receipt: Receipt) -> None:
        """Delete a post; one that is gone already is fine.

        Raises:
            DeliveryError: it still stands.
        """
        raise PermanentError(f"it must be removed by hand {receipt.url}".rstrip(), code="by hand")

    def standing(self) -> Standing:
        """Return how the account stands; publishes nothing.

        Raises:
            TransientError: the service cannot be reached now.
            RefusedSenderError: the account or its token is refused.
        """
        return Standing("")

    def login_url(self, redirect_url: str, state: str) -> str:
        """Return the page where a person lets us in; it leads back with a code and ``state``.

        Raises:
            PermanentError: there is no such page; its settings say how to let us in.
            DeliveryError: the service cannot be asked now.
        """
        del redirect_url, state
        why = "this account has no login page; put its token into config.toml as a secret"
        raise PermanentError(why, code="login")

    def log_in(self, code: str, redirect_url: str) -> None:
        """Trade the code for tokens and keep them (see `newsletter.tokens`).

        Raises:
            DeliveryError: the code is not taken.
        """
        self.login_url(redirect_url, code)
