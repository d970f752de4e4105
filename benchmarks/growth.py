"""How time, memory and database grow from a thousand recipients to a million."""

from __future__ import annotations

import csv
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks import children, cost, studio
from benchmarks.databases import POSTGRES, SQLITE, databases, size_bytes
from benchmarks.people import FIRST_NAMES, LAST_NAME, TOWNS, address
from benchmarks.sinks import open_sink
from benchmarks.tables import Verdict, megabytes, table, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.children import Ended
    from benchmarks.cost import Cost
    from benchmarks.databases import Fresh
    from benchmarks.scale import Scale

CONNECTIONS: Final = 4
MILLION: Final = 1_000_000
SAMPLES: Final = 10
"""Moments at which the memory of the largest send is shown."""


@dataclass(frozen=True)
class Stage:
    """One size of audience."""

    people: int
    """Recipients."""
    database: str
    """Its kind."""
    imported: Ended
    """``newsletter audience import`` of a CSV file of them."""
    freeze_s: float
    """Time to build the edition and write a delivery per recipient."""
    database_bytes: int
    """Size of the database with the deliveries."""
    sent: Cost
    """What sending them cost, or the first of them."""


def measure(scale: Scale) -> Iterator[str]:
    """Yield the table of sizes, the memory over time of the largest, and the figures of a million."""
    with (
        open_sink(bundled=scale.bundled_sink) as sink,
        databases(postgres=scale.postgres and bool(scale.postgres_audiences)) as fresh,
    ):
        stages = [
            run(people, name, fresh[name], most_sent=scale.most_sent, port=sink.port)
            for name, audiences in ((SQLITE, scale.audiences), (POSTGRES, scale.postgres_audiences))
            if name in fresh
            for people in audiences
        ]
    yield f"{CONNECTIONS} connections to {sink.name}; import and freeze in wall time."
    yield ""
    head = ["recipients", "database", "import", "its peak RSS", "freeze", "size"]
    head += ["letters sent", "letters/s", "CPU µs/letter", "peak RSS"]
    yield from table(head, [_row(stage) for stage in stages])
    yield from _over_time(stages[len(scale.audiences) - 1])
    yield from verdicts(list(judge(stages[: len(scale.audiences)])))


def run(people: int, database: str, fresh: Fresh, *, most_sent: int, port: int) -> Stage:
    """Import, freeze and send to so many people in a scratch workspace."""
    with tempfile.TemporaryDirectory() as name, fresh() as url:
        root = Path(name)
        mail = studio.smtp(port, CONNECTIONS)
        with studio.studio(root, mail=mail, database_url=url) as app:
            studio.enlist(app, studio.WARM_UP, studio.WARM_UP_PEOPLE)
            warm_up = studio.freeze(app, studio.WARM_UP)
        imported = _import(root, people)
        with studio.studio(root, mail=mail, database_url=url) as app:
            started = time.perf_counter()
            edition = studio.freeze(app, studio.LIST)
            freeze_s = time.perf_counter() - started
            size = size_bytes(app)
        sent = cost.of_python("benchmarks.sender", root, warm_up, edition, most_sent)
    return Stage(people, database, imported, freeze_s, size, sent)


def judge(stages: Sequence[Stage]) -> Iterator[Verdict]:
    """Yield how the cost grew, and the figures of a million recipients where they were measured."""
    most = stages[-1]
    # The smallest audiences carry the fixed cost of a round, so the largest is held against the cheapest.
    least = min(stages, key=lambda stage: stage.sent.cpu_us)
    growth = most.sent.cpu_us / least.sent.cpu_us
    yield Verdict(f"CPU per letter, {most.people:,} : {least.people:,} recipients", growth, 1.2, "times")
    if most.people >= MILLION:
        yield Verdict("import of 1 M rows", most.imported.wall_s, 60, "s")
        yield Verdict("freeze of 1 M recipients", most.freeze_s, 10, "s")
        yield Verdict("peak RSS while sending to 1 M", most.sent.peak_bytes / 1e6, 150, "MB")


def _import(root: Path, people: int) -> Ended:
    path = root / "people.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["email", "first name", "last name", "town", "consent source", "consent date"])
        for number in range(people):
            first_name, town = FIRST_NAMES[number % len(FIRST_NAMES)], TOWNS[number % len(TOWNS)]
            mailbox = address(studio.LIST, number)
            rows.writerow([mailbox, first_name, LAST_NAME, town, "website form", "2025-11-03"])
    options = ["--list", studio.LIST, "--basis", "consent", "--json"]
    command = children.python("newsletter", "-C", root, "audience", "import", path, *options)
    ended = children.run(command)
    path.unlink()
    return ended


def _row(stage: Stage) -> list[str]:
    return [
        f"{stage.people:,}",
        stage.database,
        f"{stage.imported.wall_s:.1f} s",
        megabytes(stage.imported.peak_bytes),
        f"{stage.freeze_s:.2f} s",
        megabytes(stage.database_bytes),
        f"{stage.sent.count:,}",
        f"{stage.sent.per_second:,.0f}",
        f"{stage.sent.cpu_us:,.0f}",
        megabytes(stage.sent.peak_bytes),
    ]


def _over_time(stage: Stage) -> Iterator[str]:
    """Yield the memory of a sending program at moments evenly apart, the last one included."""
    samples = stage.sent.memory
    if not samples:
        return
    step = max(1, len(samples) // SAMPLES)
    shown = samples[::-1][::step][:SAMPLES][::-1]
    yield f"Memory while sending to {stage.people:,}:"
    yield ""
    yield from table(
        ["seconds", *(f"{at:.0f}" for at, _ in shown)],
        [["RSS, MB", *(f"{size / 1e6:.0f}" for _, size in shown)]],
    )
