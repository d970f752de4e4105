"""What a letter costs: this sender, the usual loop, and postfix's ``smtp-source``, side by side."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks import cost, studio
from benchmarks.databases import SQLITE, databases
from benchmarks.sinks import open_sink, tool
from benchmarks.specimen import specimen
from benchmarks.tables import Verdict, megabytes, table, verdicts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.cost import Cost
    from benchmarks.databases import Fresh
    from benchmarks.scale import Scale
    from benchmarks.specimen import Specimen

CONNECTIONS: Final = (1, 4)
SOURCE: Final = "smtp-source"
LOOP: Final = "EmailMessage + Jinja2 + smtplib"


@dataclass(frozen=True)
class Comparison:
    """The figures of one run."""

    sink: str
    """Who took the letters."""
    letter_bytes: int
    """Size of one letter."""
    costs: dict[tuple[str, int], Cost]
    """Program and connections → what it cost."""


def measure(scale: Scale) -> Iterator[str]:
    """Yield the table of costs, and the ratios next to their targets."""
    compared = compare(scale)
    yield f"Letters of {compared.letter_bytes:,} bytes to {compared.sink}; medians of {scale.rounds} rounds."
    yield ""
    head = ["program", "connections", "letters", "letters/s", "CPU µs/letter", "peak RSS", "CPU to start"]
    yield from table(head, [_row(*key, found) for key, found in compared.costs.items()])
    yield from verdicts(list(judge(compared.costs)))


def compare(scale: Scale) -> Comparison:
    """Run every program in turn, as often as there are rounds, so that noise hits all of them."""
    letter = specimen()
    with (
        tempfile.TemporaryDirectory() as name,
        open_sink(bundled=scale.bundled_sink) as sink,
        databases(postgres=scale.postgres) as fresh,
    ):
        letter.write_templates(Path(name))
        contenders = dict(_contenders(scale, letter, sink.port, Path(name), fresh))
        runs: dict[tuple[str, int], list[Cost]] = {key: [] for key in contenders}
        for _ in range(scale.rounds):
            for key, run in contenders.items():
                runs[key].append(run())
    middles = {key: cost.middle(costs) for key, costs in runs.items()}
    return Comparison(sink.name, len(letter.message), middles)


def judge(costs: dict[tuple[str, int], Cost]) -> Iterator[Verdict]:
    """Yield the ratios that matter, next to their targets."""
    mine = {connections: costs[ours(SQLITE), connections] for connections in CONNECTIONS}
    for connections, found in mine.items():
        named = f"{connections} connection{'s' * (connections > 1)}"
        yield Verdict(f"CPU per letter, SQLite FULL, {named}", found.cpu_us, 100, "µs")
    ratio = costs[LOOP, 1].cpu_us / mine[1].cpu_us
    yield Verdict("CPU of the loop : ours, 1 connection", ratio, 25, "times", at_least=True)
    for connections, found in mine.items():
        if source := costs.get((SOURCE, connections)):
            ratio = found.per_second / source.per_second
            what = f"throughput, ours : smtp-source, {connections} session{'s' * (connections > 1)}"
            yield Verdict(what, ratio, 0.7, "times", at_least=True)


def ours(database: str) -> str:
    """Return what this sender is called in the table."""
    return f"this sender, {database}"


def send(letters: int, port: int, connections: int, fresh: Fresh) -> Cost:
    """Freeze letters in a scratch workspace, send them in a process of its own, and return the cost."""
    with tempfile.TemporaryDirectory() as name, fresh() as url:
        root = Path(name)
        with studio.studio(root, mail=studio.smtp(port, connections), database_url=url) as app:
            studio.enlist(app, studio.WARM_UP, studio.WARM_UP_PEOPLE)
            studio.enlist(app, studio.LIST, letters)
            warm_up, edition = studio.freeze(app, studio.WARM_UP), studio.freeze(app, studio.LIST)
        return cost.of_python("benchmarks.sender", root, warm_up, edition)


def _contenders(
    scale: Scale, letter: Specimen, port: int, templates: Path, fresh: dict[str, Fresh]
) -> Iterator[tuple[tuple[str, int], Callable[[], Cost]]]:
    """Yield (program, connections) and how to run it."""
    for connections in CONNECTIONS:
        if program := tool(SOURCE):
            command = _source(program, letter.body_bytes, scale.letters, connections, port)
            yield (SOURCE, connections), partial(cost.of_program, command, scale.letters)
        for name, database in fresh.items():
            yield (ours(name), connections), partial(send, scale.letters, port, connections, database)
    yield (LOOP, 1), partial(cost.of_python, "benchmarks.naive", templates, port, scale.loop_letters)


def _source(program: str, body_bytes: int, letters: int, connections: int, port: int) -> list[str]:
    sizes = ["-s", str(connections), "-m", str(letters), "-l", str(body_bytes)]
    names = ["-M", "bench.example", "-f", "news@rivertrust.example", "-t", "reader@example.org"]
    # -d: the next letter goes over the same connection, as ours do.
    return [program, "-d", *sizes, *names, f"127.0.0.1:{port}"]


def _row(program: str, connections: int, found: Cost) -> list[str]:
    start = f"{found.start_cpu_s * 1000:.0f} ms" if found.start_cpu_s else "-"
    return [
        program,
        str(connections),
        f"{found.count:,}",
        f"{found.per_second:,.0f}",
        f"{found.cpu_us:,.0f}",
        megabytes(found.peak_bytes),
        start,
    ]
