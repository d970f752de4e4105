"""How long ``newsletter --help`` takes next to an interpreter that does nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 40
HELP = [sys.executable, "-m", "newsletter", "--help"]
NOTHING = [sys.executable, "-c", "pass"]


def measure() -> Iterator[str]:
    """Yield the ratio; the two commands take turns so that noise hits both."""
    spent: dict[str, list[float]] = {"help": [], "nothing": []}
    for _ in range(ROUNDS):
        spent["nothing"].append(_once(NOTHING))
        spent["help"].append(_once(HELP))
    best = {name: min(times) for name, times in spent.items()}
    middle = {name: statistics.median(times) for name, times in spent.items()}
    yield (
        f"newsletter --help: {best['help'] * 1000:.0f} ms, python -c pass: {best['nothing'] * 1000:.0f} ms, "
        f"ratio {best['help'] / best['nothing']:.2f} (of medians {middle['help'] / middle['nothing']:.2f}; "
        f"target ≤ 3)"
    )


def _once(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started
