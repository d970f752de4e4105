"""The short form of the table of faults; ``make faults`` runs the long one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.faults import disk
from tests.faults.row import POSTGRES, Row
from tests.faults.senders import Senders
from tests.faults.setting import Stage
from tests.faults.table import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CASES = [(row, kind) for row in ROWS for kind in row.on]


@pytest.fixture(scope="module")
def breaking(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """Return the library that makes a disk fail, where it can be had."""
    return disk.library(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="module")
def senders(breaking: Path | None) -> Iterator[Senders]:
    """Return where senders come from."""
    with Senders(breaking) as running:
        yield running


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("row", "kind"), CASES, ids=[f"{row.name}-{kind}" for row, kind in CASES])
def test_every_promise_holds_after_the_fault(
    row: Row,
    kind: str,
    senders: Senders,
    *,
    breaking: Path | None,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> None:
    """Nobody is lost, nobody gets it twice unasked, at most a window per lane is in doubt."""
    if row.breaks_disk and breaking is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("a C compiler on Linux is needed to break a disk")
    server = request.getfixturevalue("postgres") if kind == POSTGRES else None
    stage = Stage(tmp_path_factory.mktemp(row.name), senders, server)
    for number in range(row.short):
        trial = row.run(stage, number)
        assert trial.broken == (), f"trial {number} of {row.name} on {kind}"
        assert trial.lost == 0
