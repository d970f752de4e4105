"""Measure and print; ``make bench`` is the command.

python -m benchmarks.run                  all of it, some minutes
python -m benchmarks.run --full           and every one of a million letters
python -m benchmarks.run --only sending   one of: startup building sending growth
python -m benchmarks.run --write          and keep it in benchmarks/RESULTS.md
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks import building, growth, machine, sending, startup
from benchmarks.scale import Scale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Measure = Callable[[Scale], Iterator[str]]

RESULTS: Final = Path(__file__).with_name("RESULTS.md")
HEAD: Final = """\
# Figures

Measured by `{command}`.
What they mean and how they are taken: [docs/explanation/figures.md](../docs/explanation/figures.md).
"""
SECTIONS: Final[dict[str, tuple[str, Measure]]] = {
    "startup": ("Start-up", lambda _scale: startup.measure()),
    "building": ("Building an edition", lambda _scale: building.measure()),
    "sending": ("Sending, side by side", sending.measure),
    "growth": ("From a thousand recipients to a million", growth.measure),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print machine, versions and figures; with ``--write`` keep them."""
    options = _options(arguments)
    scale = Scale(bundled_sink=options.bundled_sink)
    if options.full:
        scale = replace(scale, most_sent=0, postgres_audiences=scale.audiences)
    names = options.only or list(SECTIONS)
    command = " ".join(["python -m benchmarks.run", *(sys.argv[1:] if arguments is None else arguments)])
    report = []
    for line in _lines(names, scale, command):
        print(line, flush=True)
        report.append(line)
    if options.write:
        RESULTS.write_text("\n".join(report).rstrip() + "\n", encoding="utf-8")
        print(f"written to {os.path.relpath(RESULTS)}")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description="Measure this program.")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="only this part; may be repeated")
    parser.add_argument("--full", action="store_true", help="send every letter of the largest audience")
    parser.add_argument("--write", action="store_true", help="keep the figures in benchmarks/RESULTS.md")
    parser.add_argument("--bundled-sink", action="store_true", help="use our own sink, not postfix's")
    options = parser.parse_args(arguments)
    if options.only and options.write:
        parser.error("--write keeps whole runs; leave --only out")
    return options


def _lines(names: Sequence[str], scale: Scale, command: str) -> Iterator[str]:
    yield HEAD.format(command=command)
    yield from machine.describe()
    for name in names:
        title, measure = SECTIONS[name]
        yield from ("", f"## {title}", "")
        yield from measure(scale)


if __name__ == "__main__":
    main()
