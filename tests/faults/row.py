"""What a row of the table is."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.faults.setting import Stage
    from tests.faults.verdict import Trial

SQLITE: Final = "SQLite"
POSTGRES: Final = "PostgreSQL"
POLICIES: Final = ("hold", "resend")


@dataclass(frozen=True)
class Row:
    """One kind of fault."""

    name: str
    """In tests and on the command line."""
    fault: str
    """In words, for the report."""
    trial: Callable[..., Trial]
    """Runs one: a stage, dice, and the settings of a variant."""
    variants: tuple[Mapping[str, Any], ...]
    """They take turns."""
    short: int
    """Trials of the short form."""
    full: int
    """Trials of the full run."""
    on: tuple[str, ...] = (SQLITE,)
    """The databases it is tried on."""
    breaks_disk: bool = False
    """Whether its senders need the library that makes a disk fail."""
    expected: str = ""
    """What more it promises, for the report."""

    def run(self, stage: Stage, number: int, seed: str = "") -> Trial:
        """Run trial ``number``; the same number and seed throw the same dice."""
        variant = self.variants[number % len(self.variants)]
        dice = random.Random(f"{seed}{self.name}{number}")  # noqa: S311 - faults, not keys
        return self.trial(stage, dice, **variant)


@dataclass
class Sum:
    """What the trials of a row came to."""

    trials: list[Trial] = field(default_factory=list)
    """All of them."""

    def total(self, what: str) -> int:
        """Return the sum of a field over all trials."""
        return sum(getattr(trial, what) for trial in self.trials)

    def resumed_s(self) -> tuple[float, float] | None:
        """Return the middle and the longest time to resume; None when nothing had to."""
        times = sorted(trial.resumed_s for trial in self.trials if trial.resumed_s is not None)
        return (times[len(times) // 2], times[-1]) if times else None


def crossed(**choices: Iterable[Any]) -> tuple[dict[str, Any], ...]:
    """Return every combination of settings, one of each.

    >>> crossed(a=(1, 2), b=("x",))
    ({'a': 1, 'b': 'x'}, {'a': 2, 'b': 'x'})
    """
    found: list[dict[str, Any]] = [{}]
    for name, values in choices.items():
        found = [{**made, name: value} for made in found for value in values]
    return tuple(found)
