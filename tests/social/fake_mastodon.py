"""A Mastodon server as strict as a real one, with faults on demand.

Written from https://docs.joinmastodon.org/methods/statuses/, /methods/media/
and /api/rate-limits/; lengths are counted here by hand, not by the adapter.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_httpserver import HTTPServer
    from werkzeug import Request

TOKEN = "masto-token-1"
LIMIT = 500


@dataclass
class FakeMastodon:
    """One server with one account."""

    server: HTTPServer
    """Where it answers."""
    statuses: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Identifier → status as posted."""
    media: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Identifier → uploaded picture."""
    keys: dict[str, str] = field(default_factory=dict)
    """Idempotency-Key → identifier of the status it made."""
    faults: list[str] = field(default_factory=list)
    """What goes wrong with the next posts, in order: nothing, ``429``, ``500``, ``lost after commit``."""
    processing_for: int = 0
    """How often a picture is asked for before it is ready."""
    posts: int = 0
    """Requests to make a status."""

    def __post_init__(self) -> None:
        """Answer the four endpoints."""
        for method, path, handler in (
            ("POST", "/api/v1/statuses", self._post_status),
            ("POST", "/api/v2/media", self._post_media),
            ("GET", re.compile(r"/api/v1/media/.+"), self._get_media),
            ("GET", "/api/v1/accounts/verify_credentials", self._whoami),
        ):
            self.server.expect_request(path, method=method).respond_with_handler(self._guarded(handler))

    def _guarded(self, handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            if request.headers.get("Authorization") != f"Bearer {TOKEN}":
                return reply(401, {"error": "The access token is invalid"})
            return handler(request)

        return answer

    def _post_status(self, request: Request) -> Response:
        self.posts += 1
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "429":
            return reply(429, {"error": "Too many requests"}, {"X-RateLimit-Reset": "2999-01-01T00:00:00Z"})
        if fault == "500":
            return reply(500, {"error": "Something went wrong"})
        answer = self._make_status(request)
        if fault == "lost after commit":
            return reply(504, {"error": "Gateway Timeout"})
        return answer

    def _make_status(self, request: Request) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        if key and key in self.keys:
            return reply(200, self.statuses[self.keys[key]])
        sent = request.get_json()
        if problem := self._problem(sent):
            return reply(422, {"error": f"Validation failed: {problem}"})
        made = str(1000 + len(self.statuses))
        self.statuses[made] = {**sent, "id": made, "url": f"https://social.example/@trust/{made}"}
        self.keys[key] = made
        return reply(200, self.statuses[made])

    def _problem(self, sent: dict[str, Any]) -> str:
        if not sent.get("status") and not sent.get("media_ids"):
            return "Text can't be blank"
        if counted(sent["status"]) > LIMIT:
            return f"Text character limit of {LIMIT} exceeded"
        if sent.get("visibility") not in {"public", "unlisted", "private", "direct"}:
            return "Visibility is not included in the list"
        if any(media not in self.media for media in sent.get("media_ids", [])):
            return "Media could not be found"
        if any(self.media[media]["left"] for media in sent.get("media_ids", [])):
            return "Cannot attach files that have not finished processing. Try again in a moment!"
        return ""

    def _post_media(self, request: Request) -> Response:
        file = request.files.get("file")
        if file is None or not file.mimetype.startswith("image/"):
            return reply(422, {"error": "Validation failed: File content type is invalid"})
        made = str(500 + len(self.media))
        self.media[made] = {
            "id": made,
            "content": file.read(),
            "description": request.form.get("description", ""),
            "left": self.processing_for,
        }
        return reply(202 if self.processing_for else 200, {"id": made, "url": None})

    def _get_media(self, request: Request) -> Response:
        found = self.media.get(request.path.rpartition("/")[2])
        if found is None:
            return reply(404, {"error": "Record not found"})
        if found["left"]:
            found["left"] -= 1
            return reply(206, {"id": found["id"], "url": None})
        return reply(200, {"id": found["id"], "url": "https://files.example/1.png"})

    def _whoami(self, _request: Request) -> Response:
        return reply(200, {"id": "1", "acct": "trust"})


def counted(text: str) -> int:
    """Count as the server does, for the plain texts of these tests: words, links and mentions apart."""
    words = re.split(r"(\s)", text)
    return sum(
        23
        if word.startswith("https://")
        else len(word.split("@")[1]) + 1
        if word.startswith("@")
        else len(word)
        for word in words
    )


def reply(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    """Return a JSON answer with the headers that every answer of Mastodon has."""
    limits = {"X-RateLimit-Limit": "300", "X-RateLimit-Reset": "2999-01-01T00:00:00Z", **(headers or {})}
    public = {name: value for name, value in body.items() if name not in {"content", "left"}}
    return Response(json.dumps(public), status, limits, content_type="application/json")
