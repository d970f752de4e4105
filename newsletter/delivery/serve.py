"""Serve web pages from a thread, until told to stop."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from newsletter.errors import NewsletterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.applications import Starlette

GRACE_S = 5
"""Requests under way when the server stops get this long to end."""


def bind(host: str, port: int) -> socket.socket:
    """Listen on an address; port 0 takes a free one.

    Raises:
        NewsletterError: the port is in use, or the address is not one of this machine's.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        # The words of a failed bind repeat the address, its number does not; look-ups count below 0.
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else error.strerror
        message = f"cannot listen on {host}:{port}: {reason}; choose another with --port or [public] port"
        raise NewsletterError(message) from None


@contextmanager
def serving(pages: Starlette, listener: socket.socket) -> Iterator[str]:
    """Serve ``pages`` on ``listener`` while the block runs; yield the address of the pages."""
    settings = uvicorn.Config(
        pages, lifespan="off", ws="none", log_config=None, access_log=False, timeout_graceful_shutdown=GRACE_S
    )
    server = uvicorn.Server(settings)
    # In a thread uvicorn leaves signals alone; they belong to the command.
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="public-pages")
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    host, port = listener.getsockname()[:2]
    try:
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
