"""Send everything that is due: the lanes of every transport and account, at once."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from newsletter import failpoint
from newsletter.audience import signing
from newsletter.delivery.publishing import can_be_read
from newsletter.delivery.round import Round
from newsletter.outbox import emergency, ledger, limits
from newsletter.outbox.claim import Sender
from newsletter.outbox.finish import finish
from newsletter.outbox.recover import at_work, recover

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.delivery.release import Opened

PATIENCE_S: Final = 30.0
"""A slice that a limit keeps back for longer is given back, and taken up again when it may go on."""


@dataclass(frozen=True)
class Summary:
    """What one round of sending came to."""

    counts: Counter[str] = field(default_factory=Counter)
    """State → deliveries that entered it."""
    troubles: tuple[str, ...] = ()
    """What a person should know, one line each."""
    waits: tuple[str, ...] = ()
    """What a limit keeps back for now, one line each."""


def dispatch(
    opened: Opened,
    *,
    edition_id: str | None = None,
    stop: threading.Event | None = None,
    on_progress: Callable[[Counter[str]], None] = lambda _counts: None,
) -> Summary:
    """Send what is due now, of one edition or of all; deferred deliveries of later are left alone.

    What becomes due or is frozen while it sends is taken up at once. Safe to run
    twice at the same time, and to kill: see docs/explanation/ledger.md.

    Args:
        opened: the workspace.
        edition_id: only this edition.
        stop: when it is set, the windows on the wire are finished and settled, and nothing new begins.
        on_progress: told state → count after every window, by one thread at a time.

    Raises:
        DatabaseProblemError: the ledger cannot be read or written.
    """
    now = opened.database.clock(opened.now)
    with opened.database.write() as connection:
        sender = Sender(
            signing_key=signing.signing_key(connection, now()),
            rules=opened.loaded.config.sending,
            honours_key_for_s={network.name: network.honours_key_for_s for network in opened.networks},
            reads=[network.name for network in opened.networks if can_be_read(network)],
            limits=limits.limits_of(opened.loaded.config, opened.transports),
            accounts=[transport.name for transport in opened.transports if transport.is_account],
            patience_s=PATIENCE_S,
        )
        counts = recover(connection, sender, now())
        failpoint.reach("recovered")
        held = emergency.guard(connection, now())
    failpoint.reach("recovery-committed")
    if held:
        return Summary(counts, (f"nothing leaves since {held.at:%Y-%m-%d %H:%M} UTC: {held.why}",))
    round_ = Round(opened, sender, now, edition_id, stop or threading.Event(), on_progress)
    with at_work(sender.owner):
        round_.run()
    failpoint.reach("round-ended")
    with opened.database.write() as connection:
        for entry in ledger.entries(connection, state="sending"):
            finish(connection, entry.id, now())
        failpoint.reach("finished")
    troubles, waits = (tuple(dict.fromkeys(lines)) for lines in (round_.troubles, round_.waits))
    return Summary(counts + round_.counts, troubles, waits)
