"""A mail server that plays a piece: it answers only when it has heard exactly what is written."""

from __future__ import annotations

import socket
import struct
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

Piece = tuple[bytes, bytes]
"""What must be heard, and what is said then."""
RESET = b"\0reset"
"""In place of words: the connection is reset."""
EHLO = b"ehlo studio.example\r\n"
GROUP = (EHLO, b"250-relay.example\r\n250 PIPELINING\r\n")
STEPS = (EHLO, b"250 relay.example\r\n")


def envelope(number: int) -> bytes:
    """Return the commands for ``people()[number]`` in one piece."""
    recipient = f"reader{number}@example.org".encode()
    return b"MAIL FROM:<news@rivertrust.example>\r\nRCPT TO:<" + recipient + b">\r\nDATA\r\n"


class Player:
    """Plays one piece per connection, then closes it; what it could not hear is in ``missed``."""

    def __init__(self, *connections: Sequence[Piece]) -> None:
        self.missed: list[str] = []
        self.port = 0
        self._connections = connections
        self._thread = threading.Thread(target=self._serve, name="player")

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.join(20)
        self._listener.close()

    def _serve(self) -> None:
        self._listener.settimeout(5)
        for number, pieces in enumerate(self._connections):
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                self.missed.append(f"connection {number}")
                return
            connection.settimeout(5)
            with connection:
                self._play(connection, [(b"", b"220 relay.example\r\n"), *pieces])

    def _play(self, connection: socket.socket, pieces: Sequence[Piece]) -> None:
        for expected, words in pieces:
            heard = b""
            try:
                while len(heard) < len(expected) and (part := connection.recv(len(expected) - len(heard))):
                    heard += part
            except OSError as error:
                heard += str(error).encode()
            if heard != expected:
                self.missed.append(f"{expected!r}, heard {heard!r}")
                return
            if words == RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            connection.sendall(words)
