"""The whole table of faults, with all of its trials: ``make faults``.

python -m tests.faults.run --write           and keep it in docs/reliability-report.md
python -m tests.faults.run --row copied      one row of it
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from newsletter import clock
from tests.faults import disk
from tests.faults.row import POSTGRES, Row, Sum
from tests.faults.senders import Senders
from tests.faults.setting import Stage
from tests.faults.table import ROWS
from tests.servers.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REPORT: Final = Path(__file__).parents[2] / "docs" / "reliability-report.md"
HEAD: Final = """\
# Reliability report

What becomes of letters when things break, counted by the mail server's own tally, never by ours.
Every trial sends an edition, breaks something, lets senders take up the work again, and compares the
tally with the ledger: states add up to what was frozen, nobody is lost, nobody gets it twice under
`hold`, and what is in doubt is listed. *Duplicates* happen under `on_unknown = "resend"` only;
*unknown* letters under `hold` only, and the number in brackets says how many of them had arrived.

Written by `make faults` on {date} UTC: {machine}.

"""
COLUMNS: Final = (
    "fault",
    "database",
    "trials",
    "faults",
    "letters",
    "lost",
    "duplicates",
    "unknown",
    "resumed after, s",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the table, print it, and say with the exit code whether every promise held."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.run", description="Break things.")
    parser.add_argument("--row", action="append", choices=[row.name for row in ROWS], help="only this one")
    parser.add_argument("--trials", type=int, help="so many of each row")
    parser.add_argument("--seed", default="full", help="other dice")
    parser.add_argument("--write", action="store_true", help=f"write {REPORT.name}")
    options = parser.parse_args(arguments)
    rows = [row for row in ROWS if not options.row or row.name in options.row]
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    held = True
    with tempfile.TemporaryDirectory() as folder, Senders(disk.library(Path(folder))) as senders:
        server = Postgres(durable=True)
        try:
            for line, broken in _measured(rows, Path(folder), senders, server, options):
                lines.append(line)
                print(line, *(f"BROKEN: {words}" for words in broken), sep="\n", flush=True)
                held = held and not broken
        finally:
            server.stop()
    if options.write and held:
        REPORT.write_text(report(rows, lines), encoding="utf-8")
    return 0 if held else 1


def report(rows: Sequence[Row], lines: Sequence[str]) -> str:
    """Return the report of a table."""
    machine = f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    head = HEAD.format(date=f"{clock.now():%Y-%m-%d}", machine=machine)
    promises = [f"- **{row.fault}**: {row.expected}." for row in rows if row.expected]
    return "\n".join([head + "\n".join(lines), "", "Promised on top:", "", *promises, ""])


def _measured(
    rows: Sequence[Row], folder: Path, senders: Senders, server: Postgres, options: argparse.Namespace
) -> Iterator[tuple[str, list[str]]]:
    """Yield a line of the table for every row and database, and the promises that did not hold."""
    for row in rows:
        for kind in row.on:
            place = folder / f"{row.name}-{kind}"
            place.mkdir()
            stage = Stage(place, senders, server if kind == POSTGRES else None)
            found, broken = Sum(), []
            for number in range(options.trials or row.full):
                which = f"{row.name} on {kind}, trial {number}"
                try:
                    trial = row.run(stage, number, options.seed)
                except AssertionError as error:
                    broken.append(f"{which}: {error}")
                    continue
                found.trials.append(trial)
                broken += [f"{which}: {words}" for words in trial.broken]
            yield _line(row, kind, found), broken


def _line(row: Row, kind: str, found: Sum) -> str:
    resumed = found.resumed_s()
    cells = (
        row.fault,
        kind,
        str(len(found.trials)),
        str(found.total("faults")),
        f"{found.total('letters'):,}",
        str(found.total("lost")),
        str(found.total("duplicates")),
        f"{found.total('unknown')} ({found.total('arrived')})",
        f"{resumed[0]:.2f} (at most {resumed[1]:.2f})" if resumed else "-",
    )
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
