"""A mail server that takes everything and keeps nothing: ``python -m benchmarks.bundled_sink``.

It stands in for postfix's ``smtp-sink``: it offers PIPELINING, answers every
command of a packet in one write, and counts. The first line of its output is
its port, the last one, after SIGTERM, how many letters it took.
"""

from __future__ import annotations

import asyncio
import signal

_END = b"\r\n.\r\n"
_GREETING = b"220 sink ESMTP\r\n"
_EHLO = b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
_OK = b"250 2.0.0 Ok\r\n"
_REPLIES = {
    b"EHLO": _EHLO,
    b"HELO": b"250 sink\r\n",
    b"MAIL": _OK,
    b"RCPT": _OK,
    b"RSET": _OK,
    b"NOOP": _OK,
    b"DATA": b"354 Go on\r\n",
    b"QUIT": b"221 2.0.0 Bye\r\n",
}


class Session(asyncio.Protocol):
    """One connection."""

    taken = 0
    """Letters of all connections."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._read = bytearray()
        self._in_body = False
        self._searched = 0
        transport.write(_GREETING)

    def data_received(self, data: bytes) -> None:
        """Answer whatever is complete."""
        self._read += data
        replies: list[bytes] = []
        while self._take_body(replies) if self._in_body else self._take_command(replies):
            pass
        self._transport.write(b"".join(replies))
        if replies and replies[-1].startswith(b"221"):
            self._transport.close()

    def _take_command(self, replies: list[bytes]) -> bool:
        end = self._read.find(b"\r\n")
        if end < 0:
            return False
        verb = bytes(self._read[:4]).upper()
        self._in_body = verb == b"DATA"
        # The line end of DATA stays: a body may end right behind it.
        del self._read[: end if self._in_body else end + 2]
        self._searched = 0
        replies.append(_REPLIES.get(verb, b"500 5.5.1 Unknown command\r\n"))
        return True

    def _take_body(self, replies: list[bytes]) -> bool:
        end = self._read.find(_END, self._searched)
        if end < 0:
            self._searched = max(0, len(self._read) - len(_END) + 1)
            return False
        del self._read[: end + len(_END)]
        self._in_body = False
        Session.taken += 1
        replies.append(_OK)
        return True


async def serve() -> None:
    """Listen on a free port of 127.0.0.1 until SIGTERM."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    server = await loop.create_server(Session, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await stopped.wait()
    server.close()
    print(Session.taken, flush=True)


if __name__ == "__main__":
    asyncio.run(serve())
