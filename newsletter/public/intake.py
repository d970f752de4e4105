"""What comes in and what every answer carries: small bodies only, and headers that keep readers safe."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from python_multipart.multipart import Field
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES: Final = 16_384
"""No form of ours is larger."""

_ALWAYS: Final = {
    # The address of a page is a key; no other site may learn it, no index may keep it.
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


class Intake:
    """Read each request's body before the page is asked, so that pages can be plain functions."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand in front of ``app``."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a body over the limit is refused before it is kept."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    headers.setdefault(name, value)
            await send(message)

        body = await _read(receive)
        if body is None:
            refusal = PlainTextResponse("The request is too large.", 413, headers={"connection": "close"})
            await refusal(scope, receive, send_with_headers)
            return
        scope.setdefault("state", {})["body"] = body
        await self.app(scope, receive, send_with_headers)


def fields(request: Request) -> dict[str, list[str]]:
    """Return the form of a request, urlencoded or multipart; empty for anything else.

    RFC 8058 lets the one-click request come in either.
    """
    from python_multipart import parse_form
    from python_multipart.exceptions import FormParserError

    found: dict[str, list[str]] = {}

    def keep(field: Field) -> None:
        name, value = (field.field_name or b"").decode(errors="replace"), field.value or b""
        found.setdefault(name, []).append(value.decode(errors="replace"))

    headers = {"Content-Type": request.headers.get("content-type", "").encode("latin-1")}
    try:
        parse_form(headers, io.BytesIO(request.state.body), keep, None)
    except (FormParserError, ValueError):
        return {}
    return found


async def _read(receive: Receive) -> bytes | None:
    """Return the body; None for one over the limit, and for one that broke off."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return bytes(body)
