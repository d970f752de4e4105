"""Protect the sender's good name: stop an edition that goes wrong before it has gone wrong everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from newsletter.errors import PermanentError, RefusedSenderError, UnknownOutcomeError
from newsletter.model import Receipt
from newsletter.storage import native

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from newsletter.outbox.settle import Outcome
    from newsletter.outbox.window import Claim, Delivery

MOST_HARD_BOUNCES: Final = 0.04
"""Share of letters to mailboxes that do not exist; Amazon SES reviews accounts at 5 % and stops at 10 %."""
BEFORE_JUDGING: Final = 200
"""Letters after which the share says something."""
LONGEST_STREAK: Final = 20
"""Letters in a row that failed or are in doubt, without one that was taken."""

_COUNT = """
UPDATE edition SET taken = taken + :taken, hard_bounces = hard_bounces + :hard,
  streak = CASE WHEN :taken > 0 THEN :streak ELSE streak + :streak END
WHERE id = :edition RETURNING taken, hard_bounces, streak"""
_FORGET = "UPDATE edition SET taken = 0, hard_bounces = 0, streak = 0 WHERE id = :edition"


def judge(connection: Connection, claim: Claim, outcomes: Sequence[tuple[Delivery, Outcome]]) -> str:
    """Count what a window of letters came to; return why the edition must be paused, or nothing."""
    if claim.kind != "mail" or not outcomes:
        return ""
    taken, hard, streak, last = 0, 0, 0, ""
    for _, outcome in outcomes:
        if isinstance(outcome, Receipt):
            taken, streak = taken + 1, 0
        elif _went_wrong(outcome):
            streak, last = streak + 1, str(outcome)
            hard += isinstance(outcome, PermanentError) and outcome.hard
    if not (taken or streak):
        return ""
    values = {"edition": claim.edition_id, "taken": taken, "hard": hard, "streak": streak}
    ((all_taken, all_hard, in_a_row),) = native.run(connection, _COUNT, values)
    tried = all_taken + all_hard
    if tried >= BEFORE_JUDGING and all_hard > MOST_HARD_BOUNCES * tried:
        return (
            f"{all_hard} of {tried} letters went to mailboxes that do not exist, and more of that "
            "costs the sender its good name: look at where the list came from "
            f"(newsletter outbox list {claim.edition_id} --state failed), then resume or cancel"
        )
    if last and in_a_row >= LONGEST_STREAK:
        return (
            f"{in_a_row} letters in a row did not arrive, the last one with: {last}; "
            "find out why before more are lost, then resume"
        )
    return ""


def forget(connection: Connection, edition_id: str) -> None:
    """Begin counting anew: a person has looked and lets it go on."""
    native.run(connection, _FORGET, {"edition": edition_id})


def _went_wrong(outcome: Outcome) -> bool:
    if isinstance(outcome, RefusedSenderError):
        return False
    return isinstance(outcome, (PermanentError, UnknownOutcomeError))
