"""Three hooks as strict as those of Slack, Discord and a server of one's own, with faults on demand.

Written from https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
and https://discord.com/developers/docs/resources/webhook; what readers see is
worked out here by hand, not by the adapter.
"""

from __future__ import annotations

import json
import logging
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pytest_httpserver import HTTPServer
from werkzeug import Response

from newsletter.secret import Secret
from newsletter.social.webhook import Webhook
from tests.fakes.broken_wire import spoilt
from tests.fakes.stand import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import pytest
    from werkzeug import Request

    from newsletter.social.webhook.shapes import Shape

PATHS: Final[Mapping[str, str]] = {
    "slack": "/services/T0PLANTED01/B0PLANTED02/planted-slack-part",
    "discord": "/api/webhooks/111222333444555666/planted-discord-part",
    "plain": "/planted-plain-part",
}
QUERY: Final = "token=planted-query-part"
"""What the plain address has besides; it is as secret as the path."""
PARTS: Final = ("planted-slack-part", "planted-discord-part", "planted-plain-part", "planted-query-part")
GUILD: Final = "200"
CHANNEL: Final = "300"
ERRORS: Final[Mapping[str, tuple[int, Any]]] = {
    "slack": (500, "rollup_error"),
    "discord": (502, {"message": "502: Bad Gateway", "code": 0}),
    "plain": (500, {"error": "internal"}),
}
REVOKED: Final[Mapping[str, tuple[int, Any]]] = {
    "slack": (404, "no_service"),
    "discord": (404, {"message": "Unknown Webhook", "code": 10015}),
    "plain": (410, {"error": "gone"}),
}


@dataclass
class FakeHooks:
    """Three channels with one hook each; ``account`` posts to one of them."""

    server: HTTPServer
    """Where they answer."""
    account: Webhook
    """The hook as we have it in config.toml."""
    secrets: tuple[str, ...] = PARTS
    """What no message may hold."""
    unsupported: frozenset[str] = frozenset()
    """Hooks have all faults."""
    posts: dict[str, Seen] = field(default_factory=dict)
    """Number → what stands, as readers see it."""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    """JSON of every post that was taken."""
    refusals: list[Response] = field(default_factory=list)
    """What the next requests get, whatever they ask for."""
    requests: list[str] = field(default_factory=list)
    """Method and shape of all that were made."""
    tells: bool = True
    """Whether the Discord hook says which channel it is for."""
    _faults: list[str] = field(default_factory=list)
    _complaints: list[str] = field(default_factory=list)
    _revoked: bool = False

    def __post_init__(self) -> None:
        """Answer everything."""
        self.server.expect_request(re.compile("")).respond_with_handler(self._answer)

    def seen(self) -> list[Seen]:
        """Return the posts that stand."""
        return list(self.posts.values())

    def fail(self, *faults: str) -> None:
        """Have the next posts go wrong."""
        self._faults.extend(faults)

    def forget_keys(self) -> None:
        """Do nothing: there are no keys."""

    def complaints(self) -> list[str]:
        """Return what requests had wrong."""
        return list(self._complaints)

    def _answer(self, request: Request) -> Response:
        shape = next((name for name, path in PATHS.items() if request.path.startswith(path)), "")
        self.requests.append(f"{request.method} {shape}")
        if not shape:
            self._complaints.append(request.path)
            return said(404, "no_team")
        if self._revoked:
            return said(*REVOKED[shape])
        below = request.path.removeprefix(PATHS[shape])
        if self.refusals and request.method != "GET":
            return self.refusals.pop(0)
        if request.method == "POST" and not below:
            return self._take(request, shape)
        if shape == "discord":
            return self._tell(request.method, below)
        self._complaints.append(f"{request.method} {shape}")
        return said(405, "method not allowed")

    def _tell(self, method: str, below: str) -> Response:
        """Answer what only Discord can: what the hook is, and that a message is gone."""
        if method == "GET" and not below:
            told = {"id": "111222333444555666", "token": PARTS[1], "name": "River News"}
            return said(200, {**told, "guild_id": GUILD, "channel_id": CHANNEL} if self.tells else told)
        if method == "DELETE" and below.startswith("/messages/"):
            if self.posts.pop(below.rpartition("/")[2], None) is None:
                return said(404, {"message": "Unknown Message", "code": 10008})
            return Response(status=204)
        self._complaints.append(f"{method} discord{below}")
        return said(405, {"message": "405: Method Not Allowed", "code": 0})

    def _take(self, request: Request, shape: str) -> Response:
        fault = self._faults.pop(0) if self._faults else ""
        if fault == "revoked":
            self._revoked = True
            return said(*REVOKED[shape])
        haste = {"message": "You are being rate limited.", "retry_after": 60.0, "global": False}
        headers = {} if shape == "discord" else {"Retry-After": "60"}
        takers = {"slack": self._slack, "discord": self._discord, "plain": self._plain}
        return spoilt(
            fault,
            request,
            commit=lambda: takers[shape](request),
            error=said(*ERRORS[shape]),
            haste=said(429, haste if shape == "discord" else "rate_limited", headers),
        )

    def _slack(self, request: Request) -> Response:
        body = request.get_json()
        self._check("slack", body, {"text", "blocks", "unfurl_links"})
        [block] = body["blocks"]
        text = block["text"]
        if block["type"] != "section" or not text["text"] or len(text["text"]) > 3000:
            return said(400, "invalid_blocks")
        if re.search(r"&(?!amp;|lt;|gt;)|<(?!https?://[^<>|]+>)|(?<!<)https?://", text["text"]):
            self._complaints.append(f"slack: not escaped, or no link: {text['text']}")
        if text.get("type") != "mrkdwn" or text.get("verbatim") is not True:
            self._complaints.append(f"slack: {text}")
        shown = re.sub(r"<(https?://[^<>]+)>", r"\1", text["text"])
        for escape, character in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
            shown = shown.replace(escape, character)
        self._keep(body, Seen("", shown))
        return said(200, "ok")

    def _discord(self, request: Request) -> Response:
        file = request.files.get("files[0]")
        body = json.loads(request.form["payload_json"]) if file else request.get_json()
        self._check("discord", body, {"content", "allowed_mentions"} | ({"attachments"} if file else set()))
        if request.args.to_dict() != {"wait": "true"} or body["allowed_mentions"] != {"parse": []}:
            self._complaints.append(f"discord: {request.query_string!r} {body['allowed_mentions']}")
        if not body["content"] or len(body["content"]) > 2000:
            told = {"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer in length."}
            errors = {"content": {"_errors": [told]}}
            return said(400, {"message": "Invalid Form Body", "code": 50035, "errors": errors})
        alt = ""
        if file:
            [attachment] = body["attachments"]
            alt = attachment["description"]
            if (attachment["id"], attachment["filename"]) != (0, file.filename) or len(alt) > 1024:
                self._complaints.append(f"discord: {attachment}")
        number = str(9000 + len(self.bodies))
        shown = re.sub(r"\\([^A-Za-z0-9\s])", r"\1", body["content"])
        self._keep(body, Seen(number, shown, alt=alt, has_image=bool(file and file.read())))
        return said(200, {"id": number, "channel_id": CHANNEL, "content": body["content"]})

    def _plain(self, request: Request) -> Response:
        body = request.get_json()
        self._check("plain", body, {"text", "link", "alt", "key", "campaign"})
        if request.query_string.decode() != QUERY:
            self._complaints.append(f"plain: {request.query_string!r}")
        self._keep(body, Seen("", body["text"], alt=body["alt"]))
        return Response(status=204)

    def _check(self, shape: str, body: dict[str, Any], fields: set[str]) -> None:
        if set(body) != fields:
            self._complaints.append(f"{shape}: fields {sorted(body)}")

    def _keep(self, body: dict[str, Any], post: Seen) -> None:
        self.posts[post.remote_id or str(len(self.bodies))] = post
        self.bodies.append(body)


def said(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer: Slack's are words, Discord's are JSON."""
    if isinstance(body, str):
        return Response(body, status, headers, content_type="text/html")
    return Response(json.dumps(body), status, headers, content_type="application/json")


def play(server: HTTPServer, monkeypatch: pytest.MonkeyPatch, shape: Shape = "discord") -> FakeHooks:
    """Have a server that runs answer as hooks do."""
    address = server.url_for(PATHS[shape]) + (f"?{QUERY}" if shape == "plain" else "")
    monkeypatch.setenv("PLANTED_HOOK", address)
    # The server's log is not ours, and an address is the client's secret to keep.
    monkeypatch.setattr(logging.getLogger("werkzeug"), "disabled", True)
    return FakeHooks(server, Webhook("hook", Secret("env", "PLANTED_HOOK"), shape, timeout_s=0.3))


def players(server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Shape], FakeHooks]]:
    """Yield a function that plays hooks of a shape; afterwards, what was sent must have been right."""
    made: list[FakeHooks] = []

    def play_one(shape: Shape) -> FakeHooks:
        made.append(play(server, monkeypatch, shape))
        return made[-1]

    yield play_one
    assert [complaint for fake in made for complaint in fake.complaints()] == []


@contextmanager
def stand(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHooks]:
    """Play Discord, whose hooks can do most, while the block runs; ``folder`` is not needed."""
    del folder
    with HTTPServer(host="127.0.0.1", port=0) as server:
        yield play(server, monkeypatch)
