"""What a window teaches: mailboxes that are none, services that are overrun, letters that did not leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.audience import suppression
from newsletter.errors import PermanentError, TransientError
from newsletter.outbox import limits
from newsletter.outbox.window import domain_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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
    gone: dict[str, str] = {}
    slower: dict[str, float | None] = {}
    untried = []
    for sent, outcome in outcomes:
        if outcome is None:
            untried.append(domain_of(sent.recipient))
        elif isinstance(outcome, TransientError) and outcome.throttled:
            slower[domain_of(sent.recipient)] = outcome.retry_after_s
        elif isinstance(outcome, PermanentError) and outcome.hard and terms.rules.suppress_hard_bounces:
            gone[sent.recipient] = f"edition {sent.edition_id}: {outcome.why}"
    _slow_down(connection, terms, claim, slower, now)
    if untried:
        limits.give_back(
            connection,
            terms.limits,
            channel=claim.channel,
            sender_domain=claim.sender_domain,
            recipient_domains=untried,
            now=now,
        )
    # In one order, so that two programs that learn the same do not wait for each other.
    for address in sorted(gone):
        suppression.suppress(connection, terms.signing_key, address, "bounced", gone[address], now)


def _slow_down(
    connection: Connection,
    terms: Terms,
    claim: Claim,
    slower: Mapping[str, float | None],
    now: datetime,
) -> None:
    """Slow down towards these domains; or all of the channel, where it was its account that is too fast."""
    if slower and claim.channel in terms.accounts:
        waits = [wait_s for wait_s in slower.values() if wait_s is not None]
        asked_s = max(waits, default=None)
        limits.slow_down(connection, terms.limits, channel=claim.channel, retry_after_s=asked_s, now=now)
        return
    for domain, asked_s in sorted(slower.items()):
        limits.slow_down(connection, terms.limits, domain, retry_after_s=asked_s, now=now)
