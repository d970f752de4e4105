"""Every measurement works, at a size that takes seconds; the figures themselves prove nothing here."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from benchmarks import growth, hotspots, run, sending
from benchmarks.databases import SQLITE
from benchmarks.scale import Scale
from benchmarks.sinks import open_sink

if TYPE_CHECKING:
    from pathlib import Path

TINY = Scale(
    letters=60,
    loop_letters=5,
    rounds=1,
    audiences=(40, 1_100),
    postgres_audiences=(),
    most_sent=500,
    postgres=False,
    bundled_sink=True,
)


def test_the_comparison_has_every_program_and_every_letter() -> None:
    """Our sender and the loop; smtp-source where it is installed."""
    compared = sending.compare(TINY)

    assert compared.sink == "bundled sink"
    ours = {connections: compared.costs[sending.ours(SQLITE), connections] for connections in (1, 4)}
    assert {cost.count for cost in ours.values()} == {60}
    assert compared.costs[sending.LOOP, 1].count == 5
    assert all(cost.cpu_s > 0 and cost.peak_bytes > 0 for cost in compared.costs.values())
    assert any("CPU of the loop" in verdict.what for verdict in sending.judge(compared.costs))


def test_a_send_reaches_the_sink_in_full() -> None:
    """The sink's own tally: the warm-up and the measured letters."""
    with open_sink(bundled=True) as sink:
        cost = sending.send(70, sink.port, 2, lambda: nullcontext("sqlite:///newsletter.db"))
    assert cost.count == 70
    assert sink.taken == 270


def test_growth_is_shown_for_every_size() -> None:
    """The larger audience is sent in part; what is under way is finished."""
    lines = list(growth.measure(TINY))
    rows = [line for line in lines if line.startswith(("| 40 ", "| 1,100 "))]

    assert len(rows) == 2
    assert any("Memory while sending to 1,100" in line for line in lines)
    assert 500 <= int(rows[1].split("|")[7].replace(",", "")) < 1_100


def test_hotspots_name_functions_of_ours() -> None:
    """The lane's thread is looked into, not only the main one."""
    assert any("newsletter/" in line for line in hotspots.measure(30))


def test_results_are_kept_with_machine_and_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was printed is what is written."""
    monkeypatch.setattr(run, "SECTIONS", {"otters": ("Otters", lambda _scale: iter(["7 of them"]))})
    monkeypatch.setattr(run, "RESULTS", tmp_path / "RESULTS.md")
    run.main(["--write"])
    kept = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")

    assert kept.rstrip() in capsys.readouterr().out
    assert "python -m benchmarks.run --write" in kept
    assert "- machine: " in kept
    assert "## Otters\n\n7 of them\n" in kept


def test_part_of_a_run_is_not_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """It would throw away the other figures."""
    with pytest.raises(SystemExit):
        run.main(["--only", "sending", "--write"])
    assert "leave --only out" in capsys.readouterr().err
