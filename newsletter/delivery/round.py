"""One round of sending: keeps a lane running for every connection that has something to send."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from newsletter.delivery.lane import Lane
from newsletter.delivery.mailing import Door, MailCarrier
from newsletter.delivery.publishing import SocialCarrier
from newsletter.delivery.routing import Routes
from newsletter.outbox import ledger
from newsletter.outbox.claim import LEASE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from newsletter.delivery.lane import Carrier
    from newsletter.delivery.release import Opened
    from newsletter.mail.base import MailTransport
    from newsletter.outbox.claim import Sender
    from newsletter.outbox.ledger import Waiting
    from newsletter.outbox.window import Claim

GLANCE_S: Final = 1.0
"""How often a round looks for what has become due, and for transports that answer again."""
MOST_LANES: Final = 64
"""Threads of one round."""


class Round:
    """The lanes of one round, and what they share."""

    def __init__(  # noqa: PLR0913, PLR0917 - the arguments of `dispatch`
        self,
        opened: Opened,
        sender: Sender,
        now: Callable[[], datetime],
        edition_id: str | None,
        stop: threading.Event,
        on_progress: Callable[[Counter[str]], None],
    ) -> None:
        self.counts: Counter[str] = Counter()
        """State → deliveries that entered it."""
        self.troubles: list[str] = []
        """What a person should know."""
        self.waits: list[str] = []
        """What a limit keeps back for now."""
        self._opened = opened
        self._sender = sender
        self._now = now
        self._edition_id = edition_id
        self._asked_to_stop = stop
        self._stop = threading.Event()
        self._on_progress = on_progress
        self._telling = threading.Lock()
        self._routes = Routes(opened.transports, opened.database, now)
        self._doors = {one.name: Door(one, self._routes) for one in opened.transports}
        self._domains: dict[str, set[str]] = defaultdict(set)
        self._running: dict[Future[None], Lane] = {}
        self._renewed_at = now()

    def run(self) -> None:
        """Send until nothing is due or nothing can go; raise the first error of a lane then."""
        with ThreadPoolExecutor(MOST_LANES, thread_name_prefix="lane") as pool:
            try:
                while self._start(pool) or self._running:
                    self._watch()
                    if self._ended_idle():
                        break
            except BaseException:
                self._stop.set()
                raise
            finally:
                self._gather(wait(self._running).done)

    def _start(self, pool: ThreadPoolExecutor) -> bool:
        """Start the lanes that are missing; tell whether there were any."""
        if self._stopping():
            return False
        lanes = [self._lane(*missing) for missing in self._missing()]
        for lane in lanes:
            self._running[pool.submit(lane.run)] = lane
            if lane.sender_domains is None:
                # A mail server that refuses us pauses the edition; what posts at once has left by then.
                lane.begun.wait()
        return bool(lanes)

    def _watch(self) -> None:
        """Wait for a lane to end, for a moment; say that this sender is alive."""
        done, _ = wait(self._running, timeout=GLANCE_S, return_when=FIRST_COMPLETED)
        self._gather(done)
        if done and self._idle and self._running:
            # What it was started for went to others; another one in its place would find nothing either.
            self._gather(wait(self._running, timeout=GLANCE_S).done)
        now = self._now()
        if now - self._renewed_at > timedelta(seconds=LEASE_S / 4):
            self._renewed_at = now
            with self._opened.database.write() as connection:
                self._sender.renew(connection, now)

    def _gather(self, done: set[Future[None]]) -> None:
        """Take over what ended lanes have to say; raise what ended them."""
        self._idle = True
        for end in done:
            lane = self._running.pop(end)
            self.troubles += lane.troubles
            self.waits += lane.waits
            self._idle = self._idle and not lane.claims
            if end.exception() is not None:
                self._stop.set()
        for end in done:
            end.result()

    def _ended_idle(self) -> bool:
        """Tell whether everything has ended and the last lanes found nothing: another look finds no more."""
        return not self._running and self._idle

    def _missing(self) -> list[tuple[str, Carrier, int, bool]]:
        """Return the lanes to start: channel, carrier, letters of a window, and whether it carries mail."""
        with self._opened.database.read() as connection:
            self._routes.look(connection, self._sender.limits, self._sender.patience_s)
            found = ledger.waiting(connection, self._now(), self._edition_id)
        waiting = [one for one in found if one.slices]
        return [*self._missing_accounts(waiting), *self._missing_mail(waiting)]

    def _missing_accounts(self, waiting: Sequence[Waiting]) -> list[tuple[str, Carrier, int, bool]]:
        networks = {network.name: network for network in self._opened.networks}
        lanes: list[tuple[str, Carrier, int, bool]] = []
        for one in waiting:
            if one.kind != "social":
                continue
            if one.channel not in networks:
                self._tell(
                    f"deliveries wait for the channel {one.channel!r}, which config.toml no longer has; "
                    "put its [[social]] back, or cancel the edition"
                )
            elif not self._lanes_of(one.channel):
                carrier = SocialCarrier(self._opened, networks[one.channel])
                lanes.append((one.channel, carrier, self._sender.rules.window, False))
        return list({lane[0]: lane for lane in lanes}.values())

    def _missing_mail(self, waiting: Sequence[Waiting]) -> list[tuple[str, Carrier, int, bool]]:
        slices: Counter[str] = Counter()
        transports: dict[str, MailTransport] = {}
        domains: dict[str, set[str]] = defaultdict(set)
        for one in waiting:
            if one.kind != "mail":
                continue
            transport = self._routes.choose(one.sender_domain)
            if transport is None:
                self._tell(self._routes.why_not(one.sender_domain))
                continue
            slices[transport.name] += one.slices
            transports[transport.name] = transport
            domains[transport.name].add(one.sender_domain)
        self._domains = domains
        lanes: list[tuple[str, Carrier, int, bool]] = []
        for name, transport in transports.items():
            for connections in self._shares(transport, slices[name]):
                size = (transport.window or self._sender.rules.window) * connections
                door = self._doors[name]
                carrier = MailCarrier(self._opened, door, self._sender.signing_key, connections)
                lanes.append((name, carrier, size, True))
        return lanes

    def _shares(self, transport: MailTransport, slices: int) -> Iterator[int]:
        """Yield for every further lane of a transport how many connections it may use."""
        used = (lane.carrier.connections for lane in self._running.values() if lane.channel == transport.name)
        free = transport.connections - sum(used)
        while free > 0 and slices > 0:
            share = min(free, transport.interleaved)
            yield share
            free, slices = free - share, slices - 1

    def _lane(self, channel: str, carrier: Carrier, size: int, carries_mail: bool) -> Lane:  # noqa: FBT001 - a row of `_missing`
        return Lane(
            channel=channel,
            carrier=carrier,
            sender=self._sender,
            database=self._opened.database,
            now=self._now,
            stopped=self._stopping,
            progress=self._note_progress,
            size=size,
            hand_over=partial(self._hand_over, channel),
            sender_domains=partial(self._domains_of, channel) if carries_mail else None,
            edition_id=self._edition_id,
        )

    def _hand_over(self, channel: str, claim: Claim) -> bool:
        """Give a slice that its channel cannot send today to one that can."""
        with self._opened.database.write() as connection:
            self._routes.look(connection, self._sender.limits, self._sender.patience_s)
            other = self._routes.choose(claim.sender_domain) if claim.kind == "mail" else None
            if other is None or other.name == channel:
                return False
            self._sender.reopen(connection, claim)
        return True

    def _stopping(self) -> bool:
        return self._asked_to_stop.is_set() or self._stop.is_set()

    def _domains_of(self, channel: str) -> set[str]:
        return self._domains.get(channel, set())

    def _lanes_of(self, channel: str) -> int:
        return sum(lane.channel == channel for lane in self._running.values())

    def _tell(self, trouble: str) -> None:
        if trouble not in self.troubles:
            self.troubles.append(trouble)

    def _note_progress(self, counts: Counter[str]) -> None:
        with self._telling:
            self.counts += counts
            self._on_progress(counts)
