"""Write what became of a window into the ledger."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
)
from newsletter.model import DeliveryState, Receipt
from newsletter.outbox import retry
from newsletter.outbox.ledger import IN_DOUBT
from newsletter.storage import native

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from newsletter.config import Sending
    from newsletter.outbox.terms import Terms
    from newsletter.outbox.window import Claim, Delivery

Outcome: TypeAlias = "Receipt | DeliveryError | None"
"""What a service answered; None: it was not tried after all."""
Doubt: TypeAlias = Literal["hold", "resend", "ask"]
"""A delivery whose outcome nobody knows waits for a person, goes again, or has its network asked."""

# An enumeration is slow to ask, and this is asked for every letter.
_PENDING, _SENT = DeliveryState.PENDING.value, DeliveryState.SENT.value
_SETTLE = """
UPDATE delivery SET state = :state, attempts = :attempts, next_attempt_at = :next_attempt_at, code = :code,
  reply = :reply, remote_id = :remote_id, url = :url, at = :at
WHERE id = :id AND state = 'sending'"""


@dataclass(frozen=True)
class Settled:
    """What a window came to."""

    counts: Counter[str] = field(default_factory=Counter)
    """State → deliveries that entered it."""
    refusal: str = ""
    """Why the service refuses us, and at whose letter; the edition must wait for a person."""


def settle(
    connection: Connection,
    claim: Claim,
    outcomes: Sequence[tuple[Delivery, Outcome]],
    terms: Terms,
    now: datetime,
) -> Settled:
    """Settle the deliveries of a window; the caller holds the slice (see `newsletter.outbox.claim`)."""
    if not outcomes:
        return Settled()
    doubt: Doubt = "hold"
    if claim.channel in terms.reads:
        doubt = "ask"
    elif claim.on_unknown == "resend" and claim.kind == "mail":
        # Sent again, a letter has the same Message-ID; a social post would stand there twice.
        doubt = "resend"
    at = native.moment(connection, now)
    rows = []
    for sent, outcome in outcomes:
        row = verdict(outcome, sent.attempts, terms.rules, now, doubt)
        row["id"], row["at"] = sent.id, at
        if row["next_attempt_at"] is not None:
            row["next_attempt_at"] = native.moment(connection, row["next_attempt_at"])
        rows.append(row)
    native.run(connection, _SETTLE, rows)
    return Settled(Counter([row["state"] for row in rows]), _refusal(claim, outcomes))


def verdict(
    outcome: Outcome, attempts: int, rules: Sending, now: datetime, doubt: Doubt = "hold"
) -> dict[str, Any]:
    """Return the columns of a delivery after an outcome; every kind of outcome sets the same ones."""
    row: dict[str, Any] = {
        "state": _PENDING,
        "attempts": attempts,
        "next_attempt_at": None,
        "code": "",
        "reply": "",
        "remote_id": "",
        "url": "",
    }
    if isinstance(outcome, Receipt):
        row["state"] = _SENT
        row["reply"], row["remote_id"], row["url"] = outcome.reply, outcome.remote_id, outcome.url
        return row
    if outcome is not None:
        row["code"], row["reply"] = outcome.code, outcome.why
    if outcome is None or isinstance(outcome, RefusedSenderError):
        # Nobody's mailbox refused; once a person has mended the sender, it is as if it had not been tried.
        return row | {"attempts": attempts - 1}
    return row | _after_error(outcome, attempts, rules, now, doubt)


def _after_error(
    error: DeliveryError, attempts: int, rules: Sending, now: datetime, doubt: Doubt
) -> dict[str, Any]:
    if isinstance(error, PermanentError):
        return {"state": DeliveryState.FAILED.value}
    if isinstance(error, TransientError):
        return _later(attempts, error.retry_after_s, rules, now, otherwise=DeliveryState.FAILED)
    if doubt == "hold":
        return {"state": DeliveryState.UNKNOWN.value}
    later = _later(attempts, None, rules, now, otherwise=DeliveryState.UNKNOWN)
    return {**later, "code": IN_DOUBT} if doubt == "ask" else later


def _later(
    attempts: int, asked_for_s: float | None, rules: Sending, now: datetime, *, otherwise: DeliveryState
) -> dict[str, Any]:
    wait_s = retry.delay_s(attempts, give_up_after_h=rules.give_up_after_h, asked_for_s=asked_for_s)
    if wait_s is None:
        return {"state": otherwise.value}
    return {"state": DeliveryState.DEFERRED.value, "next_attempt_at": now + timedelta(seconds=wait_s)}


def _refusal(claim: Claim, outcomes: Sequence[tuple[Delivery, Outcome]]) -> str:
    for sent, outcome in outcomes:
        if isinstance(outcome, RefusedSenderError):
            return (
                f"{outcome} (at the letter to {sent.recipient}; mend it and resume, or take this one out: "
                f"newsletter outbox resolve {claim.edition_id} --failed --recipient {sent.recipient})"
            )
    return ""
