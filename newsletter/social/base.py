"""What every social network promises.

A network is a frozen dataclass in a file of its own; the file's name is its
``type`` in config.toml and its fields are its settings.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import regex

from newsletter.tomlfile import Table

if TYPE_CHECKING:
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

    @property
    @abstractmethod
    def limit(self) -> int:
        """Return the longest text allowed, in the counting of `measure`."""

    @abstractmethod
    def measure(self, text: str) -> int:
        """Return the length of ``text`` as the network counts it."""

    @abstractmethod
    def publish(self, snippet: Snippet, *, key: str, image: Path | None) -> Receipt:
        """Publish one snippet.

        Args:
            snippet: text and description of the picture, as frozen in the edition.
            key: identity of the delivery; the same on every attempt.
            image: the picture's file, or None.

        Raises:
            TransientError: not published, may work later.
            PermanentError: not published, cannot work like this.
            RefusedSenderError: the account or its token is refused.
            UnknownOutcomeError: the answer was lost; it may be public.
        """

    def whoami(self) -> str:
        """Return whose account the settings open, as the network names it; publishes nothing.

        Empty for a network that cannot say.

        Raises:
            TransientError: the service cannot be reached now.
            RefusedSenderError: the account or its token is refused.
        """
        return ""
