"""Mailgun's messages, events and domains, strict, with its substitution and faults on demand.

Fields: https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages and
https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/batch-sending.
"""

from __future__ import annotations

import base64
import email
import email.policy
import json
import re
from dataclasses import dataclass
from email.utils import getaddresses
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tests.mail.api_faults import FaultyApi, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tests.mail.api_faults import Asked, Said

KEY = "mg-fake-key-1"
DOMAIN = "mg.rivertrust.example"
AUTHORIZATION = "Basic " + base64.b64encode(f"api:{KEY}".encode()).decode()
ONCE = {"o:tracking", "o:tracking-clicks", "o:tracking-opens", "o:tag", "v:delivery", "v:message-id"}
OF_FIELDS = ONCE | {"to", "recipient-variables", "from", "subject", "text", "html"}
OF_MIME = ONCE | {"to", "message"}
_VARIABLE = re.compile(r"%recipient\.([^%]+)%")
_ADDRESS = re.compile(r"[\x21-\x3f\x41-\x7e]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
PAGE = 3
"""Most events of a page; a real one has 300."""


@dataclass(frozen=True)
class Arrived:
    """What one person gets."""

    to: str
    """To line: everybody who is seen there."""
    subject: str = ""
    """Subject line; of a finished message it stands in ``message``."""
    text: str = ""
    """Text part."""
    html: str = ""
    """HTML part."""
    headers: Mapping[str, str] | None = None
    """Further header fields."""
    message: bytes = b""
    """The finished message, when it was one."""


class FakeMailgun(FaultyApi):
    """One domain with one key."""

    def __init__(self) -> None:
        """Begin to answer."""
        super().__init__()
        self.inbox: dict[str, list[Arrived]] = {}
        """Address → letters that were accepted for it."""
        self.events: list[dict[str, Any]] = []
        """What was accepted, the latest first."""
        self.unknown: set[str] = set()
        """Addresses that are not valid to it, whatever they look like."""
        self.state = "active"
        """Of the domain."""
        self.next_page = ""
        """In place of the true address of every next page of events."""

    def keys_of(self, asked: Asked) -> Iterable[str]:
        """Return the deliveries that the marks of a request name."""
        if asked.method != "POST":
            return []
        fields = dict(fields_of(asked))
        people = json.loads(fields.get("recipient-variables", "{}"))
        return [person["delivery"] for person in people.values()] or [fields["v:delivery"]]

    def answer(self, asked: Asked) -> Said:
        """Check the key, then do what the path says."""
        if asked.headers["Authorization"] != AUTHORIZATION:
            return told(401, {"message": "Invalid private key"})
        match asked.method, asked.path.split("/")[1:]:
            case "GET", ["v4", "domains", name] if name == DOMAIN:
                return told(200, {"domain": {"name": name, "state": self.state}})
            case "GET", ["v3", name, "events", *page] if name == DOMAIN:
                return self._events(dict(asked.query), int(page[0]) if page else 0)
            case "POST", ["v3", name, "messages" | "messages.mime" as kind] if name == DOMAIN:
                return self._accept(fields_of(asked), finished=kind == "messages.mime")
        return told(404, {"message": "Domain not found"})

    def _accept(self, fields: Sequence[tuple[str, str]], *, finished: bool) -> Said:
        if problem := next(problems_of(fields, finished=finished), ""):
            return told(400, {"message": problem})
        people = getaddresses([value for name, value in fields if name == "to"])
        if any(not _ADDRESS.fullmatch(address) or address in self.unknown for _, address in people):
            return told(400, {"message": "'to' parameter is not a valid address. please check documentation"})
        once = dict(fields)
        # Its own identity for everybody, unless the message brings one.
        made = f"<{len(self.asked)}.batch@{DOMAIN}>"
        if finished:
            made = str(email.message_from_bytes(once["message"].encode("latin-1"))["Message-ID"])
        seen = ", ".join(value for name, value in fields if name == "to")
        variables = json.loads(once.get("recipient-variables", "{}"))
        for name, address in people:
            own = variables.get(address)
            to = seen if own is None else f"{name} <{address}>" if name else address
            arrived, marks = merged(once, own or {}, to)
            self.inbox.setdefault(address, []).append(arrived)
            message = {"headers": {"message-id": made.strip("<>"), "to": to}}
            event = {"event": "accepted", "recipient": address, "message": message, "user-variables": marks}
            self.events.insert(0, event)
        return told(200, {"id": made, "message": "Queued. Thank you."})

    def _events(self, asked: dict[str, str], start: int) -> Said:
        if set(asked) - {"event", "message-id", "limit"} or not 1 <= int(asked.get("limit", "100")) <= 300:
            return told(400, {"message": "unknown parameter"})
        wanted = asked.get("message-id")
        if wanted and "<" in wanted:
            return told(400, {"message": "message-id has no angle brackets"})
        known = self.events
        if wanted:
            known = [event for event in known if event["message"]["headers"]["message-id"] == wanted]
        following = self.next_page or f"{self.url}/v3/{DOMAIN}/events/{start + PAGE}"
        return told(200, {"items": known[start : start + PAGE], "paging": {"next": following}})


def fields_of(asked: Asked) -> list[tuple[str, str]]:
    """Return the fields of a form; the bytes of a file as Latin-1."""
    kind = asked.headers["Content-Type"]
    if kind == "application/x-www-form-urlencoded":
        return parse_qsl(asked.body.decode(), keep_blank_values=True, strict_parsing=True)
    form = email.message_from_bytes(
        f"Content-Type: {kind}\r\n\r\n".encode() + asked.body, policy=email.policy.HTTP
    )
    fields = []
    for part in form.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        content = bytes_between(asked.body, name)
        fields.append((name, content.decode("latin-1" if part.get_filename() else "utf-8")))
    return fields


def bytes_between(body: bytes, name: str) -> bytes:
    """Return the content of one part of a form as it was sent."""
    boundary = body.split(b"\r\n", 1)[0]
    parts = body.split(b"\r\n" + boundary)
    part = next(part for part in parts if f'name="{name}"'.encode() in part.split(b"\r\n\r\n", 1)[0])
    return part.split(b"\r\n\r\n", 1)[1]


def problems_of(fields: Sequence[tuple[str, str]], *, finished: bool) -> Iterator[str]:
    """Yield what is wrong with the fields of a message."""
    names = [name for name, _ in fields]
    known = OF_MIME if finished else OF_FIELDS
    for name, value in fields:
        if name not in known and not (name.startswith("h:") and not finished):
            yield f"unknown field {name}"
        if name != "to" and names.count(name) > 1:
            yield f"{name} stands there twice"
        if not value or (name.startswith("o:tracking") and value != "no"):
            yield f"{name} is empty or wrong"
    once = dict(fields)
    if len(once.get("o:tag", "")) > 128:
        yield "tag is too long"
    if sum(len(name + value) for name, value in fields if name[1:2] == ":") > 16_384:
        yield "send options are limited to 16KB"
    if sum(len(value) for _, value in fields) > 25_000_000:
        yield "message is too large"
    if not known - {"recipient-variables", "o:tag", "v:message-id"} <= set(names):
        yield "a field is missing"
    if not finished:
        yield from problems_of_merge(once, names.count("to"))


def problems_of_merge(once: dict[str, str], count: int) -> Iterator[str]:
    """Yield what is wrong with a letter to many."""
    raw = once.get("recipient-variables", "")
    if re.search(r"\\u[0-9a-fA-F]{4}", raw.replace("\\\\", "")):
        yield "it is not certain that \\u is decoded"
    people = json.loads(raw or "{}")
    if not 1 <= count <= 1000 or len(people) != count:
        yield "recipient-variables and to do not agree"
    asked = {found for value in once.values() for found in _VARIABLE.findall(value)}
    if any(set(person) != asked for person in people.values()):
        yield "a variable is missing, or not used"


def merged(once: Mapping[str, str], own: Mapping[str, str], to: str) -> tuple[Arrived, dict[str, str]]:
    """Return a person's letter and marks: every variable is replaced, and once more in what comes out."""

    def fill(text: str) -> str:
        for _ in range(2):
            text = _VARIABLE.sub(lambda found: own.get(found[1], found[0]), text)
            text = text.replace("%recipient%", to).replace("%unsubscribe_url%", "https://mailgun.example/u")
        return text

    marks = {name.removeprefix("v:"): fill(value) for name, value in once.items() if name.startswith("v:")}
    if "message" in once:
        return Arrived(to, message=once["message"].encode("latin-1")), marks
    headers = {name.removeprefix("h:"): fill(value) for name, value in once.items() if name.startswith("h:")}
    return Arrived(to, fill(once["subject"]), fill(once["text"]), fill(once["html"]), headers), marks
