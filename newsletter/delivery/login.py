"""Wait on this machine for the code that a network's login page leads back with (RFC 8252 section 7.3)."""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from newsletter.errors import ConfigError, RefusedSenderError

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S: Final = 600.0
"""How long a person may take."""
THANKS: Final = "<!doctype html><meta charset=utf-8><title>Thank you</title><p>You can close this page now."


class _Server(HTTPServer):
    query: dict[str, list[str]] | None = None
    """What the login page has led back with."""


class _Visitor(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Take the answer; browsers also ask for an icon."""
        address = urlsplit(self.path)
        if address.path != "/":
            self.send_error(404)
            return
        self.server.query = parse_qs(address.query)
        content = THANKS.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Write nothing: the code is a secret."""


@dataclass(frozen=True)
class Door:
    """Where a login page leads back to."""

    url: str
    """Its address on this machine."""
    state: str
    """What the answer must carry, so that nobody else's answer is taken."""
    server: _Server
    """What listens there."""

    def code(self) -> str:
        """Return the code, once a person has let us in.

        Raises:
            RefusedSenderError: the person or the network said no, or nobody came.
        """
        until = time.monotonic() + PATIENCE_S
        while (left_s := until - time.monotonic()) > 0:
            self.server.timeout = left_s
            self.server.handle_request()
            query = self.server.query or {}
            if said := query.get("error"):
                words = query.get("error_description", said)[0]
                raise RefusedSenderError(f"the login was refused: {words}", code="login")
            (state,), (code,) = query.get("state", [""]), query.get("code", [""])
            if code and secrets.compare_digest(state, self.state):
                return code
        raise RefusedSenderError("nobody has logged in for ten minutes; try again", code="login")


@contextmanager
def waiting(port: int = 0) -> Iterator[Door]:
    """Listen on this machine while the block runs; port 0 takes a free one.

    Raises:
        ConfigError: the port is taken.
    """
    try:
        server = _Server(("127.0.0.1", port), _Visitor)
    except OSError as error:
        why = f"port {port} cannot be used: {error.strerror}; choose another one with --port"
        raise ConfigError(why) from None
    with server:
        yield Door(f"http://127.0.0.1:{server.server_address[1]}/", secrets.token_urlsafe(24), server)
