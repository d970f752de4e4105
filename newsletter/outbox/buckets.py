"""The buckets that count the letters of one window, together: who may go, and when the others may."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from newsletter.outbox.bucket import Bucket


@dataclass(frozen=True)
class Buckets:
    """Those that limit something; all are counted to the same moment."""

    common: Sequence[Bucket]
    """They count every letter: of the transport, and of the sender's domain."""
    towards: Mapping[str, Bucket]
    """Domain of recipients → the bucket that counts its letters."""

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return bool(self.common or self.towards)

    def choose(self, domains: Sequence[str], most: int) -> tuple[int, ...]:
        """Return the places of the first letters that may go, ``most`` of them; ``domains``: one each."""
        free = min([most, *(bucket.free for bucket in self.common)])
        if not self.towards:
            return tuple(range(min(free, len(domains))))
        return tuple(islice(self._with_room(domains), free))

    def take(self, domains: Sequence[str], sign: int = 1) -> list[Bucket]:
        """Count letters to these domains as gone (1), or as not gone after all (-1); return what changed."""
        counts = Counter(domain for domain in domains if domain in self.towards)
        for bucket in self.common:
            bucket.take(sign * len(domains))
        for domain, count in counts.items():
            self.towards[domain].take(sign * count)
        return [*self.common, *(self.towards[domain] for domain in counts)] if domains else []

    def first_ready(self, refused: Counter[str], wanted: int) -> tuple[float, Bucket]:
        """Return when it is worth asking for a refused letter again, and the bucket that keeps it till then.

        ``refused``: domain → letters, one at least; ``wanted``: how many are to be sent.
        """

        def ready(domain: str) -> tuple[float, Bucket]:
            waits = [(bucket.ready_at(wanted), bucket) for bucket in self.common]
            if bucket := self.towards.get(domain):
                waits.append((bucket.ready_at(min(wanted, refused[domain])), bucket))
            return max(waits, key=itemgetter(0))

        return min(map(ready, refused), key=itemgetter(0))

    def _with_room(self, domains: Sequence[str]) -> Iterator[int]:
        room = {domain: bucket.free for domain, bucket in self.towards.items()}
        for place, domain in enumerate(domains):
            if domain not in room:
                yield place
            elif room[domain]:
                room[domain] -= 1
                yield place
