"""Where the sender's CPU time goes: ``python -m benchmarks.hotspots [LETTERS]`` prints what takes most.

The profiler makes every call dearer, small functions above all: read the
order, not the sum.
"""

from __future__ import annotations

import cProfile
import pstats
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks import studio
from benchmarks.children import ROOT
from benchmarks.sinks import open_sink
from benchmarks.tables import table
from newsletter.delivery.dispatch import dispatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHOWN: Final = 25


def measure(letters: int) -> Iterator[str]:
    """Yield the table of functions, for letters on one connection with the ledger on SQLite."""
    with (
        open_sink() as sink,
        tempfile.TemporaryDirectory() as name,
        studio.studio(Path(name), mail=studio.smtp(sink.port, 1)) as app,
    ):
        studio.enlist(app, studio.WARM_UP, studio.WARM_UP_PEOPLE)
        studio.enlist(app, studio.LIST, letters)
        warm_up, edition = studio.freeze(app, studio.WARM_UP), studio.freeze(app, studio.LIST)
        dispatch(app, edition_id=warm_up)
        stats = profiled(lambda: dispatch(app, edition_id=edition))
    found: dict[Any, Any] = stats.stats  # type: ignore[attr-defined] # typeshed leaves it out
    # Function → calls without recursion, calls, own time, time with what it calls, callers.
    ranked = sorted(found.items(), key=lambda entry: entry[1][2], reverse=True)[:SHOWN]
    rows = [
        [
            _name(key),
            f"{calls / letters:.2f}",
            f"{own_s / letters * 1e6:.1f}",
            f"{whole_s / letters * 1e6:.1f}",
        ]
        for key, (_, calls, own_s, whole_s, _) in ranked
    ]
    yield f"{letters:,} letters, 1 connection, SQLite; under the profiler, per letter"
    yield ""
    yield from table(["function", "calls", "own CPU µs", "with callees"], rows)


def profiled(work: Callable[[], object]) -> pstats.Stats:
    """Return where CPU time goes in ``work`` and in every thread that it starts."""
    profiles = [_profile()]

    def begin(*_event: object) -> None:
        profiles.append(_profile())
        profiles[-1].enable()

    # From 3.12 on a profile sees all threads by itself, and there may be only one.
    if sys.version_info < (3, 12):
        threading.setprofile(begin)
    profiles[0].enable()
    work()
    profiles[0].disable()
    threading.setprofile(None)
    return pstats.Stats(*profiles)


def _profile() -> cProfile.Profile:
    # CPU time: waiting for the server costs nothing.
    return cProfile.Profile(time.thread_time)


def _name(key: tuple[str, int, str]) -> str:
    path, line, function = key
    if path == "~":
        return function
    place = Path(path)
    shown = place.relative_to(ROOT) if place.is_relative_to(ROOT / "newsletter") else Path(*place.parts[-2:])
    return f"{shown}:{line} {function}"


if __name__ == "__main__":
    for shown in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000):
        print(shown)
