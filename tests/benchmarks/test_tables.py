"""Figures next to their targets."""

from __future__ import annotations

from benchmarks.tables import Verdict, table


def test_a_verdict_knows_which_way_is_better() -> None:
    """Less CPU is good, more throughput is."""
    assert Verdict("cpu", 99, 100, "µs").cells() == ["cpu", "99 µs", "≤ 100 µs", "yes"]
    assert Verdict("rate", 0.5, 0.7, "times", at_least=True).cells() == [
        "rate",
        "0.5 times",
        "≥ 0.7 times",
        "**no**",
    ]


def test_a_table_can_be_read_as_it_stands() -> None:
    """Columns have one width, numbers stand under each other."""
    assert list(table(["who", "letters"], [["us", "20,000"], ["others", "9"]])) == [
        "| who    | letters |",
        "|:-------|--------:|",
        "| us     |  20,000 |",
        "| others |       9 |",
        "",
    ]
