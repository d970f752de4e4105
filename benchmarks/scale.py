"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """The sizes of one run; the defaults take some minutes on two cores."""

    letters: int = 20_000
    """Letters per program and round."""
    loop_letters: int = 1_000
    """Letters of the usual loop, which is so much slower."""
    rounds: int = 2
    """How often every program takes its turn; medians are shown."""
    audiences: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    """Sizes of the audiences over which the cost may grow."""
    postgres_audiences: tuple[int, ...] = (100_000,)
    """The same on PostgreSQL."""
    most_sent: int = 100_000
    """Letters sent at most of one audience; 0 sends them all."""
    postgres: bool = True
    """Whether PostgreSQL takes part, where its programs are installed."""
    bundled_sink: bool = False
    """Whether to use our own sink although there is postfix's."""
