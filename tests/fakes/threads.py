"""A Threads API server with one profile, as strict as Meta's, with faults on demand.

Written from https://developers.facebook.com/docs/threads/posts, .../reply-management,
.../retrieve-and-discover-posts and .../troubleshooting; lengths are counted here
by hand, not by the adapter.
"""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from pytest_httpserver import HTTPServer

from newsletter.secret import Secret
from newsletter.social.threads import Threads
from tests.fakes.broken_wire import spoilt
from tests.fakes.facebook import HASTE, PICTURES, granted, refused
from tests.fakes.stand import Seen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest
    from werkzeug import Request, Response

TOKEN: Final = "THAAplantedThreadsToken1"
REFRESHED: Final = "THAAplantedRefreshed"
PICTURES_URL: Final = "https://news.rivertrust.example/v/images"
FIELDS: Final = {
    "TEXT": ({"media_type", "text"}, {"link_attachment", "reply_to_id"}),
    "IMAGE": ({"media_type", "text", "image_url"}, {"alt_text", "reply_to_id"}),
}
"""Kind of container → fields it must have and those it may have; Meta ignores others, we complain."""
BYTES: Final = re.compile(
    "[\U0001f1e6-\U0001f1ff\U0001f300-\U0001f64f\U0001f680-\U0001f6ff\U0001f900-\U0001f9ff\U0001fa70-\U0001faff]"
    "[\ufe0f\u200d]*"
)
"""Emoji of which nobody doubts that they are some, with what joins them."""


@dataclass
class FakeThreads:
    """One profile that an app may post for."""

    server: HTTPServer
    """Where it answers."""
    account: Threads
    """The profile as we have it in config.toml."""
    pictures: Path
    """Folder with what stands under the address of the pictures."""
    secrets: tuple[str, ...] = (TOKEN, REFRESHED)
    """What no message may hold."""
    unsupported: frozenset[str] = frozenset()
    """Threads has all faults."""
    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Number → post as the API tells it, with ``alt`` and ``picture``."""
    containers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Number → what was prepared, with its ``status``."""
    tokens: list[str] = field(default_factory=lambda: [TOKEN])
    """Tokens that let in; the last one can be refreshed unless it is ``young``."""
    young: bool = False
    """Whether the token is not a day old yet."""
    used: int = 3
    """Posts of the last 24 hours."""
    username: str = "rivertrust"
    """Name of the profile."""
    unready: int = 0
    """How many times a container is not ready yet."""
    becomes: str = "FINISHED"
    """What containers become."""
    forgets: bool = False
    """Whether containers are unknown when they are to be published."""
    hides: bool = False
    """Whether posts are neither listed nor have an address yet."""
    then: list[Response] = field(default_factory=list)
    """`refusals` from the next post on that is taken."""
    refusals: list[Response] = field(default_factory=list)
    """What the next requests get but those that refresh, whatever they ask for."""
    requests: list[str] = field(default_factory=list)
    """Method and path of all that were made."""
    _faults: list[str] = field(default_factory=list)
    _complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Answer everything."""
        self.server.expect_request(re.compile("")).respond_with_handler(self._answer)

    def seen(self) -> list[Seen]:
        """Return the posts that stand."""
        return [
            Seen(number, post["text"], post["alt"], post["picture"], post.get("replied_to", {}).get("id", ""))
            for number, post in self.posts.items()
        ]

    def fail(self, *faults: str) -> None:
        """Have the next posts go wrong."""
        self._faults.extend(faults)

    def forget_keys(self) -> None:
        """Do nothing: there are no keys."""

    def complaints(self) -> list[str]:
        """Return what requests had wrong."""
        return list(self._complaints)

    def _answer(self, request: Request) -> Response:
        path = request.path.removeprefix("/v1.0/").lstrip("/")
        self.requests.append(f"{request.method} {path}")
        if path == "refresh_access_token":
            return self._refresh(request)
        if any(secret in request.url for secret in self.secrets):
            self._complaints.append(f"a secret in the address of {path}")
        if self.refusals:
            return self.refusals.pop(0)
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return refused(401, 190, "Error validating access token: Session has expired", error_subcode=463)
        if request.path.startswith("/v1.0/"):
            return self._serve(request, path)
        return refused(400, 2500, "Unknown path components")

    def _serve(self, request: Request, path: str) -> Response:
        routes = {
            "POST me/threads": self._prepare,
            "POST me/threads_publish": self._publish,
            "GET me/threads": self._list,
            "GET me/replies": self._list,
            "GET me": self._tell_profile,
            "GET me/threads_publishing_limit": self._tell_quota,
        }
        if (route := routes.get(f"{request.method} {path}")) is not None:
            return route(request)
        if request.method == "GET" and path in self.containers:
            return self._tell(self.containers[path], path)
        if path not in self.posts:
            return refused(400, 24, "The requested resource does not exist", error_subcode=4279009)
        if request.method == "DELETE":
            del self.posts[path]
            return granted({"success": True, "deleted_id": path})
        address = {} if self.hides else {"permalink": self.posts[path]["permalink"]}
        return granted({"id": path, **address})

    def _tell_profile(self, request: Request) -> Response:
        known = {"id": "77", "username": self.username}
        return granted({name: known[name] for name in request.args["fields"].split(",")})

    def _tell_quota(self, request: Request) -> Response:
        known = {"quota_usage": self.used, "config": {"quota_total": 250, "quota_duration": 86400}}
        return granted({"data": [{name: known[name] for name in request.args["fields"].split(",")}]})

    def _refresh(self, request: Request) -> Response:
        asked = dict(request.args)
        if set(asked) != {"grant_type", "access_token"} or asked["grant_type"] != "th_refresh_token":
            self._complaints.append(f"refresh: {sorted(asked)}")
        if self.young or asked["access_token"] not in self.tokens:
            return refused(400, 190, f"Cannot refresh {asked['access_token']}")
        self.tokens.append(REFRESHED + "x" * len(self.tokens))
        return granted({"access_token": self.tokens[-1], "token_type": "bearer", "expires_in": 60 * 86400})

    def _tell(self, container: dict[str, Any], number: str) -> Response:
        status = container["status"]
        if status == "FINISHED" and self.unready > 0:
            self.unready -= 1
            status = "IN_PROGRESS"
        error = {"error_message": container["error"]} if container.get("error") else {}
        return granted({"status": status, "id": number, **error})

    def _prepare(self, request: Request) -> Response:
        sent = dict(request.form)
        needed, allowed = FIELDS.get(sent.get("media_type", ""), (set(), set()))
        if request.args or not needed <= set(sent) <= needed | allowed:
            self._complaints.append(f"container: fields {sorted(sent)}")
        text, parent, url = sent["text"], sent.get("reply_to_id", ""), sent.get("image_url", "")
        if counted(text) > 500:
            return refused(400, 100, "Param text must be at most 500 characters long.")
        if (
            len(
                {
                    *re.findall(r"https?://[^\s()]+[^\s().]", text),
                    *filter(None, [sent.get("link_attachment")]),
                }
            )
            > 5
        ):
            return refused(400, 100, "THREADS_API__LINK_LIMIT_EXCEEDED")
        if len(sent.get("alt_text", "")) > 1000:
            return refused(400, 100, "Param alt_text must be at most 1000 characters long.")
        if parent and parent not in self.posts:
            return refused(400, 24, "The requested resource does not exist", error_subcode=4279009)
        number = str(17000 + len(self.requests))
        self.containers[number] = {**sent, "status": self.becomes}
        if url and not self._fetch(url).startswith(PICTURES):
            self.containers[number] |= {"status": "ERROR", "error": "FAILED_DOWNLOADING_IMAGE"}
        return granted({"id": number})

    def _fetch(self, url: str) -> bytes:
        """Return what stands at an address."""
        path = self.pictures / url.removeprefix(f"{PICTURES_URL}/")
        return path.read_bytes() if url.startswith(PICTURES_URL) and path.is_file() else b""

    def _publish(self, request: Request) -> Response:
        if set(request.form) != {"creation_id"} or request.args:
            self._complaints.append(f"publish: fields {sorted(request.form)}")
        fault = self._faults.pop(0) if self._faults else ""
        if fault == "revoked":
            self.tokens.clear()
            return refused(401, 190, "Error validating access token: Session has expired", error_subcode=463)
        haste = refused(403, 4, "Application request limit reached", is_transient=True)
        haste.headers.extend(HASTE)
        return spoilt(
            fault,
            request,
            commit=lambda: self._commit(request.form["creation_id"]),
            error=refused(500, 2, "An unexpected error has occurred.", is_transient=True),
            haste=haste,
        )

    def _commit(self, creation_id: str) -> Response:
        container = self.containers.get(creation_id)
        if self.forgets or container is None or container["status"] != "FINISHED":
            return refused(400, 24, "The requested resource does not exist", error_subcode=4279009)
        container["status"] = "PUBLISHED"
        self.refusals = self.then
        number = str(18000 + len(self.requests))
        parent = {"replied_to": {"id": container["reply_to_id"]}} if "reply_to_id" in container else {}
        self.add(number, container["text"])
        picture = {"alt": container.get("alt_text", ""), "picture": "image_url" in container}
        self.posts[number] |= {**parent, **picture}
        return granted({"id": number})

    def add(self, number: str, text: str, *, ago: timedelta = timedelta(), **more: Any) -> None:
        """Have a post stand there."""
        created = (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%S+0000")
        url = f"https://www.threads.com/@{self.username}/post/C{number}"
        post = {"id": number, "text": text, "timestamp": created, "permalink": url}
        self.posts[number] = {**post, "alt": "", "picture": False, **more}

    def _list(self, request: Request) -> Response:
        """Return posts, or answers; the cursor is there on the last page, too."""
        since, start = int(request.args["since"]), int(request.args.get("after", "0"))
        posts = [
            {name: post[name] for name in request.args["fields"].split(",") if name in post}
            for post in reversed(self.posts.values())
            if not self.hides
            and ("replied_to" in post) == request.path.endswith("replies")
            and datetime.fromisoformat(post["timestamp"]).timestamp() >= since
        ]
        found = posts[start : start + int(request.args["limit"])]
        after = str(start + len(found))
        return granted({"data": found, "paging": {"cursors": {"before": str(start), "after": after}}})


def counted(text: str) -> int:
    """Count characters, and the bytes of emoji."""
    emoji: list[str] = BYTES.findall(text)
    return len(BYTES.sub("", text)) + sum(len(one.encode()) for one in emoji)


def play(
    server: HTTPServer, monkeypatch: pytest.MonkeyPatch, pictures: Path, pictures_url: str = PICTURES_URL
) -> FakeThreads:
    """Have a server that runs answer as Threads does."""
    monkeypatch.setenv("PLANTED_THREADS", TOKEN)
    monkeypatch.setenv("NEWSLETTER_TOKENS", str(pictures / "tokens"))
    # The server's log is not ours, and a refresh has the token in its address.
    monkeypatch.setattr(logging.getLogger("werkzeug"), "disabled", True)
    token, url = Secret("env", "PLANTED_THREADS"), server.url_for("/").rstrip("/")
    account = Threads("profile", token, pictures_url=pictures_url, api_url=url, timeout_s=0.3)
    return FakeThreads(server, account, pictures)


@contextmanager
def stand(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeThreads]:
    """Play Threads while the block runs; pictures in ``folder`` are on the web."""
    with HTTPServer(host="127.0.0.1", port=0) as server:
        yield play(server, monkeypatch, folder)
