"""The address of a hook, the one way to call it, and what its refusals mean."""

from __future__ import annotations

import json as jsonlib
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from newsletter import http
from newsletter.errors import DeliveryError, RefusedSenderError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping

GONE: Final = "the hook is gone; make a new one and put its address where address reads it"
ADVICE: Final[Mapping[int, str]] = {
    401: GONE,
    403: "posting there is forbidden to this hook; ask an administrator, or make a new one",
    404: GONE,
    410: GONE,
}
"""HTTP status → what to do, where the hook itself is refused.

Of the others, 4xx is about the post, 429 is for later, and after 5xx nobody knows.
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
"""


class Hook:
    """The address of a hook, and the one way to call it."""

    def __init__(self, address: str, timeout_s: float) -> None:
        self._parts = urlsplit(address)
        self._timeout_s = timeout_s
        self.host = http.place(f"{self._parts.scheme}://{self._parts.netloc}")
        path = self._parts.path.strip("/")
        # A service may repeat any of it; short segments are words such as "webhooks".
        pieces = [*path.split("/"), *(value for _, value in parse_qsl(self._parts.query))]
        long = (piece for piece in pieces if len(piece) > 8)
        self._secrets = (address, path, self._parts.query, *long)

    def call(
        self,
        method: str,
        path: str = "",
        query: Mapping[str, str] | None = None,
        *,
        repeatable: bool,
        takes: tuple[int, ...] = (),
        **request: Any,
    ) -> http.Answer:
        """Call the hook, or a ``path`` below it with further parameters; see `newsletter.http.call`."""
        asked = urlencode([*parse_qsl(self._parts.query, keep_blank_values=True), *(query or {}).items()])
        parts = self._parts._replace(path=self._parts.path.rstrip("/") + path if path else self._parts.path)
        answer = http.call(
            method,
            parts._replace(query=asked).geturl(),
            repeatable=repeatable,
            takes=range(300, 600),
            timeout_s=(http.TIMEOUT_S[0], self._timeout_s),
            secrets=self._secrets,
            **request,
        )
        if answer.status >= 300 and answer.status not in takes:
            raise self._refusal(answer, repeatable=repeatable)
        return answer

    def broken(self) -> DeliveryError:
        """Return what a success means that is not one of this shape."""
        return http.unanswered(http.NOT_OURS, repeatable=False, where=self.host, code="broken")

    def _refusal(self, answer: http.Answer, *, repeatable: bool) -> DeliveryError:
        """Return what an answer that is no success means."""
        status, code = answer.status, str(answer.status)
        said = [answer.body, *_details(member(answer.body, "errors"))]
        words = "; ".join(filter(None, (self._words(body) for body in said)))
        why = f"HTTP {status}" + (f": {words}" if words else "")
        if status < 400:
            # Where it moved to may hold the address, so that is not told.
            return RefusedSenderError(f"{why}: it moved; make a new hook", where=self.host, code=code)
        if status in ADVICE:
            return RefusedSenderError(f"{why}; {ADVICE[status]}", where=self.host, code=code)
        error = http.refusal(status, answer.headers, words, repeatable=repeatable, where=self.host)
        asked = member(answer.body, "retry_after")
        if isinstance(error, TransientError) and isinstance(asked, (int, float)) and 0 <= asked < 1e9:
            error.retry_after_s = float(asked)
        return error

    def _words(self, body: Any) -> str:
        return http.words_of(jsonlib.dumps(body).encode(), self._secrets)


def _details(errors: Any) -> list[Any]:
    """Return what Discord says about each field, out of ``{content: {_errors: [{message}]}}``."""
    if isinstance(errors, list):
        return [error for error in errors if isinstance(error, dict)]
    return [told for inner in errors.values() for told in _details(inner)] if isinstance(errors, dict) else []


def member(body: Any, name: str) -> Any:
    """Return a member of an answer's JSON object; None when there is none."""
    return body.get(name) if isinstance(body, dict) else None
