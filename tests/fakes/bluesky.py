"""Two servers of the AT Protocol, one to log in at and one where the account lives, with faults on demand.

Written from the lexicons (https://docs.bsky.app/docs/category/http-reference);
what the servers answer is what @atproto/pds answers to the same requests.
Lengths and byte offsets are counted here by hand, not by the adapter.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import regex
from werkzeug import Response

from newsletter.social.bluesky.cids import cid_of
from tests.fakes.broken_wire import spoilt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_httpserver import HTTPServer
    from werkzeug import Request

HANDLE: Final = "rivertrust.bsky.example"
DID: Final = "did:plc:z72i7hdynmk6r22z27h6tvur"
FRIEND: Final = ("otters.bsky.example", "did:plc:ewvi7nxzyoun6zhxrhs64oiz")
"""Handle and identity of another account."""
APP_PASSWORD: Final = "plan-ted5-blue-sky7"
SIGNATURE: Final = "planted_bluesky_signature_77"
"""The last part of every token."""
COLLECTION: Final = "app.bsky.feed.post"
METHODS: Final[Mapping[str, tuple[str, set[str], set[str]]]] = {
    "createSession": ("POST", {"identifier", "password"}, set()),
    "refreshSession": ("POST", set(), set()),
    "getSession": ("GET", set(), set()),
    "uploadBlob": ("POST", set(), set()),
    "resolveHandle": ("GET", {"handle"}, set()),
    "getRecord": ("GET", {"repo", "collection", "rkey"}, set()),
    "putRecord": ("POST", {"repo", "collection", "rkey", "record"}, {"swapRecord"}),
    "applyWrites": ("POST", {"repo", "writes"}, set()),
    "deleteRecord": ("POST", {"repo", "collection", "rkey"}, set()),
}
"""Method → verb, fields it must have and fields it may have; servers ignore others, we complain."""
LOGIN: Final = frozenset({"createSession", "refreshSession"})
"""What is asked of the server that knows the password."""
OPEN: Final = frozenset({"createSession", "resolveHandle", "getRecord"})
"""What nobody needs a session for."""
POST_FIELDS: Final = {"$type", "text", "createdAt", "langs", "facets", "embed", "reply"}
TID: Final = re.compile(r"[234567a-j][234567a-z]{12}")


@dataclass
class FakeBluesky:
    """One account."""

    server: HTTPServer
    """Where both servers answer; the account's own one under ``/pds``."""
    blob_refusal: str = ""
    """Error name that uploads get."""
    status: str = ""
    """``suspended``, ``deactivated``: what the account is, if not active."""
    scope: str = "com.atproto.appPass"
    """What sessions may do."""
    refusals: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """Status and body that the next requests get where the account lives, whatever they ask for."""
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Key → what stands there: ``{"uri", "cid", "value"}``."""
    blobs: dict[str, bytes] = field(default_factory=dict)
    """CID → picture."""
    asked: list[str] = field(default_factory=list)
    """Methods, in order."""
    complaints: list[str] = field(default_factory=list)
    """What requests had wrong."""
    faults: list[str] = field(default_factory=list)
    """What goes wrong with the next requests that publish, one each."""
    _sessions: int = 0
    _access: str = ""
    _refresh: str = ""
    _revoked: bool = False

    def __post_init__(self) -> None:
        """Answer everything."""
        self.server.expect_request(re.compile("")).respond_with_handler(self._answer)

    def ended(self, token: str) -> str:
        """Return a token of this server as if its time were over."""
        scope = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["scope"]
        return _token(scope, 0, -60)

    def end_sessions(self) -> None:
        """Know no token any more; the password still works."""
        self._access = self._refresh = ""

    def revoke(self) -> None:
        """Know neither token nor password any more."""
        self.end_sessions()
        self._revoked = True

    def _answer(self, request: Request) -> Response:
        home, _, name = request.path.rpartition("/xrpc/")
        method = name.rpartition(".")[2]
        self.asked.append(method)
        verb, needed, allowed = METHODS.get(method, ("", set(), set()))
        sent = self._sent(request, method)
        if request.method != verb or (home != "/pds") is not (method in LOGIN):
            self.complaints.append(f"{request.method} {request.path}")
        if not needed <= set(sent) <= needed | allowed:
            self.complaints.append(f"{method}: fields {sorted(sent)}")
        if self.refusals and method not in LOGIN:
            status, body = self.refusals.pop(0)
            return said(status, body)
        if method not in OPEN and (refusal := self._refusal(request, method)):
            return refusal
        if method in {"putRecord", "applyWrites"}:
            return self._publish(request, method, sent)
        answered: Response = getattr(self, f"_{method}")(request, sent)
        return answered

    def _sent(self, request: Request, method: str) -> dict[str, Any]:
        if request.method == "GET":
            return dict(request.args)
        if method == "uploadBlob" or not request.get_data():
            return {}
        parsed: dict[str, Any] = request.get_json()
        return parsed

    def _refusal(self, request: Request, method: str) -> Response | None:
        """Return what a request gets whose token is not good."""
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        good = self._refresh if method == "refreshSession" else self._access
        if good and bearer == good:
            return None
        parts = bearer.split(".")
        if len(parts) == 3 and parts[2] == SIGNATURE:
            exp = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))["exp"]
            if exp <= time.time() or not good:
                return refused("ExpiredToken", "Token has expired")
        return refused("InvalidToken", "Token could not be verified")

    def _createSession(self, request: Request, sent: dict[str, Any]) -> Response:  # noqa: N802 - the method's name
        known = sent.get("identifier") in {HANDLE, DID} and sent.get("password") == APP_PASSWORD
        if not known or self._revoked:
            return refused("AuthenticationRequired", "Invalid identifier or password", 401)
        if self.status == "suspended":
            return refused("AccountTakedown", "Account has been taken down", 401)
        return self._session(request)

    def _refreshSession(self, request: Request, _sent: dict[str, Any]) -> Response:  # noqa: N802 - the method's name
        return self._session(request)

    def _session(self, request: Request) -> Response:
        self._sessions += 1
        self._access = _token(self.scope, self._sessions, 7200)
        self._refresh = _token("com.atproto.refresh", self._sessions, 90 * 86400)
        # Where the client reached it, which may be a wire of the test.
        home = f"{request.host_url}pds"
        service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": home}
        tokens = {"accessJwt": self._access, "refreshJwt": self._refresh}
        return said(200, {**tokens, **self._account(), "didDoc": {"id": DID, "service": [service]}})

    def _account(self) -> dict[str, Any]:
        status = {"status": self.status} if self.status else {}
        return {"did": DID, "handle": HANDLE, "active": not self.status, **status}

    def _getSession(self, _request: Request, _sent: dict[str, Any]) -> Response:  # noqa: N802 - the method's name
        return said(200, self._account())

    def _uploadBlob(self, request: Request, _sent: dict[str, Any]) -> Response:  # noqa: N802 - the method's name
        content, kind = request.get_data(), request.headers.get("Content-Type", "")
        begins = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG"}.get(kind)
        if begins is None or not content.startswith(begins):
            self.complaints.append(f"uploadBlob: {kind}")
        if self.blob_refusal:
            return refused(self.blob_refusal, "this blob is not taken", 413)
        digest = hashlib.sha256(content).digest()
        cid = "b" + base64.b32encode(b"\x01\x55\x12\x20" + digest).decode().rstrip("=").lower()
        self.blobs[cid] = content
        blob = {"$type": "blob", "ref": {"$link": cid}, "mimeType": kind, "size": len(content)}
        return said(200, {"blob": blob})

    def _resolveHandle(self, _request: Request, sent: dict[str, Any]) -> Response:  # noqa: N802 - the method's name
        known = {HANDLE: DID, FRIEND[0]: FRIEND[1]}
        if sent["handle"] not in known:
            return refused("InvalidRequest", "Unable to resolve handle")
        return said(200, {"did": known[sent["handle"]]})

    def _getRecord(self, _request: Request, sent: dict[str, Any]) -> Response:  # noqa: N802 - the method's name
        if found := self.records.get(sent["rkey"]):
            return said(200, found)
        return refused("RecordNotFound", f"Could not locate record: {_uri(sent['rkey'])}")

    def _deleteRecord(self, _request: Request, sent: dict[str, Any]) -> Response:  # noqa: N802 - the method's name
        self.records.pop(sent["rkey"], None)
        return said(200, {"commit": {"cid": cid_of({}), "rev": sent["rkey"]}})

    def _publish(self, request: Request, method: str, sent: dict[str, Any]) -> Response:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "revoked":
            self.revoke()
            return refused("InvalidToken", "Token could not be verified")
        commit = self._put if method == "putRecord" else self._write
        return spoilt(
            fault,
            request,
            commit=lambda: commit(sent),
            error=refused("InternalServerError", "Internal Server Error", 500),
            haste=refused("RateLimitExceeded", "Rate Limit Exceeded", 429, reset_s=60),
        )

    def _put(self, sent: dict[str, Any]) -> Response:
        rkey, record = sent["rkey"], sent["record"]
        if why := self._mistake(sent["repo"], sent["collection"], rkey, record):
            return refused("InvalidRequest", why)
        made = {"uri": _uri(rkey), "cid": cid_of(record)}
        standing = self.records.get(rkey)
        if standing and standing["cid"] != made["cid"] and "swapRecord" in sent:
            return refused("InvalidSwap", f"Record was at {standing['cid']}")
        self.records[rkey] = {**made, "value": record}
        return said(200, {**made, "validationStatus": "valid"})

    def _write(self, sent: dict[str, Any]) -> Response:
        made: dict[str, dict[str, Any]] = {}
        for write in sent["writes"]:
            if set(write) != {"$type", "collection", "rkey", "value"}:
                self.complaints.append(f"applyWrites: {sorted(write)}")
            rkey, record = write["rkey"], write["value"]
            if why := self._mistake(sent["repo"], write["collection"], rkey, record):
                return refused("InvalidRequest", why)
            made[rkey] = {"uri": _uri(rkey), "cid": cid_of(record), "value": record}
        if len(made) < len(sent["writes"]) or made.keys() & self.records.keys():
            return refused("InternalServerError", "Internal Server Error", 500)
        if list(made) != sorted(made):
            self.complaints.append("applyWrites: keys that do not ascend")
        self.records.update(made)
        self._check_replies(made)
        results = [
            {"$type": "com.atproto.repo.applyWrites#createResult", "uri": one["uri"], "cid": one["cid"]}
            for one in made.values()
        ]
        return said(200, {"commit": {"cid": cid_of({}), "rev": "1"}, "results": results})

    def _mistake(self, repo: str, collection: str, rkey: str, record: dict[str, Any]) -> str:
        """Return why a server would not take a record; complain about what it would take."""
        if repo != DID or collection != COLLECTION or not TID.fullmatch(rkey):
            return f"cannot write {repo} {collection} {rkey}"
        text = record["text"]
        if len(regex.findall(r"\X", text)) > 300:
            return f"Invalid {COLLECTION} record: grapheme too big (maximum 300) at $.text"
        if len(text.encode()) > 3000:
            return f"Invalid {COLLECTION} record: string too big (maximum 3000) at $.text"
        if not set(record) <= POST_FIELDS or record["$type"] != COLLECTION:
            self.complaints.append(f"post: fields {sorted(record)}")
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["createdAt"]):
            self.complaints.append(f"post: createdAt {record['createdAt']}")
        self._check_facets(text.encode(), record.get("facets", []))
        return self._embed_mistake(record.get("embed"))

    def _check_facets(self, text: bytes, facets: list[dict[str, Any]]) -> None:
        last = 0
        for facet in facets:
            start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
            (feature,) = facet["features"]
            if not last <= start < end <= len(text):
                self.complaints.append(f"facet: {start} to {end} of {len(text)}")
            marked, last = text[start:end].decode(), end
            kind = feature["$type"].removeprefix("app.bsky.richtext.facet#")
            right = {
                "link": str(feature.get("uri", "")).startswith("http"),
                "tag": marked[1:] == feature.get("tag") and 0 < len(marked) <= 65,
                "mention": marked.startswith("@") and str(feature.get("did", "")).startswith("did:"),
            }
            if not right.get(kind):
                self.complaints.append(f"facet: {marked} {feature}")

    def _embed_mistake(self, embed: dict[str, Any] | None) -> str:
        match embed:
            case None:
                return ""
            case {
                "$type": "app.bsky.embed.images",
                "images": [{"alt": str(), "image": blob, "aspectRatio": _}],
            }:
                return self._blob_mistake(blob)
            case {
                "$type": "app.bsky.embed.external",
                "external": {"uri": _, "title": _, "description": _} as card,
            }:
                return self._blob_mistake(card["thumb"]) if "thumb" in card else ""
        return f"Invalid {COLLECTION} record: embed"

    def _blob_mistake(self, blob: dict[str, Any]) -> str:
        content = self.blobs.get(blob["ref"]["$link"])
        if content is None or blob["$type"] != "blob" or blob["size"] != len(content):
            return f"Could not find blob: {blob}"
        return "This file is too large" if len(content) > 1_000_000 else ""

    def _check_replies(self, made: dict[str, dict[str, Any]]) -> None:
        """Complain about posts that answer none, or one that is not what they say."""
        known = {one["uri"]: one["cid"] for one in self.records.values()}
        for one in made.values():
            for reference in one["value"].get("reply", {}).values():
                if known.get(reference["uri"]) != reference["cid"]:
                    self.complaints.append(f"reply: {reference}")


def said(status: int, body: Any, reset_s: int = 240) -> Response:
    """Return an answer with the headers that every one has."""
    answer = Response(json.dumps(body), status, content_type="application/json")
    answer.headers["RateLimit-Limit"] = "3000"
    answer.headers["RateLimit-Remaining"] = "2988"
    answer.headers["RateLimit-Reset"] = str(int(time.time()) + reset_s)
    return answer


def refused(name: str, message: str, status: int = 400, *, reset_s: int = 240) -> Response:
    """Return a refusal in the form of XRPC."""
    return said(status, {"error": name, "message": message}, reset_s)


def _uri(rkey: str) -> str:
    return f"at://{DID}/{COLLECTION}/{rkey}"


def _token(scope: str, number: int, lasts_s: int) -> str:
    claims = {"scope": scope, "sub": DID, "jti": str(number), "exp": int(time.time()) + lasts_s}
    head, body = ({"typ": "JWT"}, claims)
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (head, body)
    ]
    return ".".join([*parts, SIGNATURE])
