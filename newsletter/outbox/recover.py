"""Take over from senders that died: what they had on the wire is in doubt, everything else is exact."""

from __future__ import annotations

import os
import socket
import sys
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, true, update

from newsletter import failpoint
from newsletter.model import DeliveryState
from newsletter.outbox import hold
from newsletter.outbox.ledger import IN_DOUBT
from newsletter.storage.tables import delivery, edition, slice_

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from typing import Any

    from sqlalchemy import ColumnElement, Connection, Row

    from newsletter.outbox.claim import Sender

WHY = "the sender stopped while the answer was awaited"


_working: set[str] = set()
"""Senders of this very process; one of its own that is not among them has ended in trouble."""


@contextmanager
def at_work(owner: str) -> Iterator[None]:
    """Note that a sender of this process is at work while the block runs."""
    _working.add(owner)
    try:
        yield
    finally:
        _working.discard(owner)


def recover(connection: Connection, sender: Sender, now: datetime) -> Counter[str]:
    """Free the slices of dead senders; return how many deliveries became what.

    What was on the wire becomes unknown. In an edition that resends letters, while the network still
    drops repeats of our key, and where it can be asked what stands there, it becomes pending again.
    """
    held = connection.execute(
        select(slice_, edition.c.state, edition.c.on_unknown)
        .join(edition, edition.c.id == slice_.c.edition_id)
        .where(slice_.c.owner != "", slice_.c.owner != sender.owner)
        .order_by(slice_.c.id)
        .with_for_update(skip_locked=True, of=slice_)
    ).all()
    counts: Counter[str] = Counter()
    for row in held:
        if is_gone(row.owner, row.lease_until, now):
            counts += _doubt(connection, sender, row, now)
            failpoint.reach("slice-doubted")
            freed = {"owner": "", "lease_until": None, "not_before": None, "fence": slice_.c.fence + 1}
            connection.execute(update(slice_).where(slice_.c.id == row.id).values(freed))
            hold.mark_done(connection, row.edition_id)
    return counts


def is_gone(owner: str, lease_until: datetime | None, now: datetime) -> bool:
    """Tell whether a sender is dead: its process is gone from this machine, or its lease has run out."""
    if lease_until is None or lease_until <= now:
        return True
    host, pid, _ = owner.rsplit(":", 2)
    # Windows has no question without a consequence here; the lease answers in time.
    if host != socket.gethostname() or sys.platform == "win32":
        return False
    if int(pid) == os.getpid():
        return owner not in _working
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _doubt(connection: Connection, sender: Sender, row: Row[Any], now: datetime) -> Counter[str]:
    """Settle what the dead sender had on the wire."""
    on_wire = (delivery.c.slice_id == row.id) & (delivery.c.state == DeliveryState.SENDING.value)
    counts: Counter[str] = Counter()

    def become(state: DeliveryState, values: Mapping[str, object], further: ColumnElement[bool]) -> None:
        statement = update(delivery).where(on_wire, further).values(state=state.value, **values)
        counts[state.value] += connection.execute(statement).rowcount

    if row.state != "cancelled" and row.kind == "mail" and row.on_unknown == "resend":
        become(DeliveryState.PENDING, {"reply": WHY, "at": now}, true())
    key_honoured_s = sender.honours_key_for_s.get(row.channel, 0)
    if row.state != "cancelled" and row.channel in sender.reads:
        become(DeliveryState.PENDING, {"reply": WHY, "code": IN_DOUBT}, true())
    elif row.state == "sending" and key_honoured_s:
        # `at` stays: the network counts from the first try, see EXPIRED.
        fresh = delivery.c.at > now - timedelta(seconds=key_honoured_s)
        become(DeliveryState.PENDING, {"reply": WHY, "code": IN_DOUBT}, fresh)
    become(DeliveryState.UNKNOWN, {"reply": WHY, "code": "", "at": now}, true())
    return counts
