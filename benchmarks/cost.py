"""What sending some letters has cost one program."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import children

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.children import Ended


@dataclass(frozen=True)
class Cost:
    """One run."""

    count: int
    """Letters."""
    wall_s: float
    """From the first letter to the last."""
    cpu_s: float
    """User and system time of the program in that span; the sink's and the database server's are theirs."""
    peak_bytes: int
    """Most memory resident at once, in the whole life of the program."""
    start_cpu_s: float = 0
    """CPU time before: imports, the first connection."""
    memory: tuple[tuple[float, int], ...] = ()
    """Seconds since the program began, bytes resident."""

    @property
    def per_second(self) -> float:
        """Return letters per second."""
        return self.count / self.wall_s

    @property
    def cpu_us(self) -> float:
        """Return microseconds of CPU per letter."""
        return self.cpu_s / self.count * 1e6


def of_python(module: str, *arguments: object) -> Cost:
    """Run one of our programs, which measures itself once it is warm, and return its cost."""
    ended = children.run(children.python(module, *arguments))
    facts = json.loads(ended.output)
    return Cost(**facts, peak_bytes=ended.peak_bytes, memory=ended.memory)


def of_program(command: Sequence[str], count: int) -> Cost:
    """Run a program that does nothing but send so many letters, and return its cost."""
    ended: Ended = children.run(command)
    return Cost(count, ended.wall_s, ended.cpu_s, ended.peak_bytes)


def middle(costs: Sequence[Cost]) -> Cost:
    """Return the median of every figure over several runs of one thing."""
    return Cost(
        count=costs[0].count,
        wall_s=statistics.median(cost.wall_s for cost in costs),
        cpu_s=statistics.median(cost.cpu_s for cost in costs),
        peak_bytes=max(cost.peak_bytes for cost in costs),
        start_cpu_s=statistics.median(cost.start_cpu_s for cost in costs),
    )
