"""A Graph API server with one Page, as strict as Facebook's, with faults on demand.

Written from https://developers.facebook.com/docs/pages-api/posts and
https://developers.facebook.com/docs/graph-api/guides/error-handling; signatures
and lengths are worked out here by hand, not by the adapter.
"""

from __future__ import annotations

import hmac
import json
import logging
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from pytest_httpserver import HTTPServer
from werkzeug import Response

from newsletter.secret import Secret
from newsletter.social.facebook import Facebook
from tests.fakes.broken_wire import spoilt
from tests.fakes.stand import Seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pytest
    from werkzeug import Request

TOKEN: Final = "EAAplantedPageToken77"
APP_ID: Final = "440011223344"
APP_SECRET: Final = "planted0app0secret0facebook"
PAGE: Final = "1029384756"
VERSION: Final = "v23.0"
FEED: Final = ({"message"}, {"link", "attached_media[0]"})
PHOTO: Final = ({"published"}, {"alt_text_custom"})
"""Fields a request must have and those it may have; Facebook ignores others, we complain."""
PICTURES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
"""What JPEG and PNG files begin with."""
HASTE: Final = {"X-Business-Use-Case-Usage": json.dumps({PAGE: [{"estimated_time_to_regain_access": 1}]})}
"""How these services say "in a minute"."""


@dataclass
class FakeFacebook:
    """One Page, and one app that may post there."""

    server: HTTPServer
    """Where it answers."""
    account: Facebook
    """The Page as we have it in config.toml."""
    secrets: tuple[str, ...] = (TOKEN, APP_SECRET)
    """What no message may hold."""
    unsupported: frozenset[str] = frozenset()
    """Facebook has all faults."""
    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Number → post with ``message``, ``created_time``, and the request's fields."""
    photos: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Number → picture that was uploaded."""
    page: dict[str, Any] = field(
        default_factory=lambda: {"id": PAGE, "name": "River Trust", "category": "Charity"}
    )
    """The Page as Facebook has it; that of a person has no ``category``."""
    inspected: dict[str, Any] = field(
        default_factory=lambda: {
            "type": "PAGE",
            "is_valid": True,
            "expires_at": 0,
            "data_access_expires_at": 0,
            "scopes": ["pages_manage_posts", "pages_read_engagement", "pages_show_list"],
        }
    )
    """What it says of the token."""
    refusals: list[Response] = field(default_factory=list)
    """What the next requests get, whatever they ask for."""
    requests: list[str] = field(default_factory=list)
    """Method and path of all that were made."""
    speaks: str = VERSION
    """The version that answers."""
    rows: int = 100
    """Most posts it lists at once."""
    _faults: list[str] = field(default_factory=list)
    _complaints: list[str] = field(default_factory=list)
    _revoked: bool = False

    def __post_init__(self) -> None:
        """Answer everything."""
        self.server.expect_request(re.compile("")).respond_with_handler(self._answer)

    def seen(self) -> list[Seen]:
        """Return the posts that stand."""
        pictures = {number: self.photos.get(post["photo"], {}) for number, post in self.posts.items()}
        return [
            Seen(number, post["message"], pictures[number].get("alt", ""), bool(pictures[number]))
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
        path = request.path.removeprefix(f"/{VERSION}/")
        self.requests.append(f"{request.method} {path}")
        if any(secret in request.url for secret in self.secrets):
            self._complaints.append(f"a secret in the address of {path}")
        if self.refusals:
            return self.refusals.pop(0)
        if path == request.path:
            return refused(400, 2500, f"Unknown path components: {path}")
        if path == "debug_token":
            return self._inspect(request)
        if self._revoked or request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return refused(401, 190, "Error validating access token: it was invalidated.", error_subcode=466)
        proof = request.values.get("appsecret_proof", "")
        if (
            self.account.app_secret
            and proof != hmac.new(APP_SECRET.encode(), TOKEN.encode(), "sha256").hexdigest()
        ):
            return refused(400, 100, "Invalid appsecret_proof provided in the API argument")
        return self._serve(request, path.replace("me", PAGE, 1) if path.startswith("me") else path)

    def _serve(self, request: Request, path: str) -> Response:
        routes = {
            ("POST", f"{PAGE}/feed"): self._post,
            ("POST", f"{PAGE}/photos"): self._upload,
            ("GET", f"{PAGE}/posts"): self._list,
        }
        if (route := routes.get((request.method, path))) is not None:
            return route(request)
        if (request.method, path) == ("GET", PAGE):
            return self._tell_page(request)
        if path not in self.posts:
            why = f"Unsupported request. Object with ID '{path}' does not exist, cannot be loaded"
            return refused(400, 100, why, error_subcode=33)
        if request.method == "DELETE":
            del self.posts[path]
            return granted({"success": True})
        return granted({"id": path})

    def _tell_page(self, request: Request) -> Response:
        wanted = request.args["fields"].split(",")
        if lacking := [name for name in wanted if name not in self.page]:
            return refused(
                400, 100, f"(#100) Tried accessing nonexisting field ({lacking[0]}) on node type (User)"
            )
        return granted({name: self.page[name] for name in wanted}, {"facebook-api-version": self.speaks})

    def _inspect(self, request: Request) -> Response:
        app = f"Bearer {APP_ID}|{APP_SECRET}"
        if request.headers.get("Authorization") != app or request.form.get("input_token") != TOKEN:
            return refused(400, 190, "Invalid OAuth access token signature.")
        if request.method != "POST" or request.form.get("method") != "GET":
            self._complaints.append("debug_token is for reading")
        return granted({"data": self.inspected})

    def _list(self, request: Request) -> Response:
        since = datetime.fromtimestamp(int(request.args["since"]), UTC)
        start = int(request.args.get("after", "0"))
        posts = [
            {**{key: post[key] for key in ("message", "created_time") if post[key]}, "id": number}
            for number, post in reversed(self.posts.items())
            if datetime.fromisoformat(post["created_time"]) >= since
        ]
        end = start + min(self.rows, int(request.args["limit"]))
        paging = {"cursors": {"before": str(start), "after": str(end)}}
        more = {"next": "https://graph.facebook.com/next"} if end < len(posts) else {}
        return granted(
            {"data": posts[start:end], "paging": {**paging, **more}} if posts[start:end] else {"data": []}
        )

    def _upload(self, request: Request) -> Response:
        sent = self._fields(request, *PHOTO)
        content = request.files["source"].read() if list(request.files) == ["source"] else b""
        if sent.get("published") != "false":
            self._complaints.append("a picture that everybody sees")
        if not content.startswith(PICTURES):
            return refused(400, 324, "(#324) Missing or invalid image file")
        number = str(5000 + len(self.photos))
        self.photos[number] = {"content": content, "alt": sent.get("alt_text_custom", "")}
        return granted({"id": number})

    def _post(self, request: Request) -> Response:
        sent = self._fields(request, *FEED)
        fault = self._faults.pop(0) if self._faults else ""
        if fault == "revoked":
            self._revoked = True
            return refused(401, 190, "Error validating access token: it was invalidated.", error_subcode=466)
        haste = refused(400, 80001, "There have been too many calls to this Page account.")
        haste.headers.extend(HASTE)
        return spoilt(
            fault,
            request,
            commit=lambda: self._commit(sent),
            error=refused(500, 2, "An unexpected error has occurred. Please retry your request later."),
            haste=haste,
        )

    def _commit(self, sent: Mapping[str, str]) -> Response:
        message, photo = sent["message"], ""
        if len(message) > 63206:
            return refused(400, 100, "(#100) Param message is too long")
        if "link" in sent and not re.fullmatch(r"https?://\S+", sent["link"]):
            return refused(400, 1500, "The url you supplied is invalid")
        if "attached_media[0]" in sent:
            photo = json.loads(sent["attached_media[0]"])["media_fbid"]
            if photo not in self.photos or "link" in sent:
                return refused(400, 100, "(#100) Invalid parameter")
        if any(post["message"] == message for post in self.posts.values()):
            return refused(400, 506, "(#506) Duplicate status message")
        number = f"{PAGE}_{9000 + len(self.requests)}"
        self.add(number, message, photo=photo, link=sent.get("link", ""))
        return granted({"id": number})

    def add(self, number: str, message: str, *, ago: timedelta = timedelta(), **more: str) -> None:
        """Have a post stand there."""
        created = (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%S+0000")
        self.posts[number] = {"message": message, "created_time": created, "photo": "", **more}

    def _fields(self, request: Request, needed: set[str], allowed: set[str]) -> dict[str, str]:
        """Return the fields of a form; complain about missing and unknown ones."""
        sent = dict(request.form)
        if request.args:
            self._complaints.append(f"{request.path}: fields in the address")
        names = set(sent) - {"appsecret_proof"}
        if not needed <= names <= needed | allowed:
            self._complaints.append(f"{request.path}: fields {sorted(names)}")
        return sent


def granted(body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Return a success."""
    return Response(json.dumps(body), headers=headers, content_type="application/json")


def refused(status: int, code: int, message: str, **more: Any) -> Response:
    """Return a refusal as the Graph API writes it."""
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AbC", **more}
    return Response(json.dumps({"error": error}), status, content_type="application/json")


def play(server: HTTPServer, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> FakeFacebook:
    """Have a server that runs answer as Facebook does."""
    monkeypatch.setenv("PLANTED_FACEBOOK", TOKEN)
    monkeypatch.setenv("PLANTED_FACEBOOK_APP", APP_SECRET)
    # The server's log is not ours.
    monkeypatch.setattr(logging.getLogger("werkzeug"), "disabled", True)
    token, url = Secret("env", "PLANTED_FACEBOOK"), server.url_for("/").rstrip("/")
    return FakeFacebook(server, Facebook("page", token, api_url=url, timeout_s=0.3, **settings))


@contextmanager
def stand(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeFacebook]:
    """Play Facebook while the block runs; ``folder`` is not needed."""
    del folder
    app_secret = Secret("env", "PLANTED_FACEBOOK_APP")
    with HTTPServer(host="127.0.0.1", port=0) as server:
        yield play(server, monkeypatch, app_id=APP_ID, app_secret=app_secret)
