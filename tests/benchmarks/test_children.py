"""Programs are measured from outside."""

from __future__ import annotations

import sys

import pytest

from benchmarks import children


def test_cpu_time_and_memory_of_a_program_are_its_own() -> None:
    """It holds 80 MB and works for as long as it says."""
    program = (
        "import time; held = bytearray(b'x' * 80_000_000)\n"
        "while time.process_time() < 0.4: pass\n"
        "time.sleep(0.3); print(len(held))"
    )
    ended = children.run([sys.executable, "-c", program])

    assert ended.output == "80000000\n"
    assert 0.4 <= ended.cpu_s <= ended.wall_s
    assert 80_000_000 < ended.peak_bytes < 200_000_000


def test_figures_of_a_failure_are_none() -> None:
    """A program that fails ends the measurement."""
    with pytest.raises(SystemExit, match="exit code 3"):
        children.run([sys.executable, "-c", "raise SystemExit(3)"])
