"""What goes wrong on the way to and from a fake that answers with werkzeug."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from werkzeug import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug import Request


def spoilt(
    fault: str, request: Request, *, commit: Callable[[], Response], error: Response, haste: Response
) -> Response:
    """Return what a request that publishes gets, with one of `tests.fakes.stand.FAULTS` or "".

    ``commit`` takes the post and returns the true answer; ``error`` is the
    network's own 5xx and ``haste`` its 429.
    """
    page = Response("<html>Sign in to this network</html>", content_type="text/html")
    untaken = {"html": page, "500 before commit": error, "429": haste}
    if fault == "silence":
        return silence(request)
    if fault in untaken:
        return untaken[fault]
    answer = commit()
    if fault == "lost after commit":
        return drop(request)
    return error if fault == "500 after commit" else answer


def drop(request: Request) -> Response:
    """End the connection of a request without an answer; the response returned goes nowhere."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    return Response()


def silence(request: Request) -> Response:
    """Say nothing until the client gives up."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    try:
        while connection.recv(1):
            continue
    except OSError:
        return Response()
    return Response()
