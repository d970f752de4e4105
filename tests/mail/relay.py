"""A real mail server on loopback that misbehaves as it is told, per recipient and step.

It also runs by itself, with a tally that outlives it::

    python -m tests.mail.relay --tally tally.tsv --script '{"RCPT a@example.org": ["451 4.7.1 greylisted"]}'

The port is printed on the first line. In the script a list is used up one reply
per attempt; a string is said every time; ``*`` stands for everybody.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import sys
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.mail.conversation import Conversation

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from types import TracebackType

HANG_UP = "hang up"
"""In place of a reply: the connection is reset. At DOT the letter is taken first."""


@dataclass
class Offer:
    """What the server offers and demands."""

    hostname: str = "relay.example"
    """Its name."""
    pipelining: bool = True
    """RFC 2920; commands that come in a heap without it are a complaint."""
    eight_bit: bool = True
    """8BITMIME, RFC 6152."""
    enable_SMTPUTF8: bool = False  # noqa: N815 - the extension's name
    """RFC 6531."""
    data_size_limit: int = 33_554_432
    """Largest letter (SIZE, RFC 1870); 0 does not offer the extension."""
    tls_context: ssl.SSLContext | None = None
    """Certificate for STARTTLS, which is offered with it."""
    require_starttls: bool = False
    """Take nothing in the open."""
    auth_required: bool = False
    """Take nothing without a login."""
    password: bytes = b"river"
    """The right one, for every name."""
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Every name and password that was tried."""


class Relay:
    """Keeps what it takes; ``script`` says what it answers instead of yes."""

    def __init__(
        self,
        *,
        implicit_tls: ssl.SSLContext | None = None,
        port: int = 0,
        tally_file: Path | None = None,
        **options: Any,
    ) -> None:
        """``options`` are the fields of `Offer`; port 0 takes a free one.

        ``tally_file`` gets a line "recipient, tab, Message-ID" for every letter, before it is answered.
        """
        self.script: dict[tuple[str, str], list[str]] = defaultdict(list)
        """(step; recipient, sender for MAIL, ``""`` before it, or ``*``) → replies, one per attempt.

        Steps: CONNECT EHLO STARTTLS AUTH MAIL RCPT DATA BODY DOT, and NOBODY for a DATA without recipient.
        Replies that are none are explained at `Conversation.say`.
        """
        self.always: dict[tuple[str, str], str] = {}
        """The same, said at every attempt that the script has no reply for."""
        self.received: list[tuple[str, bytes]] = []
        """Recipient and message of every letter that was taken, even when the answer was lost."""
        self.arrived = threading.Event()
        """Set at every letter that was taken."""
        self.complaints: list[str] = []
        """What clients did against the rules."""
        self.connections = 0
        self.offer = Offer(**options)
        self.logins = self.offer.logins
        self.port = port
        self._tally_file = (
            os.open(tally_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644) if tally_file else None
        )
        self._implicit_tls = implicit_tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay")

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        if self._tally_file is not None:
            os.close(self._tally_file)

    def tally(self) -> dict[str, int]:
        """Return recipient → letters taken."""
        return dict(Counter(recipient for recipient, _ in self.received))

    def answer(self, step: str, who: str) -> str:
        """Return the scripted reply, or nothing."""
        for key in ((step, who), (step, "*")):
            if replies := self.script.get(key):
                return replies.pop(0)
        return self.always.get((step, who), self.always.get((step, "*"), ""))

    def take(self, recipient: str, message: bytes) -> None:
        """Keep a letter and count it, before anybody hears of it."""
        self.received.append((recipient, message))
        if self._tally_file is not None:
            found = re.search(rb"^Message-ID:\s*(\S+)", message, re.IGNORECASE | re.MULTILINE)
            name = found[1] if found else b""
            os.write(self._tally_file, recipient.encode() + b"\t" + name + b"\n")
        self.arrived.set()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await Conversation(self, reader, writer).run()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(
            self._converse, "127.0.0.1", self.port, ssl=self._implicit_tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(3):  # transports close in the rounds after they were told to
            await asyncio.sleep(0)


def follow(relay: Relay, script: Mapping[str, str | list[str]]) -> None:
    """Give a relay a script as it is written in JSON."""
    for key, replies in script.items():
        step, _, who = key.partition(" ")
        if isinstance(replies, str):
            relay.always[step, who] = replies
        else:
            relay.script[step, who].extend(replies)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="A mail server for tests.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tally", type=Path)
    parser.add_argument("--script", type=json.loads, default={})
    parser.add_argument("--no-pipelining", action="store_true")
    asked = parser.parse_args()
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with Relay(port=asked.port, tally_file=asked.tally, pipelining=not asked.no_pipelining) as relay:
        follow(relay, asked.script)
        sys.stdout.write(f"{relay.port}\n")
        sys.stdout.flush()
        signal.sigwait(ends)


if __name__ == "__main__":
    main()
