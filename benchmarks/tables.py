"""Tables in Markdown that can be read on a terminal too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True)
class Verdict:
    """A figure next to what it should be."""

    what: str
    """What was measured."""
    measured: float
    """The figure."""
    target: float
    """What it should reach."""
    unit: str = ""
    """Of both."""
    at_least: bool = False
    """Whether more is better."""

    @property
    def reached(self) -> bool:
        """Tell whether the target was reached."""
        return self.measured >= self.target if self.at_least else self.measured <= self.target

    def cells(self) -> list[str]:
        """Return the row of a table: what, measured, target, reached."""
        sign = "≥" if self.at_least else "≤"
        unit = f" {self.unit}" if self.unit else ""
        measured = f"{self.measured:,.0f}" if self.measured >= 100 else f"{self.measured:.3g}"
        target = f"{sign} {self.target:g}{unit}"
        return [self.what, f"{measured}{unit}", target, "yes" if self.reached else "**no**"]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table; the first column is aligned to the left, the others to the right."""
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    yield _line(head, widths)
    yield (
        "|"
        + "|".join(
            ":" + "-" * (width + 1) if not place else "-" * (width + 1) + ":"
            for place, width in enumerate(widths)
        )
        + "|"
    )
    for row in rows:
        yield _line(row, widths)
    yield ""


def verdicts(found: Sequence[Verdict]) -> Iterator[str]:
    """Yield the table of figures and targets."""
    yield from table(["figure", "measured", "target", "reached"], [verdict.cells() for verdict in found])


def megabytes(size_bytes: float) -> str:
    """Return a size as ``12 MB``; a megabyte is 1 000 000 bytes."""
    return f"{size_bytes / 1e6:,.0f} MB"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.rjust(width) if place else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"
