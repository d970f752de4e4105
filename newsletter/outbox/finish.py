"""An edition is finished only when every delivery is final and the states add up to the frozen total."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import false, select, update

from newsletter.outbox import hold, ledger
from newsletter.storage.tables import edition, slice_

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


def finish(connection: Connection, edition_id: str, now: datetime) -> str:
    """Finish an edition that is through, and return its state.

    States that do not add up pause the edition and say so: rows were changed
    behind the program's back, and nobody should believe the numbers.
    """
    if connection.execute(
        select(slice_.c.id).where(slice_.c.edition_id == edition_id, slice_.c.done == false()).limit(1)
    ).first():
        return hold.state_of(connection, edition_id)
    total = connection.execute(select(edition.c.total).where(edition.c.id == edition_id)).scalar_one()
    states = ledger.states(connection, edition_id)
    if states.total() != total:
        why = (
            f"the ledger does not add up: {states.total()} deliveries, {total} were frozen; restore a backup"
        )
        hold.pause(connection, edition_id, why)
    elif not any(states[state] for state in ledger.OPEN):
        being_sent = (edition.c.id == edition_id) & (edition.c.state == "sending")
        connection.execute(update(edition).where(being_sent).values(state="finished", finished_at=now))
    return hold.state_of(connection, edition_id)
