"""LinkedIn's API and login with one page, as strict as the real one, with faults on demand.

Written from https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api
and the pages beside it. Little text is read and counted here by hand, not by the adapter.
"""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from pytest_httpserver import HTTPServer
from werkzeug import Response

from newsletter.secret import Secret
from newsletter.social.linkedin import LinkedIn
from tests.fakes import linkedin_text
from tests.fakes.broken_wire import spoilt
from tests.fakes.linkedin_login import CLIENT_ID, CLIENT_SECRET, TOKEN, FakeLogin, answer
from tests.fakes.stand import Seen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest
    from werkzeug import Request

PAGE: Final = "urn:li:organization:5583111"
PERSON: Final = "urn:li:person:aB3_x-9"
POST: Final = {
    "author",
    "commentary",
    "visibility",
    "distribution",
    "lifecycleState",
    "isReshareDisabledByAuthor",
}
MAIN_FEED: Final = {
    "feedDistribution": "MAIN_FEED",
    "targetEntities": [],
    "thirdPartyDistributionChannels": [],
}
PICTURES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
"""What JPEG and PNG files begin with."""
BAD: Final = "com.linkedin.content.common.exception.BadRequestResponseException"


@dataclass
class FakeLinkedIn:
    """One page and one person; the token may post for both."""

    server: HTTPServer
    """Where API, uploads and login answer."""
    account: LinkedIn
    """The page as we have it in config.toml."""
    login: FakeLogin
    """What knows the tokens."""
    secrets: tuple[str, ...] = (TOKEN, CLIENT_SECRET)
    """What no message may hold."""
    unsupported: frozenset[str] = frozenset()
    """LinkedIn has all faults."""
    versions: frozenset[str] = frozenset({"202609", "202610", "202611"})
    """What is active."""
    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """URN → post that stands, as LinkedIn gives it back."""
    images: dict[str, bytes] = field(default_factory=dict)
    """URN → bytes; empty until they are uploaded."""
    refusals: list[Response] = field(default_factory=list)
    """What the next requests to the API get, whatever they ask for."""
    requests: list[str] = field(default_factory=list)
    """Method and path of all that were made."""
    upload_url: str = ""
    """Where pictures are to go, if not here."""
    hides: bool = False
    """Whether the finder lags behind, and shows no post yet."""
    _remembered: dict[str, str] = field(default_factory=dict)
    _faults: list[str] = field(default_factory=list)
    _complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Answer everything."""
        self.server.expect_request(re.compile("")).respond_with_handler(self._answer)

    def seen(self) -> list[Seen]:
        """Return the posts that stand."""
        return [self._shown(post) for post in self.posts.values()]

    def fail(self, *faults: str) -> None:
        """Have the next posts go wrong."""
        self._faults.extend(faults)

    def forget_keys(self) -> None:
        """Let the time pass in which LinkedIn refuses the same words."""
        self._remembered.clear()

    def complaints(self) -> list[str]:
        """Return what requests had wrong."""
        return [*self._complaints, *self.login.complaints]

    def place(self, urn: str, commentary: str, created_at: datetime, **more: Any) -> None:
        """Have a post stand that we did not publish just now."""
        self.posts[urn] = {
            "id": urn,
            "author": PAGE,
            "commentary": commentary,
            "createdAt": int(created_at.timestamp() * 1000),
            "lifecycleState": "PUBLISHED",
            **more,
        }
        self._remembered[commentary] = urn

    def _shown(self, post: dict[str, Any]) -> Seen:
        content = post.get("content", {})
        media, article = content.get("media", {}), content.get("article", {})
        return Seen(
            post["id"],
            linkedin_text.read(post["commentary"])[0],
            alt=media.get("altText", ""),
            has_image=bool(media),
            card=article.get("title", ""),
        )

    def _answer(self, request: Request) -> Response:
        self.requests.append(f"{request.method} {request.path}")
        if request.path.startswith("/oauth/v2/"):
            return self.login.answer(request)
        if request.path.startswith("/dms-uploads/"):
            return self._upload(request)
        if self.refusals:
            return self.refusals.pop(0)
        refused = self.login.refused(request)
        return refused or (self._user() if request.path == "/v2/userinfo" else self._rest(request))

    def _rest(self, request: Request) -> Response:
        if request.headers.get("X-Restli-Protocol-Version") != "2.0.0":
            self._complaints.append(f"{request.path}: X-Restli-Protocol-Version")
        version = request.headers.get("LinkedIn-Version", "")
        if version not in self.versions:
            why = f"Requested version {version}01 is not active"
            return answer(426, {"status": 426, "code": "NONEXISTENT_VERSION", "message": why})
        ways = {
            "POST posts": self._publish,
            "GET posts": self._find,
            "GET posts/": self._read,
            "DELETE posts/": self._delete,
            "POST images": self._initialize,
            "GET organizations/": self._organization,
        }
        found = re.fullmatch(r"/rest/(\w+/?)[^/]*", request.path)
        way = ways.get(f"{request.method} {found[1]}") if found else None
        if way is None:
            self._complaints.append(f"{request.method} {request.path}")
            return answer(404, {"status": 404, "code": "RESOURCE_NOT_FOUND", "message": "No such resource"})
        return way(request)

    def _read(self, request: Request) -> Response:
        if self.login.lacks("r_organization_social"):
            return denied()
        post = self.posts.get(request.path.rpartition("/")[2])
        return answer(200, post) if post else answer(404, {"status": 404, "code": "NOT_FOUND"})

    def _delete(self, request: Request) -> Response:
        self.posts.pop(request.path.rpartition("/")[2], None)
        return Response(status=204)

    def _publish(self, request: Request) -> Response:
        fault = self._faults.pop(0) if self._faults else ""
        if fault == "revoked":
            self.login.revoke()
            refused = self.login.refused(request)
            assert refused is not None
            return refused
        throttled = {
            "status": 429,
            "serviceErrorCode": 101,
            "message": "Resource level throttle limit is reached",
        }
        return spoilt(
            fault,
            request,
            commit=lambda: self._commit(request),
            error=answer(500, {"status": 500, "message": "Internal Server Error"}),
            haste=answer(429, throttled, {"Retry-After": "60"}),
        )

    def _commit(self, request: Request) -> Response:
        sent = request.get_json()
        self._check(sent)
        if self.login.lacks("w_organization_social" if sent["author"] == PAGE else "w_member_social"):
            return denied()
        text, length, broken = linkedin_text.read(sent["commentary"])
        if broken:
            # LinkedIn itself says nothing and cuts the post off there.
            self._complaints.append(f"not escaped: {broken} after {text[-20:]!r}")
        if length > 3000:
            why = f"ShareCommentary text length ({length} characters) exceeded the maximum allowed (3000)"
            return invalid(400, why, "FIELD_LENGTH_TOO_LONG")
        if urn := self._remembered.get(sent["commentary"]):
            return invalid(422, f"Content is a duplicate of {urn}", "DUPLICATE_POST")
        if image := self._missing_image(sent.get("content", {})):
            return invalid(422, f"MEDIA_ASSET_WAITING_UPLOAD {image}", "INVALID_VALUE")
        urn = f"urn:li:share:{7_000_000_000_000_000_000 + len(self.requests)}"
        self.place(urn, sent["commentary"], datetime.now(UTC), author=sent["author"])
        self.posts[urn].update(content=sent.get("content", {}))
        return Response(status=201, headers={"x-restli-id": urn})

    def _check(self, sent: dict[str, Any]) -> None:
        """Complain about everything that no post of ours may have."""
        fixed = {"visibility": "PUBLIC", "lifecycleState": "PUBLISHED", "isReshareDisabledByAuthor": False}
        if set(sent) - {"content"} != POST or sent["distribution"] != MAIN_FEED:
            self._complaints.append(f"fields {sorted(sent)}")
        if any(sent.get(name) != value for name, value in fixed.items()) or sent["author"] not in {
            PAGE,
            PERSON,
        }:
            self._complaints.append(f"values {sent}")
        content = sent.get("content", {"media": {"id": ""}})
        [(kind, parts)] = content.items()
        needs, may = {
            "media": ({"id"}, {"altText": 4086}),
            "article": ({"source", "title"}, {"title": 400, "description": 4086, "thumbnail": 100}),
        }[kind]
        if not needs <= set(parts) <= needs | set(may):
            self._complaints.append(f"{kind} {sorted(parts)}")
        if any(len(parts.get(name, "")) > most for name, most in may.items()):
            self._complaints.append(f"{kind} too long")

    def _missing_image(self, content: dict[str, Any]) -> str:
        """Return the picture of a post whose bytes are not here."""
        named = content.get("media", {}).get("id") or content.get("article", {}).get("thumbnail", "")
        return "" if not named or self.images.get(named) else str(named)

    def _initialize(self, request: Request) -> Response:
        owner = {"initializeUploadRequest": {"owner": PAGE}}
        if request.args.to_dict() != {"action": "initializeUpload"} or request.get_json() != owner:
            self._complaints.append(f"images: {request.args} {request.get_json()}")
        urn = f"urn:li:image:C4D{len(self.images)}AQ"
        self.images[urn] = b""
        here = f"{request.host_url}dms-uploads/{urn}/planted-upload?signature=planted"
        url = self.upload_url or here
        return answer(
            200, {"value": {"uploadUrl": url, "image": urn, "uploadUrlExpiresAt": 1_900_000_000_000}}
        )

    def _upload(self, request: Request) -> Response:
        urn, content = request.path.split("/")[2], request.get_data()
        if request.method != "PUT" or self.login.refused(request) is not None:
            self._complaints.append(f"upload: {request.method}, token?")
        if not content.startswith(PICTURES):
            return answer(400, {"status": 400, "message": "The file is no image"})
        self.images[urn] = content
        return Response(status=201)

    def _find(self, request: Request) -> Response:
        if request.headers.get("X-RestLi-Method") != "FINDER" or request.args.get("q") != "author":
            self._complaints.append(f"finder: {request.args}")
        author, start, count = (request.args.get(name, "") for name in ("author", "start", "count"))
        if self.login.lacks("r_organization_social" if author == PAGE else "r_member_social"):
            return denied()
        if not 0 < int(count) <= 100 or request.args.get("sortBy") not in {"CREATED", "LAST_MODIFIED"}:
            self._complaints.append(f"finder: {request.args}")
        known = [post for post in self.posts.values() if post["author"] == author and not self.hides]
        known.sort(key=lambda post: int(post["createdAt"]), reverse=True)
        page = known[int(start) : int(start) + int(count)]
        return answer(200, {"paging": {"start": int(start), "count": int(count)}, "elements": page})

    def _organization(self, request: Request) -> Response:
        if self.login.lacks("rw_organization_admin"):
            return denied()
        return answer(
            200,
            {
                "id": int(request.path.rpartition("/")[2]),
                "localizedName": "River Trust",
                "vanityName": "river-trust",
            },
        )

    def _user(self) -> Response:
        if self.login.lacks("profile"):
            return denied()
        return answer(200, {"sub": PERSON.rpartition(":")[2], "name": "Ann Rivers"})


def denied() -> Response:
    """Return what a request gets whose scope is missing."""
    why = "Not enough permissions to access this resource"
    return answer(403, {"status": 403, "serviceErrorCode": 100, "code": "ACCESS_DENIED", "message": why})


def invalid(status: int, why: str, code: str) -> Response:
    """Return how LinkedIn refuses a post for what it holds."""
    error = {"description": why, "input": {"inputPath": {"fieldPath": "commentary"}}, "code": code}
    body = {"errorDetailType": "com.linkedin.common.error.BadRequest", "message": f"{BAD}: {why}"}
    return answer(status, {**body, "errorDetails": {"inputErrors": [error]}, "status": status})


def play(server: HTTPServer, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> FakeLinkedIn:
    """Have a server that runs answer as LinkedIn does; ``settings`` are further ones of the account."""
    monkeypatch.setenv("PLANTED_LINKEDIN", TOKEN)
    monkeypatch.setenv("PLANTED_LINKEDIN_APP", CLIENT_SECRET)
    # The server's log is not ours, and tokens in it are the client's secret to keep.
    monkeypatch.setattr(logging.getLogger("werkzeug"), "disabled", True)
    url = server.url_for("/").rstrip("/")
    account = {
        "author": PAGE,
        "token": Secret("env", "PLANTED_LINKEDIN"),
        "client_id": CLIENT_ID,
        "client_secret": Secret("env", "PLANTED_LINKEDIN_APP"),
        "timeout_s": 0.3,
        **settings,
    }
    return FakeLinkedIn(server, LinkedIn("page", **account, api_url=url, oauth_url=url), FakeLogin())


@contextmanager
def stand(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLinkedIn]:
    """Play LinkedIn while the block runs; ``folder`` is not needed."""
    del folder
    with HTTPServer(host="127.0.0.1", port=0) as server:
        yield play(server, monkeypatch)
