"""The short form of the table of faults; ``make faults`` runs the long one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.row import POSTGRES, Row
from tests.faults.senders import Senders
from tests.faults.setting import Stage
from tests.faults.table import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = [(row, kind) for row in ROWS for kind in row.on]


@pytest.fixture(scope="module")
def senders() -> Iterator[Senders]:
    """Return where senders come from."""
    with Senders() as running:
        yield running


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("row", "kind"), CASES, ids=[f"{row.name}-{kind}" for row, kind in CASES])
def test_every_promise_holds_after_the_fault(
    row: Row, kind: str, senders: Senders, tmp_path_factory: Any, request: pytest.FixtureRequest
) -> None:
    """Nobody is lost, nobody gets it twice unasked, at most a window per lane is in doubt."""
    server = request.getfixturevalue("postgres") if kind == POSTGRES else None
    stage = Stage(tmp_path_factory.mktemp(row.name), senders, server)
    for number in range(row.short):
        trial = row.run(stage, number)
        assert trial.broken == (), f"trial {number} of {row.name} on {kind}"
        assert trial.lost == 0
