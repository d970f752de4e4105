"""Keep the preview to the person who started it: this machine, this browser, and nothing that changes.

Pages on the web can send a browser to 127.0.0.1, or have their own name point
there (DNS rebinding). The first is stopped by a cookie that only the printed
address sets and that is never sent from other sites, the second by the Host
header.
"""

from __future__ import annotations

import secrets
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOSTS = ("127.0.0.1", "localhost", "[::1]")
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a page may load; a page that needs another policy sets its own."""
LOCKED = "This preview was started in a terminal. Open the address that is printed there."


class Guard:
    """Answer GET and HEAD from the browser that was given the token; refuse all else."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        """Stand before ``app``."""
        self.app = app
        self.token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http":
            return

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                _seal(MutableHeaders(scope=message))
            await send(message)

        answer = self._refusal(scope)
        await (self.app if answer is None else answer)(scope, receive, sealed)

    def _refusal(self, scope: Scope) -> Response | None:
        """Return the answer to a request that is not passed on, else None."""
        host = Headers(scope=scope).get("host", "").lower()
        port = scope["server"][1]
        if host not in {f"{name}:{port}" for name in HOSTS}:
            return PlainTextResponse("This address is not served here.", 421)
        if scope["method"] not in {"GET", "HEAD"}:
            return PlainTextResponse("Only looking is possible here.", 405, {"Allow": "GET, HEAD"})
        query = dict(parse_qsl(scope["query_string"].decode("ascii", "replace")))
        if self._is_ours(query.pop("token", "")):
            return self._welcome(scope["path"], query, port)
        if self._is_ours(_cookie(scope, _cookie_name(port))):
            return None
        return PlainTextResponse(LOCKED, 403)

    def _is_ours(self, token: str) -> bool:
        return secrets.compare_digest(token.encode(), self.token.encode())

    def _welcome(self, path: str, query: dict[str, str], port: int) -> Response:
        """Set the cookie and take the token out of the address bar."""
        # One leading slash, because //name would lead to another host.
        target = "/" + quote(path.lstrip("/\\")) + (f"?{urlencode(query)}" if query else "")
        answer = RedirectResponse(target, 303)
        answer.set_cookie(_cookie_name(port), self.token, httponly=True, samesite="strict")
        return answer


def _seal(headers: MutableHeaders) -> None:
    headers.setdefault("content-security-policy", POLICY)
    headers["x-content-type-options"] = "nosniff"
    headers["referrer-policy"] = "no-referrer"
    headers["cache-control"] = "no-store"
    headers["cross-origin-resource-policy"] = "same-origin"
    headers["cross-origin-opener-policy"] = "same-origin"


def _cookie_name(port: int) -> str:
    """Return a name of its own per port: browsers share cookies between the ports of a host."""
    return f"newsletter_preview_{port}"


def _cookie(scope: Scope, name: str) -> str:
    try:
        found = SimpleCookie(Headers(scope=scope).get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""
