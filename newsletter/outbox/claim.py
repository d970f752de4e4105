"""Take a slice, and send it window by window: settle the last one and mark the next in one transaction.

A slice belongs to one sender at a time. Every claim raises its fence, and every
write of a sender first proves that owner and fence are still its own, so a
sender that was believed dead and wakes up writes nothing.

Rows are locked in one order everywhere: the slice, the edition, the deliveries, the limits.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from newsletter import failpoint
from newsletter.errors import NewsletterError
from newsletter.outbox import feedback, hold, protection
from newsletter.outbox.settle import Outcome, settle
from newsletter.outbox.terms import Terms
from newsletter.outbox.window import Claim, Delivery, Marked, mark
from newsletter.storage import native

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from newsletter.errors import RefusedSenderError

LEASE_S: Final = 120.0
"""A sender that has not been heard of for so long may be replaced."""

_FREE = """
SELECT s.id, s.edition_id, s.kind, e.path, e.lists, e.sender_domain, e.on_unknown
FROM slice s JOIN edition e ON e.id = s.edition_id
WHERE s.owner = '' AND s.done = false AND (s.not_before IS NULL OR s.not_before <= :now)
  AND e.state = 'sending' AND NOT EXISTS (SELECT 1 FROM install WHERE held_at IS NOT NULL)
  AND {whose} {only}
ORDER BY s.id LIMIT 1"""
_TAKE = """
UPDATE slice SET owner = :owner, fence = fence + 1, lease_until = :lease, channel = :channel
WHERE id = :slice AND owner = '' RETURNING fence"""
_RENEW = "UPDATE slice SET lease_until = :lease WHERE owner = :owner"
_PROVE = """
UPDATE slice SET lease_until = :lease
WHERE id = :slice AND owner = :owner AND fence = :fence RETURNING id"""
_REOPEN = "UPDATE slice SET not_before = NULL WHERE id = :slice AND owner = ''"
_UNMARK = """
UPDATE delivery SET state = 'pending', attempts = attempts - 1
WHERE slice_id = :slice AND state = 'sending' AND NOT id {among}"""
_LEFT = """
SELECT min(next_attempt_at), coalesce(sum(CASE state WHEN 'pending' THEN 1 ELSE 0 END), 0), count(*)
FROM delivery WHERE slice_id = :slice AND state IN ('pending', 'sending', 'deferred')"""
_GIVE_BACK = """
UPDATE slice SET owner = '', lease_until = NULL, done = :done, not_before = :not_before WHERE id = :slice"""


class LostSliceError(NewsletterError):
    """Another sender has taken over the slice; nothing was written."""


@dataclass(frozen=True)
class Step:
    """What one turn of a sender came to."""

    window: tuple[Delivery, ...]
    """To be sent now; empty: the slice was given back, unless ``again_at`` says when it goes on."""
    counts: Counter[str]
    """State → deliveries that entered it, ``sending`` left out."""
    paused: str = ""
    """Why the edition was paused just now."""
    again_at: datetime | None = None
    """When a limit lets the next letter of the slice go; the sender still holds the slice."""
    waits: str = ""
    """Why the slice was given back although some of it is due: a limit that opens later."""


@dataclass(frozen=True)
class Sender(Terms):
    """One sending program: what it calls itself, and the rules it keeps."""

    owner: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}")
    """``host:pid:random``, in the slices it holds."""

    def claim(
        self,
        connection: Connection,
        channel: str,
        now: datetime,
        *,
        edition_id: str | None = None,
        sender_domains: Collection[str] | None = None,
    ) -> Claim | None:
        """Take the first free slice of a channel with something due; None when there is none.

        With ``sender_domains``, slices of letters from these domains, whatever channel they were meant for.
        """
        values = {"now": native.moment(connection, now), "channel": channel}
        whose, only = "s.channel = :channel", ""
        if sender_domains is not None:
            whose = f"s.kind = 'mail' AND e.sender_domain {native.among(connection, 'domains')}"
            values = {"now": values["now"], "domains": native.listed(connection, sorted(sender_domains))}
        if edition_id is not None:
            only, values["edition"] = "AND e.id = :edition", edition_id
        free = _FREE.format(whose=whose, only=only)
        free += native.locking(connection, "FOR UPDATE OF s SKIP LOCKED")
        found = native.run(connection, free, values)
        if not found:
            return None
        number, of_edition, kind, path, lists, sender_domain, on_unknown = found[0]
        mine = {"slice": number, "owner": self.owner, "lease": _lease(connection, now), "channel": channel}
        taken = native.run(connection, _TAKE, mine)
        if not taken:
            return None
        return Claim(
            slice_id=number,
            edition_id=of_edition,
            path=path,
            lists=tuple(json.loads(lists) if isinstance(lists, str) else lists),
            channel=channel,
            kind=kind,
            fence=taken[0][0],
            sender_domain=sender_domain,
            on_unknown=on_unknown,
        )

    def advance(  # noqa: PLR0913 - what came back, and how it came
        self,
        connection: Connection,
        claim: Claim,
        outcomes: Sequence[tuple[Delivery, Outcome]],
        *,
        size: int,
        now: datetime,
        refusal: RefusedSenderError | None = None,
        again: bool = False,
    ) -> Step:
        """Settle the window that has come back and mark the next one as on the wire.

        A size of 0, an edition that is not being sent, or nothing due: the slice is given back.
        ``refusal`` is what the service said to all of the window at once. ``again``: the database
        failed in this very step, and nobody knows whether it was written.

        Raises:
            LostSliceError: somebody else holds the slice.
        """
        self._prove(connection, claim, now)
        if again:
            _unmark(connection, claim, outcomes)
        settled = settle(connection, claim, outcomes, self, now)
        failpoint.reach("window-settled")
        counts = Counter(settled.counts)
        why = str(refusal) if refusal else settled.refusal
        why = why or protection.judge(connection, claim, outcomes)
        paused = why if why and hold.pause(connection, claim.edition_id, why) else ""
        state = hold.state_of(connection, claim.edition_id)
        if state == "cancelled":
            hold.drop_waiting(connection, claim.edition_id, now)
        marked = Marked((), Counter())
        if state == "sending" and size:
            marked = mark(connection, self, claim, size=size, now=now)
        if claim.kind == "mail":
            feedback.note(connection, self, claim, outcomes, now)
        step = Step(marked.window, counts + marked.counts, paused)
        again_at = marked.again_at
        if again_at and again_at <= now + timedelta(seconds=self.patience_s):
            return replace(step, again_at=again_at)
        if not marked.window:
            _give_back(connection, claim, again_at, now)
        return replace(step, waits=marked.why)

    def reopen(self, connection: Connection, claim: Claim) -> None:
        """Have a slice that was given back taken up at once: another channel can send it now."""
        native.run(connection, _REOPEN, {"slice": claim.slice_id})

    def renew(self, connection: Connection, now: datetime) -> None:
        """Say that this sender is alive."""
        native.run(connection, _RENEW, {"owner": self.owner, "lease": _lease(connection, now)})

    def _prove(self, connection: Connection, claim: Claim, now: datetime) -> None:
        """Renew the lease; this also keeps everybody else out until the transaction ends."""
        mine = {
            "slice": claim.slice_id,
            "owner": self.owner,
            "fence": claim.fence,
            "lease": _lease(connection, now),
        }
        if not native.run(connection, _PROVE, mine):
            raise LostSliceError(
                f"another sender has taken over slice {claim.slice_id} of {claim.edition_id}"
            )


def _lease(connection: Connection, now: datetime) -> Any:
    return native.moment(connection, now + timedelta(seconds=LEASE_S))


def _unmark(connection: Connection, claim: Claim, outcomes: Sequence[tuple[Delivery, Outcome]]) -> None:
    """Take back the marks of a window that the lost step may have written; it never went on the wire."""
    known = native.listed(connection, [sent.id for sent, _ in outcomes])
    sql = _UNMARK.format(among=native.among(connection, "known"))
    native.run(connection, sql, {"slice": claim.slice_id, "known": known})


def _give_back(connection: Connection, claim: Claim, again_at: datetime | None, now: datetime) -> None:
    """Free the slice, and note when it is worth looking at again."""
    mine = {"slice": claim.slice_id}
    ((deferred_until, pending, left),) = native.run(connection, _LEFT, mine)
    if pending:
        deferred_until = native.moment(connection, again_at)
    elif left and deferred_until is None:
        # Nothing of it can become due by itself; without a date it would be taken up again and again.
        deferred_until = native.moment(connection, now + timedelta(seconds=LEASE_S))
    native.run(connection, _GIVE_BACK, {**mine, "done": not left, "not_before": deferred_until})
    failpoint.reach("slice-given-back")
