"""What a rule of the pre-flight checks is: one function, and the words staff read when it is broken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.model import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from newsletter.checks.evidence import Evidence
    from newsletter.model import Severity

    Place = str | tuple[str, str]
    """Where a rule is broken; with its own reason when the rule's reason is too general."""
    Look = Callable[[Evidence], Iterable[Place]]

MAX_PLACES = 8
"""Places named per rule; a mistake in a template repeats itself in every story."""


@dataclass(frozen=True)
class Rule:
    """One thing that must hold before an edition leaves."""

    id: str
    """Stable identifier, also in reports and scripts."""
    severity: Severity
    """``error`` blocks the send."""
    why: str
    """What happens to readers when it is broken."""
    mend: str
    """What to do about it."""
    source: str
    """Where the rule comes from: an RFC, a standard, a client's documentation."""
    look: Look
    """Yields the places that break it."""

    def findings(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding per place, each place once, at most `MAX_PLACES`."""
        places = list(dict.fromkeys(self.look(evidence)))
        for place in places[:MAX_PLACES]:
            where, why = (place, self.why) if isinstance(place, str) else place
            yield Finding(self.id, self.severity, where, why, self.mend)
        if len(places) > MAX_PLACES:
            more = f"and {len(places) - MAX_PLACES} more places"
            yield Finding(self.id, self.severity, more, self.why, self.mend)


def rule(id_: str, severity: Severity, *, why: str, mend: str, source: str) -> Callable[[Look], Rule]:
    """Turn a function that yields the places breaking a rule into the `Rule`."""
    return lambda look: Rule(id_, severity, why, mend, source, look)
