"""A network in memory: a wall that everybody can read, with mishaps as a test wants them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from newsletter.errors import DeliveryError, UnknownOutcomeError
from newsletter.model import Receipt
from newsletter.social.base import Posting, Sighting, SocialNetwork, Standing

if TYPE_CHECKING:
    from collections.abc import Iterator

LOST = UnknownOutcomeError("no answer", code="timeout")


@dataclass(frozen=True, eq=False)
class Wall(SocialNetwork):
    """Threads of any length; what stands there stands in ``posts``."""

    posts: dict[str, str] = field(default_factory=dict)
    """Identity → text."""
    mishaps: list[DeliveryError | None] = field(default_factory=list)
    """What the next posts come to; None: nothing special."""
    commits: bool = True
    """Whether a post whose answer is lost stands there."""
    certain: bool = True
    """Whether the wall shows everything at once."""
    asked: list[str] = field(default_factory=list)
    """Keys of what was looked up."""
    blind: list[DeliveryError] = field(default_factory=list)
    """Why the next looks fail."""

    cap_musd: int = 0
    """What it may cost in a month."""

    @property
    def monthly_cap_musd(self) -> int:
        """Return the cap."""
        return self.cap_musd

    @property
    def limit(self) -> int:
        """Return 500."""
        return 500

    def measure(self, text: str) -> int:
        """Return the number of characters."""
        return len(text)

    def price_musd(self, text: str) -> int:
        """Return a price for a link, and none for words."""
        return 200 if "https://" in text else 15

    def publish(self, posting: Posting) -> Receipt:
        """Publish one post after the other."""
        receipts = list(posting.done)
        for number in range(len(receipts), len(posting.snippet.posts)):
            mishap = self.mishaps.pop(0) if self.mishaps else None
            identity = posting.identity(number)
            if mishap is None or (isinstance(mishap, UnknownOutcomeError) and self.commits):
                assert identity not in self.posts, "it would stand there twice"
                self.posts[identity] = posting.snippet.posts[number]
            if mishap is not None:
                raise mishap
            receipts.append(self._receipt(identity))
            posting.note(receipts[-1])
        return receipts[0]

    def look_up(self, posting: Posting) -> Sighting:
        """Return what stands there."""
        self.asked.append(posting.key)
        if self.blind:
            raise self.blind.pop(0)
        return Sighting(tuple(self._found(posting)), certain=self.certain)

    def retract(self, receipt: Receipt) -> None:
        """Take a post down, unless it is stuck."""
        if self.mishaps and (mishap := self.mishaps.pop(0)):
            raise mishap
        self.posts.pop(receipt.remote_id, None)

    def standing(self) -> Standing:
        """Return whose wall it is."""
        return Standing("@trust on the wall", facts=("2 posts left today",), warnings=("paint is wet",))

    def _found(self, posting: Posting) -> Iterator[Receipt]:
        for number in range(len(posting.snippet.posts)):
            if (identity := posting.identity(number)) not in self.posts:
                return
            yield self._receipt(identity)

    def _receipt(self, identity: str) -> Receipt:
        return Receipt(identity, f"https://wall.example/{identity[:8]}")
