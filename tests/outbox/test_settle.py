"""Outcomes become states."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter.config import Sending
from newsletter.errors import PermanentError, RefusedSenderError, TransientError, UnknownOutcomeError
from newsletter.model import Receipt
from newsletter.outbox.settle import verdict
from tests.outbox.audience import NOW

if TYPE_CHECKING:
    from newsletter.outbox.settle import Doubt, Outcome

RULES = Sending()
TRANSIENT = TransientError("451 4.7.1 greylisted", code="451")


@pytest.mark.parametrize(
    ("outcome", "doubt", "attempts", "state", "left"),
    [
        (Receipt(reply="250 ok"), "hold", 1, "sent", 1),
        (PermanentError("550 no such user", code="550"), "hold", 1, "failed", 1),
        (TRANSIENT, "hold", 1, "deferred", 1),
        (TRANSIENT, "hold", 7, "failed", 7),
        (UnknownOutcomeError("lost", code="lost"), "hold", 1, "unknown", 1),
        (UnknownOutcomeError("lost", code="lost"), "resend", 1, "deferred", 1),
        (UnknownOutcomeError("lost", code="lost"), "resend", 7, "unknown", 7),
        (UnknownOutcomeError("lost", code="lost"), "ask", 1, "deferred", 1),
        (UnknownOutcomeError("lost", code="lost"), "ask", 7, "unknown", 7),
        (RefusedSenderError("535 no", code="535"), "hold", 1, "pending", 0),
        (None, "hold", 3, "pending", 2),
    ],
)
def test_an_outcome_becomes_a_state(
    outcome: Outcome,
    doubt: Doubt,
    attempts: int,
    state: str,
    left: int,
) -> None:
    """What was not the recipient's doing is not counted against the recipient."""
    row = verdict(outcome, attempts, RULES, NOW, doubt)

    assert (row["state"], row["attempts"]) == (state, left)
    assert (row["next_attempt_at"] is not None) == (state == "deferred")


def test_the_words_of_the_service_are_kept() -> None:
    """For people, and for the bounce policy."""
    sent = verdict(Receipt("4F1", "https://social.example/1", "250 queued"), 1, RULES, NOW)
    refused = verdict(PermanentError("550 5.1.1 no such user", code="550"), 1, RULES, NOW)

    assert (sent["remote_id"], sent["url"], sent["reply"]) == (
        "4F1",
        "https://social.example/1",
        "250 queued",
    )
    assert (refused["code"], refused["reply"]) == ("550", "550 5.1.1 no such user")


def test_a_service_that_names_a_time_is_not_asked_before() -> None:
    """Retry-After."""
    row = verdict(TransientError("429", code="429", retry_after_s=7200), 1, RULES, NOW)

    assert row["next_attempt_at"] == NOW + timedelta(hours=2)


@pytest.mark.parametrize("outcome", [None, Receipt(), TRANSIENT, UnknownOutcomeError("lost")])
def test_every_outcome_sets_the_same_columns(outcome: Outcome) -> None:
    """They are written with one statement."""
    assert verdict(outcome, 1, RULES, NOW).keys() == verdict(None, 1, RULES, NOW).keys()
