"""Write what became of a window into the ledger."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import bindparam, update

from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
)
from newsletter.model import DeliveryState, Receipt
from newsletter.outbox import retry
from newsletter.storage.tables import delivery

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from newsletter.config import Sending

Outcome: TypeAlias = "Receipt | DeliveryError | None"
"""What a service answered; None: it was not tried after all."""


@dataclass(frozen=True)
class Settled:
    """What a window came to."""

    counts: Counter[str] = field(default_factory=Counter)
    """State → deliveries that entered it."""
    refusal: RefusedSenderError | None = None
    """Why the service refuses us; the edition must wait for a person."""


def settle(
    connection: Connection,
    outcomes: Sequence[tuple[int, int, Outcome]],
    rules: Sending,
    now: datetime,
) -> Settled:
    """Settle deliveries that are ``sending``: ``(id, attempts with this one, outcome)`` each.

    The caller holds the slice (see `newsletter.outbox.claim`).
    """
    if not outcomes:
        return Settled()
    rows = [{"key": key, **verdict(outcome, tries, rules, now)} for key, tries, outcome in outcomes]
    statement = update(delivery).where(
        delivery.c.id == bindparam("key"), delivery.c.state == DeliveryState.SENDING.value
    )
    connection.execute(statement, rows)
    refusals = (outcome for _, _, outcome in outcomes if isinstance(outcome, RefusedSenderError))
    return Settled(Counter(row["state"] for row in rows), next(refusals, None))


def verdict(outcome: Outcome, attempts: int, rules: Sending, now: datetime) -> dict[str, Any]:
    """Return the columns of a delivery after an outcome; every kind of outcome sets the same ones."""
    row: dict[str, Any] = {
        "state": DeliveryState.PENDING.value,
        "attempts": attempts,
        "next_attempt_at": None,
        "code": "",
        "reply": "",
        "remote_id": "",
        "url": "",
        "at": now,
    }
    if isinstance(outcome, Receipt):
        facts = {"reply": outcome.reply, "remote_id": outcome.remote_id, "url": outcome.url}
        return row | facts | {"state": DeliveryState.SENT.value}
    if outcome is not None:
        row |= {"code": outcome.code, "reply": outcome.why}
    if outcome is None or isinstance(outcome, RefusedSenderError):
        # Nobody's mailbox refused; once a person has mended the sender, it is as if it had not been tried.
        return row | {"attempts": attempts - 1}
    return row | _after_error(outcome, attempts, rules, now)


def _after_error(error: DeliveryError, attempts: int, rules: Sending, now: datetime) -> dict[str, Any]:
    if isinstance(error, PermanentError):
        return {"state": DeliveryState.FAILED.value}
    if isinstance(error, TransientError):
        return _later(attempts, error.retry_after_s, rules, now, otherwise=DeliveryState.FAILED)
    if rules.on_unknown == "resend":
        return _later(attempts, None, rules, now, otherwise=DeliveryState.UNKNOWN)
    return {"state": DeliveryState.UNKNOWN.value}


def _later(
    attempts: int, asked_for_s: float | None, rules: Sending, now: datetime, *, otherwise: DeliveryState
) -> dict[str, Any]:
    wait_s = retry.delay_s(attempts, give_up_after_h=rules.give_up_after_h, asked_for_s=asked_for_s)
    if wait_s is None:
        return {"state": otherwise.value}
    return {"state": DeliveryState.DEFERRED.value, "next_attempt_at": now + timedelta(seconds=wait_s)}
