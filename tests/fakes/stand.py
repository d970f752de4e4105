"""What the contract tests need of a network: an account of ours, and what its server has seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from newsletter.social.base import SocialNetwork

FAULTS = (
    "lost after commit",
    "500 after commit",
    "500 before commit",
    "429",
    "silence",
    "html",
    "revoked",
)
"""What a server can be told to do with the next request that publishes.

``lost after commit``   take the post, then break the connection without an answer
``500 after commit``    take the post, then answer with the network's own 5xx
``500 before commit``   the same without taking it
``429``                 refuse for haste, with the network's own form of "wait for 60 seconds"
``silence``             take nothing and say nothing until the client gives up
``html``                take nothing and answer 200 with a page, as a captive portal does
``revoked``             refuse the token, from now on
"""


@dataclass(frozen=True)
class Seen:
    """One post as everybody sees it."""

    remote_id: str
    """Its identity, as in the receipt."""
    text: str
    """Its words, as the network shows them: without escapes and markup."""
    alt: str = ""
    """Description of its picture."""
    has_image: bool = False
    """Whether a picture is attached."""
    parent: str = ""
    """Identity of the post that it answers."""
    card: str = ""
    """Title of its card."""


class Stand(Protocol):
    """A network with one account, and a server of ours that plays it over real sockets."""

    account: SocialNetwork
    """Ours, with time-outs of a fraction of a second."""
    secrets: tuple[str, ...]
    """Texts that must never be seen in a message."""
    unsupported: frozenset[str]
    """`FAULTS` that this network cannot have; ``retract`` where posts can only be deleted by hand."""

    def seen(self) -> list[Seen]:
        """Return the posts that stand, oldest first."""

    def fail(self, *faults: str) -> None:
        """Have the next requests that publish go wrong, one fault each, in order."""

    def forget_keys(self) -> None:
        """Let the time pass after which the network forgets the keys of repeats."""

    def complaints(self) -> list[str]:
        """Return what requests had wrong: unknown or missing fields, bad signatures, more than one try."""
