"""Judge a trial: what the mail server took against what the ledger says."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from newsletter.outbox.ledger import OPEN
from newsletter.storage.tables import delivery, edition, occurrence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.scene import Scene


@dataclass(frozen=True)
class Trial:
    """What one trial came to."""

    faults: int
    """Kills, cuts and refusals in it."""
    letters: int
    """Deliveries that were to leave."""
    lost: int
    """Recipients without a letter whose delivery says nothing about it."""
    duplicates: int
    """Letters more than one for the same delivery."""
    unknown: int
    """Deliveries that a person has to settle."""
    arrived: int
    """How many of these had arrived."""
    resumed_s: float | None
    """From the start of the first sender after the last fault to its first letter."""
    broken: tuple[str, ...]
    """Promises that do not hold, one line each."""


def judge(scene: Scene, *, in_doubt: int | None = None, broken: tuple[str, ...] = ()) -> Trial:
    """Compare the tally with the ledger after everything was resumed.

    Args:
        scene: the world.
        in_doubt: letters that the faults may have left in doubt; None: a full window per fault and lane.
        broken: what the trial itself has found wrong.
    """
    allowed = scene.faults * scene.in_flight if in_doubt is None else in_doubt
    with scene.database.read() as connection:
        editions = connection.execute(select(edition)).all()
        query = select(delivery, edition.c.subject).join(edition, edition.c.id == delivery.c.edition_id)
        rows = connection.execute(query).all()
        begun = connection.execute(select(occurrence)).all()
    tally = scene.relay.tally_by_edition()
    unknown = [row for row in rows if row.state == "unknown"]
    lost = [row for row in rows if not tally[row.subject, row.recipient] and not _is_accounted_for(row)]
    duplicates = sum(count - 1 for count in tally.values())
    found = [
        *broken,
        *(() if len(editions) == scene.editions else (f"{len(editions)} editions of {scene.editions}",)),
        *_books(scene, editions, rows),
        *(f"{row.recipient} is {row.state} and never got it" for row in lost),
        *_refused_too_early(rows),
        *_begun_twice(begun),
        *scene.relay.complaints,
    ]
    strangers = tally.keys() - {(row.subject, row.recipient) for row in rows}
    found += [f"a letter that is in no ledger: {stranger}" for stranger in strangers]
    if duplicates > (allowed if scene.policy == "resend" else 0):
        found.append(f"{duplicates} duplicates under {scene.policy}; {allowed} letters were in doubt at most")
    if len(unknown) > (allowed if scene.policy == "hold" else 0):
        found.append(f"{len(unknown)} unknown under {scene.policy}; {allowed} letters were in doubt at most")
    return Trial(
        faults=scene.faults,
        letters=len(rows),
        lost=len(lost),
        duplicates=duplicates,
        unknown=len(unknown),
        arrived=sum(bool(tally[row.subject, row.recipient]) for row in unknown),
        resumed_s=scene.resumed_s,
        broken=tuple(found),
    )


def _is_accounted_for(row: Any) -> bool:
    """Tell whether a delivery that did not arrive says so, for a person to see."""
    return row.state in {"failed", "suppressed", "unknown", "cancelled"}


def _books(scene: Scene, editions: Any, rows: Any) -> Iterator[str]:
    """Yield what does not add up: every edition is over, with as many final deliveries as were frozen."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counted[row.edition_id][row.state] += 1
    for entry in editions:
        states = counted[entry.id]
        if not states.total() == entry.total == scene.people:
            yield f"{states.total()} deliveries, {entry.total} frozen, {scene.people} recipients"
        if entry.state not in {"finished", "cancelled"}:
            yield f"the edition is {entry.state}"
        if still := [state for state in OPEN if states[state]]:
            yield f"the edition is {entry.state}, and deliveries are {', '.join(still)}"


def _refused_too_early(rows: Any) -> Iterator[str]:
    """Yield who was given up although the server had said: not now."""
    for row in rows:
        if row.state == "failed" and row.code.startswith("4"):
            yield f"{row.recipient} failed for {row.code}, long before the horizon"


def _begun_twice(begun: Any) -> Iterator[str]:
    """Yield the due times that were begun more than once."""
    for key, count in Counter((row.schedule_id, row.local_wall_time) for row in begun).items():
        if count > 1:
            yield f"the occurrence {key} was begun {count} times"
