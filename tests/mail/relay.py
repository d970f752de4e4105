"""A real mail server on loopback that misbehaves as it is told, per recipient and step."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Self

from aiosmtpd.smtp import SMTP, AuthResult

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

HANG_UP = "hang up"
"""In place of a reply: the connection is reset."""


class Relay:
    """Keeps what it takes; ``script`` says what it answers instead of yes."""

    def __init__(self, *, implicit_tls: ssl.SSLContext | None = None, **options: Any) -> None:
        """``options`` are those of aiosmtpd's SMTP: ``tls_context``, ``data_size_limit``, …."""
        self.script: dict[tuple[str, str], list[str]] = defaultdict(list)
        """(MAIL, RCPT, DATA, BODY or DOT; recipient, or sender for MAIL) → replies, one per attempt."""
        self.received: list[tuple[str, bytes]] = []
        """Recipient and message of every letter that was taken, even when the answer was lost."""
        self.arrived = threading.Event()
        """Set at every letter that was taken."""
        self.connections = 0
        self.logins: list[tuple[bytes, bytes]] = []
        self.password = b"river"
        self.port = 0
        self._options = {"hostname": "relay.example", "timeout": 60, "authenticator": self._check, **options}
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

    def tally(self) -> dict[str, int]:
        """Return recipient → letters taken."""
        counted: dict[str, int] = {}
        for recipient, _ in self.received:
            counted[recipient] = counted.get(recipient, 0) + 1
        return counted

    def answer(self, step: str, who: str) -> str:
        """Return the scripted reply, or nothing."""
        replies = self.script[step, who]
        return replies.pop(0) if replies else ""

    def _check(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, login: Any) -> AuthResult:
        self.logins.append((login.login, login.password))
        return AuthResult(success=login.password == self.password, handled=False)

    def _protocol(self) -> SMTP:
        self.connections += 1
        return _Server(self, **self._options)

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(self._protocol, "127.0.0.1", 0, ssl=self._implicit_tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Handler:
    def __init__(self, relay: Relay) -> None:
        self.relay = relay

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return await self._said(server, self.relay.answer("MAIL", address))

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        reply = self.relay.answer("RCPT", address)
        if not reply:
            envelope.rcpt_tos.append(address)
        return await self._said(server, reply)

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: Any, _session: Any, envelope: Any
    ) -> str:
        recipient = envelope.rcpt_tos[0]
        reply = self.relay.answer("DOT", recipient)
        if not reply or reply == HANG_UP or reply[0] not in "45":
            self.relay.received.append((recipient, envelope.original_content))
            self.relay.arrived.set()
        return await self._said(server, reply)

    async def _said(self, server: Any, reply: str) -> str:
        if reply == HANG_UP:
            server.transport.abort()
            raise asyncio.CancelledError
        return reply or "250 2.0.0 Ok: queued as 4F1A2"


class _Server(SMTP):
    """Can also fail where a handler is not asked: at DATA, and in the middle of a body."""

    def __init__(self, relay: Relay, **options: Any) -> None:
        self.relay = relay
        super().__init__(_Handler(relay), **options)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        assert self.envelope is not None
        recipient = self.envelope.rcpt_tos[0]
        if reply := self.relay.answer("DATA", recipient):
            await self.push(reply)
        elif self.relay.answer("BODY", recipient):
            await self.push("354 go on")
            await self._reader.readline()
            self._writer.transport.abort()
        else:
            await super().smtp_DATA(arg)
