"""A server that speaks the part of Brevo's API we use, and finds fault with everything else."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from tests.mail.api_faults import Asked, FaultyApi, Said, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEY: Final = "xkeysib-9"
LETTER: Final[dict[str, type]] = {
    "to": list,
    "subject": str,
    "htmlContent": str,
    "textContent": str,
    "replyTo": dict,
    "headers": dict,
}
"""Field of a letter → its type; both of a request and of each of its versions."""
REQUEST: Final = LETTER | {"sender": dict, "tags": list, "messageVersions": list}
"""Field of a request → its type (https://developers.brevo.com/reference/send-transac-email)."""


class FakeBrevo(FaultyApi):
    """Takes letters for one account, and reads its template language in them."""

    prefix = "/v3"

    def __init__(self) -> None:
        """Begin with nothing sent."""
        self.accepted: list[dict[str, Any]] = []
        """Letters as they arrive, in order, with their ``messageId``."""
        self.problems: list[str] = []
        """What Brevo would not understand; a test that leaves any here has found a mistake."""
        self.unknown_addresses: set[str] = set()
        """Recipients that are none to Brevo."""
        self.account: dict[str, Any] = {
            "email": "office@rivertrust.example",
            "companyName": "River Trust",
            "plan": [
                {"type": "free", "credits": 300, "creditsType": "sendLimit"},
                {"type": "sms", "credits": 2, "creditsType": "sendLimit"},
            ],
            "relay": {"enabled": True, "data": {}},
        }
        """What it says of itself."""
        self._seen: set[str] = set()
        super().__init__()

    def keys_of(self, asked: Asked) -> Iterable[str]:
        """Return the deliveries of a request."""
        try:
            request = json.loads(asked.body)
            letters = request.get("messageVersions") or [request]
            return [json.loads(letter["headers"]["X-Mailin-custom"])["delivery"] for letter in letters]
        except (ValueError, KeyError, TypeError, AttributeError):
            return []

    def answer(self, asked: Asked) -> Said:
        """Return what Brevo says."""
        if asked.headers["api-key"] != KEY:
            return told(401, {"code": "unauthorized", "message": "Key not found"})
        if asked.headers["Accept"] != "application/json":
            self.problems.append("Accept is not application/json")
        if (asked.method, asked.path) == ("GET", "/v3/account"):
            return told(200, self.account)
        if (asked.method, asked.path) == ("POST", "/v3/smtp/email"):
            return self._take(asked)
        self.problems.append(f"{asked.method} {asked.path} does not exist")
        return told(404, {"code": "document_not_found", "message": "no such page"})

    def _take(self, asked: Asked) -> Said:
        if asked.headers["Content-Type"] != "application/json":
            self.problems.append("Content-Type is not application/json")
        request = json.loads(asked.body)
        wrong = list(_faults(request))
        self.problems += wrong
        if wrong:
            return told(400, {"code": "invalid_parameter", "message": wrong[0]})
        letters = _letters(request)
        if self.unknown_addresses & {letter["to"][0]["email"] for letter in letters}:
            return told(400, {"code": "invalid_parameter", "message": "email is not valid in to"})
        key = request["headers"]["idempotencyKey"]
        if key in self._seen:
            return told(400, {"code": "duplicate_parameter", "message": "idempotencyKey was used"})
        self._seen.add(key)
        identifiers = []
        for letter in letters:
            identifiers.append(f"<{len(self.accepted) + 1}@smtp-relay.example>")
            self.accepted.append(letter | {"messageId": identifiers[-1]})
        several = "messageVersions" in request
        return told(201, {"messageIds": identifiers} if several else {"messageId": identifiers[0]})


def _letters(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each person's letter as it arrives: a version's fields before the request's."""
    letters = []
    shared = {name: value for name, value in request.items() if name != "messageVersions"}
    for version in request.get("messageVersions", [{}]):
        headers = {**request["headers"], **version.get("headers", {})}
        headers.pop("idempotencyKey")
        letter = {**shared, **version, "headers": headers}
        for part in ("subject", "htmlContent", "textContent"):
            letter[part] = _rendered(letter.get(part, ""))
        letters.append(letter)
    return letters


def _rendered(text: str) -> str:
    """Return a text with the template language applied: there are no params, so its variables are empty."""
    return re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "", text, flags=re.DOTALL)


def _faults(request: dict[str, Any]) -> Iterable[str]:
    versions = request.get("messageVersions")
    for shape, part in [(REQUEST, request), *((LETTER, version) for version in versions or ())]:
        for name, value in part.items():
            if not value or not isinstance(value, shape.get(name, ())):
                yield f"{name} is not a field, is empty, or is not of its type"
        yield from _faults_of_headers(part.get("headers", {}))
    if (versions is None) == ("to" not in request):
        yield "either to or messageVersions is needed"
    if len(versions or ()) > 1000:
        yield "there are at most 1000 versions"
    if missing := {"sender", "subject", "htmlContent", "headers"} - request.keys():
        yield f"{missing} is missing"
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", request["headers"]["idempotencyKey"]):
        yield "idempotencyKey is no UUID"
    for letter in versions or [request]:
        if len(letter["to"]) != 1:
            yield "everybody would see everybody"
        yield from _faults_of_person(letter["to"][0])
    yield from _faults_of_person(request["sender"])
    yield from _faults_of_person(request.get("replyTo", request["sender"]))


def _faults_of_person(person: dict[str, str]) -> Iterable[str]:
    name = person.get("name", "x")
    if not person.keys() <= {"email", "name"} or not re.fullmatch(r"[^\s<>@]+@[^\s<>@]+", person["email"]):
        yield f"{person} is not an address"
    if not 0 < len(name) <= 70 or re.search(r"[\x00-\x1f]", name):
        yield f"the name {name!r} is empty, too long or has control characters"
    if not name.isascii() and re.search(r"[,;:.\"()<>\[\]@\\]", name):
        yield f"the name {name!r} would be lost"


def _faults_of_headers(headers: dict[str, str]) -> Iterable[str]:
    for name, value in headers.items():
        if name not in {"idempotencyKey", "X-Mailin-custom"} and not re.fullmatch(
            r"[A-Z][a-z0-9]*(-[A-Z][a-z0-9]*)*", name
        ):
            yield f"{name} is not in Title-Case"
        if name.lower() in {"from", "to", "subject", "reply-to", "date", "message-id", "content-type"}:
            yield f"{name} is a standard header"
        if not isinstance(value, str) or not value.isascii() or re.search(r"[\r\n]", value):
            yield f"the value of {name} would leave broken"
