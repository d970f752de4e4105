"""Run a program and measure it from outside: CPU time, wall time, memory over time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import resource
    from collections.abc import Sequence

ROOT: Final = Path(__file__).resolve().parents[1]
"""The checkout; programs are started there, so that they find its packages."""
_EVERY_S: Final = 0.05


@dataclass(frozen=True)
class Ended:
    """A program that has run."""

    output: str
    """What it printed."""
    wall_s: float
    """From start to end."""
    cpu_s: float
    """User and system time, those of its threads included."""
    peak_bytes: int
    """Most memory resident at once."""
    memory: tuple[tuple[float, int], ...]
    """Seconds since the start, bytes resident; empty where the system has no /proc."""


@dataclass
class _Memory:
    """Watches a process from a thread of its own."""

    pid: int
    samples: list[tuple[float, int]] = field(default_factory=list)
    peak_bytes: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        started = time.perf_counter()
        while not self.ended.wait(_EVERY_S):
            try:
                status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
            except (FileNotFoundError, ProcessLookupError):
                return
            lines = dict(line.split(":", 1) for line in status.splitlines())
            if "VmRSS" in lines:
                self.samples.append((time.perf_counter() - started, _in_bytes(lines["VmRSS"])))
                self.peak_bytes = _in_bytes(lines["VmHWM"])


def run(command: Sequence[str]) -> Ended:
    """Run a command to its end.

    Raises:
        SystemExit: it failed; figures of a failure are none.
    """
    started = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        memory = _Memory(child.pid)
        watching = threading.Thread(target=memory.watch)
        watching.start()
        assert child.stdout is not None
        output = child.stdout.read()
        _, status, used = os.wait4(child.pid, 0)
        wall_s = time.perf_counter() - started
        memory.ended.set()
        watching.join()
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} failed with exit code {child.returncode}")
    # Linux counts the memory of the starting program into ru_maxrss, so it is only the second choice.
    peak_bytes = memory.peak_bytes or _largest(used)
    return Ended(output, wall_s, used.ru_utime + used.ru_stime, peak_bytes, tuple(memory.samples))


def python(module: str, *arguments: object) -> list[str]:
    """Return the command that runs one of our modules."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def _in_bytes(words: str) -> int:
    return int(words.removesuffix("kB")) * 1024


def _largest(used: resource.struct_rusage) -> int:
    return used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
