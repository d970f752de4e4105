"""A server that speaks the part of Postmark's API we use, and finds fault with everything else."""

from __future__ import annotations

import json
import re
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any, Final

from tests.mail.api_faults import Asked, FaultyApi, Said, told

if TYPE_CHECKING:
    from collections.abc import Iterable

TOKEN: Final = "server-token-9"
FIELDS: Final[dict[str, type]] = {
    "From": str,
    "To": str,
    "ReplyTo": str,
    "Subject": str,
    "TextBody": str,
    "HtmlBody": str,
    "Headers": list,
    "Tag": str,
    "Metadata": dict,
    "MessageStream": str,
    "TrackOpens": bool,
    "TrackLinks": str,
}
"""Field of a message → its type (https://postmarkapp.com/developer/api/email-api)."""


class FakePostmark(FaultyApi):
    """Takes messages for one server with the streams ``outbound`` and ``broadcast``."""

    def __init__(self) -> None:
        """Begin with an empty activity."""
        self.accepted: list[dict[str, Any]] = []
        """Messages that were taken, in order, with their ``MessageID``."""
        self.problems: list[str] = []
        """What Postmark would not understand; a test that leaves any here has found a mistake."""
        self.refusals: dict[str, tuple[int, str]] = {}
        """Recipient → ErrorCode and Message of the result that it gets."""
        self.server: dict[str, Any] = {"ID": 1, "Name": "River Trust", "DeliveryType": "Live"}
        """What it says of itself."""
        self.unsubscribes = "Custom"
        """Who handles unsubscribes of the broadcast stream."""
        super().__init__()

    def keys_of(self, asked: Asked) -> Iterable[str]:
        """Return the deliveries of a batch."""
        try:
            messages = json.loads(asked.body)
            return [message["Metadata"]["delivery"] for message in messages]
        except (ValueError, KeyError, TypeError):
            return []

    def answer(self, asked: Asked) -> Said:
        """Return what Postmark says."""
        if asked.headers["X-Postmark-Server-Token"] != TOKEN:
            return told(401, {"ErrorCode": 10, "Message": "Bad or missing Server API token."})
        if asked.headers["Accept"] != "application/json":
            self.problems.append("Accept is not application/json")
        routes = {
            "POST /email/batch": self._take,
            "GET /messages/outbound": self._search,
            "GET /server": lambda _: told(200, self.server),
            "GET /message-streams/broadcast": self._stream,
        }
        if f"{asked.method} {asked.path}" in routes:
            return routes[f"{asked.method} {asked.path}"](asked)
        if not asked.path.startswith("/message-streams/"):
            self.problems.append(f"{asked.method} {asked.path} does not exist")
        return told(422, {"ErrorCode": 1226, "Message": "It was not found."})

    def _stream(self, _: Asked) -> Said:
        handling = {"UnsubscribeHandlingType": self.unsubscribes}
        stream = {"ID": "broadcast", "Name": "News", "MessageStreamType": "Broadcasts"}
        return told(200, stream | {"SubscriptionManagementConfiguration": handling})

    def _take(self, asked: Asked) -> Said:
        if asked.headers["Content-Type"] != "application/json":
            self.problems.append("Content-Type is not application/json")
        if len(asked.body) > 50_000_000:
            return told(413, {"ErrorCode": 0, "Message": "payload too large"})
        messages = json.loads(asked.body)
        if len(messages) > 500:
            return told(422, {"ErrorCode": 410, "Message": "Too many batch messages."})
        return told(200, [self._result(message) for message in messages])

    def _result(self, message: dict[str, Any]) -> dict[str, Any]:
        wrong = list(_faults(message))
        self.problems += wrong
        recipient = parseaddr(message["To"])[1]
        code, words = self.refusals.get(recipient, (0, "OK"))
        if wrong:
            code, words = 403, wrong[0]
        if code:
            return {"ErrorCode": code, "Message": words}
        taken = message | {"MessageID": f"pm-{len(self.accepted) + 1}"}
        self.accepted.append(taken)
        return {
            "ErrorCode": 0,
            "Message": "OK",
            "MessageID": taken["MessageID"],
            "SubmittedAt": "2026-03-02T09:00:00.0000000Z",
            "To": message["To"],
        }

    def _search(self, asked: Asked) -> Said:
        query = dict(asked.query)
        known = {"count", "offset", "messagestream"}
        marks = {name: value for name, value in query.items() if name.startswith("metadata_")}
        if not {"count", "offset"} <= query.keys() or len(marks) != 1 or query.keys() - known - marks.keys():
            self.problems.append(f"a search cannot have {sorted(query)}")
        ((name, value),) = marks.items()
        found = [
            {key: message[key] for key in ("MessageID", "Metadata", "MessageStream")} | {"Status": "Sent"}
            for message in self.accepted
            if message["Metadata"].get(name.removeprefix("metadata_")) == value
            and message["MessageStream"] == query["messagestream"]
        ]
        return told(200, {"TotalCount": len(found), "Messages": found[: int(query["count"])]})


def _faults(message: dict[str, Any]) -> Iterable[str]:
    for name, value in message.items():
        if not isinstance(value, FIELDS.get(name, ())):
            yield f"{name} is not a field, or not of its type"
    for name in ("From", "To", "Subject", "HtmlBody", "MessageStream"):
        if not message.get(name):
            yield f"{name} is missing"
    for name in ("From", "To"):
        if not re.fullmatch(r'("(?:[^"\\\r\n]|\\.)*" <)?[^\s<>@"]+@[^\s<>@"]+>?', message[name]):
            yield f"{name} is not one address: {message[name]!r}"
    if re.search(r"[\r\n]", message["Subject"]):
        yield "the subject has a line break"
    if message.get("TrackLinks") not in {"None", "HtmlAndText", "HtmlOnly", "TextOnly"}:
        yield "TrackLinks has no such value"
    if message["MessageStream"] not in {"outbound", "broadcast"}:
        yield "there is no such stream"
    yield from _faults_of_lists(message.get("Headers", []), message.get("Metadata", {}))


def _faults_of_lists(headers: list[Any], metadata: dict[str, str]) -> Iterable[str]:
    if len(metadata) > 10 or any(
        len(name) > 20 or not 0 < len(value) <= 80 for name, value in metadata.items()
    ):
        yield "Metadata has more than 10 fields, or one that is too long or empty"
    for field in headers:
        if set(field) != {"Name", "Value"} or not re.fullmatch(r"[!-9;-~]+", field["Name"]):
            yield f"{field} is not a header field"
        elif field["Name"].lower() in {"from", "to", "subject", "reply-to", "date", "content-type"}:
            yield f"{field['Name']} is a field of its own"
        elif re.search(r"[\r\n]", field["Value"]):
            yield f"{field['Name']} has a line break"
