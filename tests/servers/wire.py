"""A wire to a server on this machine that breaks where a test wants it to."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


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
            while not self._stopping:
                ready, _, _ = select.select([client, server], [], [], 0.1)
                for source in ready:
                    # An end that was reset has ended.
                    try:
                        said = source.recv(65536)
                        if not said or (source is client and self._breaks_at(said, server)):
                            return
                        (server if source is client else client).sendall(said)
                    except OSError:
                        return

    def _breaks_at(self, said: bytes, server: socket.socket) -> bool:
        """Let the server do what it is to be cut off from, and wait for the answer nobody will get."""
        if not self._lose_answer_to or self._lose_answer_to not in said:
            return False
        self._lose_answer_to = b""
        server.sendall(said)
        server.recv(65536)
        self.lost += 1
        return True
