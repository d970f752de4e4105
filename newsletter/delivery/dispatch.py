"""Send everything that is due: the lanes of every transport and account, at once."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from newsletter.audience import signing
from newsletter.delivery.lane import Lane
from newsletter.delivery.mailing import Door, MailCarrier
from newsletter.delivery.publishing import SocialCarrier
from newsletter.outbox import ledger
from newsletter.outbox.claim import LEASE_S, Sender
from newsletter.outbox.finish import finish
from newsletter.outbox.recover import recover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from newsletter.delivery.lane import Carrier
    from newsletter.delivery.release import Opened


@dataclass(frozen=True)
class Summary:
    """What one round of sending came to."""

    counts: Counter[str] = field(default_factory=Counter)
    """State → deliveries that entered it."""
    troubles: tuple[str, ...] = ()
    """What a person should know, one line each."""


def dispatch(
    opened: Opened,
    *,
    edition_id: str | None = None,
    stop: threading.Event | None = None,
    on_progress: Callable[[Counter[str]], None] = lambda _counts: None,
) -> Summary:
    """Send what is due now, of one edition or of all; deferred deliveries of later are left alone.

    Safe to run twice at once, and to kill: see docs/explanation/ledger.md.

    Args:
        opened: the workspace.
        edition_id: only this edition.
        stop: when it is set, the windows on the wire are finished and settled, and nothing new begins.
        on_progress: told state → count after every window, by one thread at a time.

    Raises:
        DatabaseProblemError: the ledger cannot be read or written.
    """
    with opened.database.write() as connection:
        sender = Sender(
            signing_key=signing.signing_key(connection, opened.now()),
            rules=opened.loaded.config.sending,
            honours_key_for_s={network.name: network.honours_key_for_s for network in opened.networks},
        )
        counts = recover(connection, sender, opened.now())
        waiting = ledger.waiting_channels(connection, edition_id)
    round_ = _Round(opened, sender, edition_id, stop or threading.Event(), on_progress)
    round_.run(waiting)
    with opened.database.write() as connection:
        for entry in ledger.entries(connection, state="sending"):
            finish(connection, entry.id, opened.now())
    return Summary(counts + round_.counts, tuple(dict.fromkeys(round_.troubles)))


class _Round:
    """The lanes of one round, and what they share."""

    def __init__(
        self,
        opened: Opened,
        sender: Sender,
        edition_id: str | None,
        stop: threading.Event,
        on_progress: Callable[[Counter[str]], None],
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.troubles: list[str] = []
        self._opened = opened
        self._sender = sender
        self._edition_id = edition_id
        self._stop = stop
        self._failed = threading.Event()
        self._on_progress = on_progress
        self._telling = threading.Lock()

    def run(self, waiting: Counter[tuple[str, str]]) -> None:
        """Run a thread per lane until all have ended; raise the first one's error then."""
        lanes = [self._lane(channel, carrier) for channel, carrier in self._carriers(waiting)]
        if not lanes:
            return
        accounts = {network.name for network in self._opened.networks}
        with ThreadPoolExecutor(len(lanes), thread_name_prefix="lane") as pool:
            ends = []
            for lane in lanes:
                end = pool.submit(lane.run)
                end.add_done_callback(self._note_failure)
                ends.append(end)
                if lane.channel in accounts:
                    # A mail server that refuses us pauses the edition; what posts at once has left by then.
                    lane.begun.wait()
            try:
                while wait(ends, timeout=LEASE_S / 4).not_done:
                    with self._opened.database.write() as connection:
                        self._sender.renew(connection, self._opened.now())
            except BaseException:
                self._failed.set()
                raise
        self.troubles += [line for lane in lanes for line in lane.troubles]
        for end in ends:
            end.result()

    def _carriers(self, waiting: Counter[tuple[str, str]]) -> Iterator[tuple[str, Carrier]]:
        """Yield what is to run: a carrier per connection of a transport, one per account."""
        for network in self._opened.networks:
            if waiting.pop((network.name, "social"), 0):
                yield network.name, SocialCarrier(self._opened, network)
        for transport in self._opened.transports:
            slices = waiting.pop((transport.name, "mail"), 0)
            door = Door(transport)
            for _ in range(min(slices, getattr(transport, "connections", 1))):
                yield transport.name, MailCarrier(self._opened, door, self._sender.signing_key)
        for channel, kind in waiting:
            self.troubles.append(
                f"deliveries wait for the channel {channel!r}, which config.toml no longer has; "
                f"put its [[{kind}]] back, or cancel the edition"
            )

    def _lane(self, channel: str, carrier: Carrier) -> Lane:
        return Lane(
            channel=channel,
            carrier=carrier,
            sender=self._sender,
            database=self._opened.database,
            now=self._opened.now,
            stopped=lambda: self._stop.is_set() or self._failed.is_set(),
            progress=self._note_progress,
            edition_id=self._edition_id,
        )

    def _note_failure(self, end: Future[None]) -> None:
        if end.exception() is not None:
            self._failed.set()

    def _note_progress(self, counts: Counter[str]) -> None:
        with self._telling:
            self.counts += counts
            self._on_progress(counts)
