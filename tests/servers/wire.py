"""A wire to a server on this machine that breaks where a test wants it to."""

from __future__ import annotations

import re
import select
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

REQUEST: Final = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.\d\r\n")


class Wire:
    """Passes on everything between its own ``port`` and the server's, until it is told not to."""

    def __init__(self, port: int) -> None:
        """Listen on a free port of 127.0.0.1 for connections to ``port``."""
        self._server_port = port
        self._lose_answer_to = b""
        self._stopping = False
        self._threads: list[threading.Thread] = []
        self.lost = 0
        """Answers that were lost."""
        self.holds = False
        """Whether clients go on waiting for a lost answer; their connections break otherwise."""
        self.requests: list[str] = []
        """Method and path of what clients asked for."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._start(self._accept)

    def lose_answer_to(self, words: bytes) -> None:
        """Break the next connection on which a client says this, once the server has done it."""
        self._lose_answer_to = words

    def __enter__(self) -> Self:
        """Return the wire."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cut it."""
        self.cut()

    def cut(self) -> None:
        """Break every connection and take no more; a second time does nothing."""
        self._stopping = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _start(self, run: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._pass_on, client)

    def _pass_on(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._server_port)) as server:
            asked = False
            while not self._stopping:
                ready, _, _ = select.select([client, server], [], [], 0.1)
                for source in ready:
                    said = _said_by(source)
                    if source is client:
                        self._note(said)
                    if (not said and source is server and asked) or self._breaks_at(said, source, server):
                        self._lose(client)
                        return
                    if not said:
                        return
                    asked = source is client
                    with suppress(OSError):
                        (server if source is client else client).sendall(said)

    def _note(self, said: bytes) -> None:
        if (request := REQUEST.match(said)) is not None:
            method, target = request.groups()
            self.requests.append(f"{method.decode()} {target.decode().partition('?')[0]}")

    def _breaks_at(self, said: bytes, source: socket.socket, server: socket.socket) -> bool:
        """Let the server do what it is to be cut off from, and wait for the answer nobody will get."""
        if source is server or not self._lose_answer_to or self._lose_answer_to not in said:
            return False
        self._lose_answer_to = b""
        server.sendall(said)
        server.recv(65536)
        return True

    def _lose(self, client: socket.socket) -> None:
        """Note that a client gets no answer, and let it wait where it is to."""
        self.lost += 1
        while self.holds and not self._stopping:
            ready, _, _ = select.select([client], [], [], 0.1)
            if ready and not _said_by(client):
                return


def _said_by(source: socket.socket) -> bytes:
    """Return what came; an end that was reset has ended."""
    try:
        return source.recv(65536)
    except OSError:
        return b""
