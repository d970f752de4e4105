"""Strike at a moment of the SMTP dialogue: signal the sender that talks, or answer with something else."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    from collections.abc import Collection

    from tests.faults.senders import Sender


@dataclass
class Signal:
    """Sends the sender a signal, once."""

    step: str
    """A step of the dialogue, as `tests.mail.relay.Relay.script` has them."""
    count: int
    """At which time that it is reached."""
    number: signal.Signals
    """What is sent."""
    reply: str | None = None
    """What the server does then in place of going on."""
    done: threading.Event = field(default_factory=threading.Event)
    """Set when it was sent."""
    _aimed: threading.Event = field(default_factory=threading.Event)
    _sender: Sender | None = None

    def aim(self, sender: Sender) -> Sender:
        """Say who is meant; the dialogue waits for that."""
        self._sender = sender
        self._aimed.set()
        return sender

    def __call__(self, step: str, count: int) -> str | None:
        """Strike when it is time."""
        if self.done.is_set() or (step, count) != (self.step, self.count):
            return None
        self._aimed.wait()
        assert self._sender is not None
        os.kill(self._sender.pid, self.number)
        self.done.set()
        return self.reply


@dataclass
class Answer:
    """Says something else than yes."""

    step: str
    """At which step."""
    reply: str
    """What; see `tests.mail.conversation.Conversation.say`."""
    counts: Collection[int]
    """At which times that it is reached."""
    said: int = 0
    """How often it was said."""

    def __call__(self, step: str, count: int) -> str | None:
        """Answer when it is time."""
        if step != self.step or count not in self.counts:
            return None
        self.said += 1
        return self.reply
