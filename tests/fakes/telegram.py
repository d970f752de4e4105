"""A Bot API server with one bot and one channel, as strict as Telegram's, with faults on demand.

Written from https://core.telegram.org/bots/api; lengths are counted here by
hand, not by the adapter.
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
from newsletter.social.telegram import Telegram
from tests.fakes.broken_wire import spoilt
from tests.fakes.stand import Seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pytest
    from werkzeug import Request

TOKEN: Final = "123456:AAF-planted_telegram_token-77"
CHANNEL: Final = "@rivertrust"
CHAT_ID: Final = -1001234567890
FIELDS: Final[Mapping[str, tuple[set[str], set[str]]]] = {
    "getMe": (set(), set()),
    "getChat": ({"chat_id"}, set()),
    "getChatMember": ({"chat_id", "user_id"}, set()),
    "sendMessage": ({"chat_id", "text"}, {"link_preview_options"}),
    "sendPhoto": ({"chat_id", "caption"}, set()),
    "deleteMessage": ({"chat_id", "message_id"}, set()),
}
"""Method → fields it must have and fields it may have; Telegram ignores others, we complain."""
PICTURES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
"""What JPEG and PNG files begin with."""


@dataclass
class FakeTelegram:
    """One bot that is administrator of one channel."""

    server: HTTPServer
    """Where it answers."""
    account: Telegram
    """The channel as we have it in config.toml."""
    secrets: tuple[str, ...] = (TOKEN, TOKEN.partition(":")[2])
    """The token, and the part of it that makes it secret."""
    unsupported: frozenset[str] = frozenset()
    """Telegram has all faults."""
    messages: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Number → message with ``text``, ``picture`` and the request's fields."""
    chat: dict[str, Any] = field(
        default_factory=lambda: {
            "id": CHAT_ID,
            "type": "channel",
            "title": "River Trust",
            "username": CHANNEL[1:],
        }
    )
    """The channel as Telegram has it."""
    member: dict[str, Any] = field(
        default_factory=lambda: {"status": "administrator", "can_post_messages": True}
    )
    """The bot's place in the channel."""
    refusals: list[tuple[int, str]] = field(default_factory=list)
    """Status and description that the next requests get, whatever they ask for."""
    requests: int = 0
    """How many were made."""
    _faults: list[str] = field(default_factory=list)
    _complaints: list[str] = field(default_factory=list)
    _revoked: bool = False

    def __post_init__(self) -> None:
        """Answer everything."""
        self.server.expect_request(re.compile("")).respond_with_handler(self._answer)

    def seen(self) -> list[Seen]:
        """Return the messages that stand."""
        return [
            Seen(f"{CHAT_ID}/{number}", message["text"], has_image=bool(message["picture"]))
            for number, message in sorted(self.messages.items())
        ]

    def fail(self, *faults: str) -> None:
        """Have the next messages go wrong."""
        self._faults.extend(faults)

    def forget_keys(self) -> None:
        """Do nothing: there are no keys."""

    def complaints(self) -> list[str]:
        """Return what requests had wrong."""
        return list(self._complaints)

    def _answer(self, request: Request) -> Response:
        self.requests += 1
        home, _, method = request.path.rpartition("/")
        if home != f"/bot{TOKEN}" or self._revoked:
            return refused(401, "Unauthorized")
        if request.method != "POST" or method not in FIELDS:
            self._complaints.append(f"{request.method} {method}")
            return refused(404, "Not Found: method not found")
        if self.refusals:
            return refused(*self.refusals.pop(0))
        sent = self._sent(request, method)
        if method in {"sendMessage", "sendPhoto"}:
            return self._send(request, sent)
        return self._tell(method, sent)

    def _tell(self, method: str, sent: dict[str, Any]) -> Response:
        if "chat_id" in sent and str(sent["chat_id"]) not in {CHANNEL, str(CHAT_ID)}:
            return refused(400, "Bad Request: chat not found")
        if method == "deleteMessage":
            known = self.messages.pop(sent["message_id"], None)
            return granted(result=True) if known else refused(400, "Bad Request: message to delete not found")
        me = {"id": 123456, "is_bot": True, "first_name": "River Trust", "username": "river_trust_bot"}
        answers = {"getMe": me, "getChat": self.chat, "getChatMember": {"user": me, **self.member}}
        return granted(answers[method])

    def _sent(self, request: Request, method: str) -> dict[str, Any]:
        """Return the fields of a request; complain about missing and unknown ones."""
        if method == "sendPhoto":
            sent: dict[str, Any] = dict(request.form)
            if list(request.files) != ["photo"]:
                self._complaints.append(f"{method}: files {list(request.files)}")
        else:
            sent = request.get_json()
        needed, allowed = FIELDS[method]
        if not needed <= set(sent) <= needed | allowed:
            self._complaints.append(f"{method}: fields {sorted(sent)}")
        options = set(sent.get("link_preview_options", {}))
        if not options <= {"is_disabled", "url", "prefer_large_media", "show_above_text"}:
            self._complaints.append(f"{method}: link_preview_options {sorted(options)}")
        return sent

    def _send(self, request: Request, sent: dict[str, Any]) -> Response:
        fault = self._faults.pop(0) if self._faults else ""
        if fault == "revoked":
            self._revoked = True
            return refused(401, "Unauthorized")
        return spoilt(
            fault,
            request,
            commit=lambda: self._commit(request, sent),
            error=refused(500, "Internal Server Error"),
            haste=refused(429, "Too Many Requests: retry after 60", retry_after=60),
        )

    def _commit(self, request: Request, sent: dict[str, Any]) -> Response:
        if str(sent.get("chat_id")) not in {CHANNEL, str(CHAT_ID)}:
            return refused(400, "Bad Request: chat not found")
        if not self.member.get("can_post_messages"):
            return refused(400, "Bad Request: need administrator rights in the channel chat")
        file = request.files.get("photo")
        picture = file.read() if file else b""
        text = str(sent.get("caption" if file else "text", ""))
        if file and not picture.startswith(PICTURES):
            return refused(400, "Bad Request: IMAGE_PROCESS_FAILED")
        if not file and not text.strip():
            return refused(400, "Bad Request: message text is empty")
        if units(text) > (1024 if file else 4096):
            return refused(400, f"Bad Request: message {'caption ' if file else ''}is too long")
        number = 56 + self.requests
        self.messages[number] = {**sent, "text": text, "picture": picture}
        return granted({"message_id": number, "date": 1772442000, "chat": self.chat, "text": text})


def units(text: str) -> int:
    """Count UTF-16 units: a character beyond U+FFFF is two."""
    return sum(2 if ord(character) > 0xFFFF else 1 for character in text)


def granted(result: Any) -> Response:
    """Return a success."""
    return Response(json.dumps({"ok": True, "result": result}), content_type="application/json")


def refused(status: int, description: str, **parameters: int) -> Response:
    """Return a refusal in Telegram's form."""
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = parameters
    return Response(json.dumps(body), status, content_type="application/json")


def play(server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> FakeTelegram:
    """Have a server that runs answer as Telegram does."""
    monkeypatch.setenv("PLANTED_TELEGRAM", TOKEN)
    # The server's log is not ours, and a token in a path is the client's secret to keep.
    monkeypatch.setattr(logging.getLogger("werkzeug"), "disabled", True)
    token, url = Secret("env", "PLANTED_TELEGRAM"), server.url_for("/").rstrip("/")
    return FakeTelegram(server, Telegram("channel", token, CHANNEL, api_url=url, timeout_s=0.3))


@contextmanager
def stand(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTelegram]:
    """Play Telegram while the block runs; ``folder`` is not needed."""
    del folder
    with HTTPServer(host="127.0.0.1", port=0) as server:
        yield play(server, monkeypatch)
