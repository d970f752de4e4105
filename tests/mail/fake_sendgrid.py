"""SendGrid's Mail Send as strict as its documents, with faults on demand.

Fields and limits: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send and
https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors; of the fields that it knows,
those that no letter of ours needs are refused too.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.mail.api_faults import FaultyApi, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.mail.api_faults import Asked, Said

KEY = "SG.fake-key-1"
RESERVED = {
    *("x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"),
    *("to", "from", "subject", "reply-to", "cc", "bcc"),
}
SHAPE: dict[str, type] = {
    "personalizations": list,
    "from": dict,
    "reply_to": dict,
    "subject": str,
    "content": list,
    "categories": list,
    "tracking_settings": dict,
    "mail_settings": dict,
}
PERSONALIZATION: dict[str, type] = {"to": list, "headers": dict, "custom_args": dict, "substitutions": dict}
SWITCHES = {
    "tracking_settings": {
        "click_tracking": {"enable", "enable_text"},
        "open_tracking": {"enable"},
        "subscription_tracking": {"enable"},
        "ganalytics": {"enable"},
    },
    "mail_settings": {"footer": {"enable"}},
}
_ADDRESS = re.compile(r"[\x21-\x3f\x41-\x7e]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")

Problem = tuple[str, str]
"""Field and message of an error."""


@dataclass(frozen=True)
class Arrived:
    """What one person gets."""

    subject: str
    """Subject line."""
    text: str
    """Text part."""
    html: str
    """HTML part."""
    headers: Mapping[str, str]
    """Further header fields."""


class FakeSendgrid(FaultyApi):
    """One account with one key."""

    def __init__(self) -> None:
        """Begin to answer."""
        super().__init__()
        self.inbox: dict[str, list[Arrived]] = {}
        """Address → letters that were accepted for it."""
        self.scopes: list[str] = ["mail.send"]
        """What the key may do."""
        self.sandbox: set[str] = set()
        """Addresses that are not valid to it, whatever they look like."""

    def keys_of(self, asked: Asked) -> Iterable[str]:
        """Return the delivery of every personalization."""
        if asked.path != "/v3/mail/send":
            return []
        people = json.loads(asked.body)["personalizations"]
        return [person["custom_args"]["delivery"] for person in people]

    def answer(self, asked: Asked) -> Said:
        """Check the key, then the request, then accept."""
        if asked.headers["Authorization"] != f"Bearer {KEY}":
            return refused(401, "The provided authorization grant is invalid, expired, or revoked")
        match asked.method, asked.path:
            case "GET", "/v3/scopes":
                return told(200, {"scopes": self.scopes})
            case "POST", "/v3/mail/send":
                return self._accept(json.loads(asked.body), asked.headers["Content-Type"])
        return refused(404, "not found")

    def _accept(self, body: dict[str, Any], kind: str) -> Said:
        if "mail.send" not in self.scopes:
            return refused(403, "access forbidden")
        if kind != "application/json":
            return refused(415, "Content-Type should be application/json.")
        problems = [*problems_of(body), *self._unknown(body)]
        if problems:
            return told(400, {"errors": [{"field": field, "message": words} for field, words in problems]})
        for person in body["personalizations"]:
            self.inbox.setdefault(person["to"][0]["email"], []).append(merged(body, person))
        return told(202, **{"X-Message-Id": f"sg-{len(self.asked)}"})

    def _unknown(self, body: dict[str, Any]) -> Iterator[Problem]:
        for number, person in enumerate(body["personalizations"]):
            if person["to"][0]["email"] in self.sandbox:
                yield f"personalizations.{number}.to.0.email", "Does not contain a valid address."


def merged(body: dict[str, Any], person: dict[str, Any]) -> Arrived:
    """Return a person's letter: every token is replaced, one after the other, and once more."""

    def fill(text: str) -> str:
        for tag, value in [*person.get("substitutions", {}).items()] * 2:
            text = text.replace(tag, value)
        return text

    plain, html = (part["value"] for part in body["content"])
    return Arrived(fill(body["subject"]), fill(plain), fill(html), person["headers"])


def refused(status: int, words: str) -> Said:
    """Return an error that is about no field."""
    return told(status, {"errors": [{"message": words, "field": None, "help": None}]})


def problems_of(body: dict[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with a request."""
    yield from shaped(body, SHAPE, "")
    people = body.get("personalizations", [])
    if not 1 <= len(people) <= 1000:
        yield "personalizations", "The personalization block is limited to 1000 personalizations."
    for number, person in enumerate(people):
        yield from problems_of_person(person, f"personalizations.{number}")
    addresses = [person["to"][0]["email"].lower() for person in people]
    if len(set(addresses)) != len(addresses):
        yield "personalizations", "Each unique email address should only be included once."
    yield from mailbox(body["from"], "from")
    if "reply_to" in body:
        yield from mailbox(body["reply_to"], "reply_to")
    yield from problems_of_letter(body)


def problems_of_letter(body: dict[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with what everybody gets."""
    if len(json.dumps(body)) > 30_000_000:
        yield "content", "too large"
    if [part["type"] for part in body["content"]] != ["text/plain", "text/html"]:
        yield "content", "text/plain must be first, followed by text/html"
    for number, part in enumerate(body["content"]):
        yield from shaped(part, {"type": str, "value": str}, f"content.{number}.")
    categories = body.get("categories", [])
    if len(categories) > 10 or any(not isinstance(name, str) or len(name) > 255 for name in categories):
        yield "categories", "at most ten, of 255 characters"
    for block, switches in SWITCHES.items():
        settings = body.get(block, {})
        off = {name: dict.fromkeys(keys, False) for name, keys in switches.items()}
        if settings != off:
            yield block, "something is unknown, on, or left to the account's own settings"


def problems_of_person(person: dict[str, Any], at: str) -> Iterator[Problem]:
    """Yield what is wrong with one personalization."""
    yield from shaped(person, PERSONALIZATION, f"{at}.")
    if len(person["to"]) != 1:
        yield f"{at}.to", "a letter to more than one"
    yield from mailbox(person["to"][0], f"{at}.to.0")
    if re.search("[;,]", person["to"][0].get("name", "")):
        yield f"{at}.to.0.name", "cannot include ; or ,"
    for field in ("headers", "custom_args", "substitutions"):
        if not all(isinstance(value, str) for value in person.get(field, {}).values()):
            yield f"{at}.{field}", "only strings"
    headers = person.get("headers", {})
    if RESERVED & {name.lower() for name in headers} or not all(map(str.isascii, headers.values())):
        yield f"{at}.headers", "a reserved name, or not encoded"
    if size(person.get("substitutions", {})) > 10_000:
        yield f"{at}.substitutions", "The substitutions are limited to 10000 bytes."
    if size(person.get("custom_args", {})) > 10_000:
        yield f"{at}.custom_args", "The custom arguments are limited to 10000 bytes."


def shaped(table: dict[str, Any], shape: Mapping[str, type], at: str) -> Iterator[Problem]:
    """Yield the members that are unknown, empty or of another type."""
    for name, value in table.items():
        if name not in shape or not isinstance(value, shape[name]) or not value:
            yield f"{at}{name}", "unknown, empty, or of the wrong type"


def mailbox(table: dict[str, Any], at: str) -> Iterator[Problem]:
    """Yield what is wrong with an address object."""
    yield from shaped(table, {"email": str, "name": str}, f"{at}.")
    if not _ADDRESS.fullmatch(table["email"]):
        yield f"{at}.email", "Does not contain a valid address."


def size(table: dict[str, str]) -> int:
    """Return the bytes of names and values."""
    return sum(len(name.encode()) + len(value.encode()) for name, value in table.items())
