"""An HTTP server on this machine that a fake mail API is built on, with faults on demand.

A fake derives from `FaultyApi` and writes two methods: `keys_of` (which
deliveries a request carries) and `answer` (what the service would do). Every
request that carries a delivery takes the next fault of the script; a service
that is asked for anything else (an account, events) answers as it is.

    with FakePostmark() as api:
        api.faults = [THROTTLED["seconds"], None, LOST["dropped after accepting"]]
        ...
    assert api.attempts["delivery-1"] == 1
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from email.message import Message
    from types import TracebackType
    from typing import Self


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    method: str
    """``POST``."""
    path: str
    """Path without the query, still percent-encoded."""
    query: tuple[tuple[str, str], ...]
    """Parameters of the query in their order."""
    headers: Message
    """Header fields; names in any case."""
    body: bytes
    """The content, whole."""


@dataclass(frozen=True)
class Said:
    """An answer."""

    status: int
    """HTTP status."""
    body: bytes = b""
    """The content."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header fields besides Content-Length."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request."""

    said: Said | None = None
    """The answer in place of the service's own; None: there is no answer."""
    accepts: bool = False
    """Whether the service does what it was asked, before it fails."""
    silence: Literal["drop", "hang"] = "drop"
    """How there is no answer: the connection breaks, or nothing ever comes."""
    reads: bool = True
    """Whether the request is read at all; without that nobody knows whom it was for."""


def told(status: int, body: Any = None, **headers: str) -> Said:
    """Return a JSON answer; ``Retry_After`` becomes the header ``Retry-After``."""
    content = b"" if body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Said(status, content, {"Content-Type": "application/json", **named})


_TOO_MANY: Final = {"message": "too many requests"}
THROTTLED: Final[Mapping[str, tuple[Fault, float | None]]] = {
    "seconds": (Fault(told(429, _TOO_MANY, Retry_After="7")), 7.0),
    "date": (Fault(told(429, _TOO_MANY, Retry_After="Mon, 02 Mar 2026 09:01:30 GMT")), 90.0),
    "reset": (Fault(told(429, _TOO_MANY, **{"X-RateLimit-Reset": "1772442030"})), 30.0),
    "nothing": (Fault(told(429, _TOO_MANY)), None),
}
"""Form of Retry-After → the fault, and the seconds it asks for when it is `NOW`. Nothing is accepted."""
NOW: Final = "2026-03-02T09:00:00+00:00"
"""The moment that the dates of `THROTTLED` are counted from."""

LOST: Final[Mapping[str, Fault]] = {
    "500 after accepting": Fault(told(500, {"message": "internal error"}), accepts=True),
    "502 after accepting": Fault(Said(502, b"<html>Bad Gateway</html>"), accepts=True),
    "503 after accepting": Fault(told(503, {"message": "unavailable"}), accepts=True),
    "504 after accepting": Fault(Said(504, b""), accepts=True),
    "hung after accepting": Fault(accepts=True, silence="hang"),
    "dropped after accepting": Fault(accepts=True),
    "dropped after reading": Fault(),
    "dropped before reading": Fault(reads=False),
}
"""Failures after which nobody can know whether the letters leave."""

GARBAGE: Final[Mapping[str, Fault]] = {
    "a web page": Fault(Said(200, b"<html>Sign in to this network</html>"), accepts=True),
    "half of an answer": Fault(Said(200, b'{"id": "<2026'), accepts=True),
    "nothing": Fault(Said(200), accepts=True),
    "the wrong shape": Fault(told(200, [[1], None, "x"]), accepts=True),
}
"""Answers of a success that are not answers of the API, although the letters were accepted."""


class FaultyApi(ABC):
    """A mail service on a free port of 127.0.0.1; a context manager."""

    prefix: ClassVar[str] = ""
    """Path at the end of the service's address."""

    def __init__(self) -> None:
        """Begin to answer."""
        self.faults: list[Fault | None] = []
        """What goes wrong with the next requests that carry deliveries, in order; None: nothing."""
        self.attempts: Counter[str] = Counter()
        """Delivery → HTTP requests that carried it and were read."""
        self.asked: list[Asked] = []
        """Every request that was read, in order."""
        self.connections = 0
        """Connections that were opened, also those that were dropped before reading."""
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @abstractmethod
    def keys_of(self, asked: Asked) -> Iterable[str]:
        """Return the deliveries that a request carries; none for a request that sends nothing.

        Called for requests of any shape, also for wrong ones.
        """

    @abstractmethod
    def answer(self, asked: Asked) -> Said:
        """Return what the service says, after doing what it was asked; one call at a time."""

    @property
    def url(self) -> str:
        """Return the address of the service, without a slash at its end."""
        return f"http://127.0.0.1:{self._server.server_port}{self.prefix}"

    def close(self) -> None:
        """Stop answering; requests that hang are let go."""
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def take_connection(self) -> bool:
        """Count a connection; return whether its request is to be read."""
        with self._lock:
            self.connections += 1
            if self.faults and (fault := self.faults[0]) is not None and not fault.reads:
                self.faults.pop(0)
                return False
            return True

    def take(self, asked: Asked) -> Said | None:
        """Return the answer to a request, or None for a connection that breaks."""
        with self._lock:
            self.asked.append(asked)
            keys = list(self.keys_of(asked))
            self.attempts.update(keys)
            fault = self.faults.pop(0) if keys and self.faults else None
            own = self.answer(asked) if fault is None or fault.accepts else None
        if fault is None:
            return own
        if fault.said is None and fault.silence == "hang":
            self._over.wait()
        return fault.said


class _Server(ThreadingHTTPServer):
    # Threads are joined at the end, so that nothing of one test runs in the next.
    daemon_threads = False

    def __init__(self, api: FaultyApi) -> None:
        self.api = api
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away; a mistake of the fake is printed."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def handle_one_request(self) -> None:
        # One request per connection: a broken one breaks nobody else's.
        self.close_connection = True
        if not self.server.api.take_connection():
            # A reset before the first byte is on its way looks like no connection at all.
            self.connection.recv(1, socket.MSG_PEEK)
            self._break()
            return
        super().handle_one_request()

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def _respond(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        said = self.server.api.take(Asked(self.command, parts.path, query, self.headers, body))
        if said is None:
            self._break()
            return
        self.send_response(said.status)
        for name, value in said.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(said.body)))
        self.end_headers()
        self.wfile.write(said.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
        del format, args

    def _break(self) -> None:
        """Reset the connection, as a machine that dies does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
