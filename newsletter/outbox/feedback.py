"""What a window teaches: mailboxes that are none, services that are overrun, letters that did not leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.audience import suppression
from newsletter.errors import PermanentError, TransientError
from newsletter.outbox import limits
from newsletter.outbox.window import domain_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from newsletter.outbox.settle import Outcome
    from newsletter.outbox.terms import Terms
    from newsletter.outbox.window import Claim, Delivery


def note(
    connection: Connection,
    terms: Terms,
    claim: Claim,
    outcomes: Sequence[tuple[Delivery, Outcome]],
    now: datetime,
) -> None:
    """Suppress addresses that do not exist, slow down where we are too fast, give unused tokens back."""
    untried = []
    for sent, outcome in outcomes:
        if outcome is None:
            untried.append(domain_of(sent.recipient))
        elif isinstance(outcome, PermanentError) and outcome.hard and terms.rules.suppress_hard_bounces:
            source = f"edition {sent.edition_id}: {outcome.why}"
            suppression.suppress(connection, terms.signing_key, sent.recipient, "bounced", source, now)
        elif isinstance(outcome, TransientError) and outcome.throttled:
            limits.slow_down(
                connection,
                terms.limits,
                domain_of(sent.recipient),
                retry_after_s=outcome.retry_after_s,
                now=now,
            )
    if untried:
        limits.give_back(
            connection,
            terms.limits,
            channel=claim.channel,
            sender_domain=claim.sender_domain,
            recipient_domains=untried,
            now=now,
        )
