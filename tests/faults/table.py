"""All rows of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.faults import crowd, disk, kills, ledgers, power, relays, stops, zombies

if TYPE_CHECKING:
    from tests.faults.row import Row

ROWS: Final[tuple[Row, ...]] = (
    *kills.ROWS,
    *zombies.ROWS,
    *relays.ROWS,
    *ledgers.ROWS,
    *disk.ROWS,
    *crowd.ROWS,
    *stops.ROWS,
    *power.ROWS,
)
