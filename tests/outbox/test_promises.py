"""Whatever happens, in whatever order: the states add up, and nobody gets a letter twice unasked."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import update

from newsletter.audience import suppression
from newsletter.config import Sending
from newsletter.errors import (
    NewsletterError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.model import Receipt
from newsletter.outbox import hold, ledger, upkeep
from newsletter.outbox.claim import LostSliceError, Sender
from newsletter.outbox.finish import finish
from newsletter.outbox.recover import recover
from newsletter.reports.numbers import numbers
from newsletter.storage import migrate
from newsletter.storage.database import open_database
from newsletter.storage.tables import slice_
from tests.outbox.audience import NOW, edition_in, frozen_in, subscribe

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from newsletter.outbox.window import Claim, Delivery

KEY = b"k" * 32
PEOPLE = 9
WINDOW = 3
OUTCOMES: list[Any] = [
    Receipt(reply="250 ok"),
    Receipt(reply="250 ok"),
    None,
    PermanentError("550 5.1.1"),
    TransientError("451 4.7.1"),
    RefusedSenderError("535"),
    UnknownOutcomeError("lost"),
]
"""The last one may have been delivered; in this world it always was."""


class Outbox(RuleBasedStateMachine):
    """Two senders, a person, and the hours, against one real database."""

    def __init__(self, fresh_database: Callable[[], AbstractContextManager[str]]) -> None:
        """Freeze an edition for a few people."""
        super().__init__()
        self.borrowed = fresh_database()
        self.folder = tempfile.TemporaryDirectory()
        root = Path(self.folder.name)
        self.database = open_database(self.borrowed.__enter__(), root)
        migrate.ensure(self.database)
        self.addresses = subscribe(self.database, PEOPLE)
        made = edition_in(root, accounts=("toots",))
        self.edition = frozen_in(self.database, made, root).edition_id
        self.now = NOW
        self.got: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.suppressed: set[str] = set()
        self.births = 0
        self.senders: list[Sender] = [self.born(), self.born()]
        self.held: list[tuple[Claim, tuple[Delivery, ...]] | None] = [None, None]

    def born(self) -> Sender:
        """Return a new sender on another machine, which only its lease can prove dead."""
        self.births += 1
        return Sender(KEY, Sending(window=WINDOW), owner=f"elsewhere:{self.births}:x")

    @rule(which=st.sampled_from([0, 1]), channel=st.sampled_from(["main", "toots"]))
    def take(self, which: int, channel: str) -> None:
        """Claim a slice and mark a first window."""
        if self.held[which] is None:
            sender = self.senders[which]
            with self.database.write() as connection:
                held = sender.claim(connection, channel, self.now)
                if held:
                    window = sender.advance(connection, held, (), size=WINDOW, now=self.now).window
                    self.held[which] = (held, window) if window else None
                    self.refuse_suppressed(window)

    @rule(
        which=st.sampled_from([0, 1]),
        outcomes=st.lists(st.sampled_from(OUTCOMES), min_size=WINDOW, max_size=WINDOW),
        size=st.sampled_from([WINDOW, WINDOW, 0]),
    )
    def send(self, which: int, outcomes: list[Any], size: int) -> None:
        """Send the window that is marked, settle it, and mark the next one."""
        held = self.held[which]
        if held is None:
            return
        claim, window = held
        came_back = list(zip(window, outcomes, strict=False))
        for delivery, outcome in came_back:
            if isinstance(outcome, (Receipt, UnknownOutcomeError)):
                self.got[delivery.recipient] += 1
        self.held[which] = None
        try:
            with self.database.write() as connection:
                step = self.senders[which].advance(connection, claim, came_back, size=size, now=self.now)
        except LostSliceError:
            return
        if step.window:
            self.held[which] = (claim, step.window)
            self.refuse_suppressed(step.window)

    @rule(which=st.sampled_from([0, 1]), arrived=st.booleans())
    def kill(self, which: int, arrived: bool) -> None:  # noqa: FBT001 - hypothesis gives it by name
        """End a sender at the worst moment: its window is on the wire."""
        if (held := self.held[which]) and arrived:
            self.got.update(delivery.recipient for delivery in held[1])
        self.held[which] = None
        self.senders[which] = self.born()

    @rule(minutes=st.sampled_from([1, 10, 600]))
    def wait(self, minutes: int) -> None:
        """Let time pass; a sender that lives keeps its lease."""
        self.now += timedelta(minutes=minutes)
        with self.database.write() as connection:
            for sender, held in zip(self.senders, self.held, strict=True):
                if held:
                    sender.renew(connection, self.now)
            recover(connection, self.senders[0], self.now)
            finish(connection, self.edition, self.now)

    @rule()
    def freeze_again(self) -> None:
        """Press send a second time."""
        root = Path(self.folder.name)
        assert frozen_in(self.database, edition_in(root, accounts=("toots",)), root).already

    @rule(who=st.integers(0, PEOPLE - 1))
    def suppress(self, who: int) -> None:
        """Have somebody unsubscribe; it holds from the next window on."""
        with self.database.write() as connection:
            suppression.suppress(connection, KEY, self.addresses[who], "unsubscribed", "link", self.now)
        self.suppressed.add(self.addresses[who])

    @rule(action=st.sampled_from(["pause", "resume", "retry", "sent", "failed", "resend"]))
    def intervene(self, action: Any) -> None:
        """Do what a person can do."""
        with self.database.write() as connection:
            entry = ledger.find(connection, self.edition)
            try:
                if action == "pause":
                    hold.pause(connection, entry.id, "by hand")
                elif action == "resume":
                    hold.resume(connection, entry)
                elif action == "retry":
                    upkeep.retry(connection, entry, self.now)
                else:
                    doubtful = upkeep.rows(connection, states=["unknown"])
                    upkeep.resolve(connection, entry, action, self.now)
                    # Who says "failed" can have it tried again; that is asking, too.
                    if action != "sent":
                        self.asked.update(row["recipient"] for row in doubtful)
            except NewsletterError:
                pass

    @invariant()
    def the_states_add_up(self) -> None:
        """In the edition and in every channel."""
        with self.database.read() as connection:
            facts = numbers(connection, self.edition)
        assert sum(facts["states"].values()) == facts["total"] == PEOPLE + 1
        assert sum(channel["total"] for channel in facts["channels"]) == facts["total"]

    @invariant()
    def nobody_gets_it_twice_unasked(self) -> None:
        """Only a person who says "resend" can cause that."""
        for recipient, count in self.got.items():
            assert count <= 1 + self.asked[recipient], recipient

    @invariant()
    def what_was_sent_arrived_and_what_waits_did_not(self) -> None:
        """The ledger believes nothing that did not happen."""
        with self.database.read() as connection:
            rows = upkeep.rows(connection)
        for row in rows:
            if row["state"] == "sent" and "a person says" not in row["reply"]:
                assert self.got[row["recipient"]] >= 1
            if row["state"] in {"pending", "deferred"} and not self.asked[row["recipient"]]:
                assert self.got[row["recipient"]] == 0

    def refuse_suppressed(self, window: tuple[Delivery, ...]) -> None:
        """Nobody who has left is in a window that is marked afterwards."""
        assert not self.suppressed & {delivery.recipient for delivery in window}

    def teardown(self) -> None:
        """Bring it to an end: everything that can be sent is sent, and the edition is finished."""
        self.held = [None, None]
        with self.database.write() as connection:
            entry = ledger.find(connection, self.edition)
            if entry.state == "paused":
                hold.resume(connection, entry)
            connection.execute(update(slice_).values(lease_until=self.now))
        end = self.born()
        for _ in range(3):
            self.now += timedelta(days=1)
            with self.database.write() as connection:
                recover(connection, end, self.now)
                for channel in ("main", "toots"):
                    while held := end.claim(connection, channel, self.now):
                        step = end.advance(connection, held, (), size=WINDOW, now=self.now)
                        while step.window:
                            self.got.update(delivery.recipient for delivery in step.window)
                            outcomes = [(delivery, Receipt()) for delivery in step.window]
                            step = end.advance(connection, held, outcomes, size=WINDOW, now=self.now)
        with self.database.write() as connection:
            state = finish(connection, self.edition, self.now)
        self.the_states_add_up()
        self.nobody_gets_it_twice_unasked()
        self.what_was_sent_arrived_and_what_waits_did_not()
        self.database.close()
        self.borrowed.__exit__(None, None, None)
        self.folder.cleanup()
        assert state == "finished"


@pytest.mark.timeout(300)
def test_the_promises_hold_whatever_happens(
    request: pytest.FixtureRequest, fresh_database: Callable[[], AbstractContextManager[str]]
) -> None:
    """On either database; a PostgreSQL of its own for every example takes longer, so there are fewer."""
    examples = 30 if request.node.callspec.params["fresh_database"] == "sqlite" else 12
    run_state_machine_as_test(
        partial(Outbox, fresh_database),  # type: ignore[arg-type] # hypothesis calls it, and asks no more
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
