"""Letters leave through Mailgun: as finished messages, or many in one request with recipient variables.

See https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urlencode

from newsletter import http
from newsletter.errors import DeliveryError, PermanentError, RefusedSenderError, TransientError
from newsletter.mail.base import MailSession, MailTransport, batches, send_batches, written
from newsletter.model import Receipt
from newsletter.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from newsletter.mail.base import OutgoingLetter, Piece, Template

MAX_RECIPIENTS: Final = 1000
"""Most recipients of one request."""
MAX_HEADER_BYTES: Final = 12_000
"""Most bytes of header fields; together with tag and marks Mailgun takes 16 KB."""
TAG_CHARS: Final = 128
"""Longest tag."""
PAGE: Final = 300
"""Most events that one answer holds."""
PAGES: Final = 20
"""Answers to look through for letters that went out many at once."""
OPTIONS: Final = (("o:tracking", "no"), ("o:tracking-clicks", "no"), ("o:tracking-opens", "no"))
"""What keeps the letter as it was approved, whatever the domain's own settings are."""
ADVICE: Final[Mapping[str, str]] = {
    "401": "the key is wrong or revoked, or belongs to the other region: look at url",
    "403": "the domain may not send: look at its state in Mailgun's control panel",
    "404": "there is no such domain in this region: look at domain and url",
    "413": "a letter takes 25 MB at most; make it smaller",
}
"""HTTP status → what to do, where Mailgun refuses the request whoever it is for.

Of the others, 400 is about the recipient when it is about ``to``, else about the letter of everybody;
429 is for later; after 5xx nobody knows.
"""
_ABOUT_TO: Final = re.compile(r"\bto\b\W+parameter")
_PLAIN_ADDRESS: Final = re.compile(r"[a-z0-9._-]+@[a-z0-9.-]+")
"""Addresses that certainly find their variables; of ``a+b@…`` it is not certain:

https://github.com/mailgun/mailgun.js/issues/413
"""
_VARIABLE: Final = re.compile(r"(?i)%(recipient|unsubscribe|mailing_list|tag_unsubscribe)")
"""What may be, or become, one of Mailgun's variables."""
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Mailgun(MailTransport):
    """Send through a domain of Mailgun."""

    takes_fields: ClassVar[bool] = True
    max_window: ClassVar[int] = MAX_RECIPIENTS

    domain: str
    """Sending domain, as Mailgun has it: ``mg.rivertrust.example``."""
    key: Secret
    """API key; a sending key of the domain is enough to send, but not to check or to look up."""
    url: str = "https://api.mailgun.net"
    """Address of the API; https://api.eu.mailgun.net for domains in the EU."""
    timeout_s: float = 60
    """How long to wait for the answer to a request; what becomes of its letters is unknown afterwards."""

    def __post_init__(self) -> None:
        """Refuse settings that cannot work."""
        super().__post_init__()
        http.check_address(self.url)
        if not re.fullmatch(r"[A-Za-z0-9.-]+", self.domain):
            raise ValueError(f"domain = {self.domain!r} must look like 'mg.example.org'")
        if self.timeout_s <= 0:
            raise ValueError("timeout_s must be more than 0")

    def connect(self) -> MailSession:
        """Read the key; Mailgun is asked with the first letters."""
        return _Session(self, self.key.reveal())

    def check(self) -> str:
        """Return the domain and that it may send."""
        path = f"/v4/domains/{self.domain}"
        try:
            domain = self._ask(self.url.rstrip("/") + path, needs=("domain",))["domain"]
        except PermanentError as error:
            why = f"{error.why}; {ADVICE.get(error.code, 'look at url')} (a sending key cannot be checked)"
            raise RefusedSenderError(why, where=error.where, code=error.code) from None
        state = domain.get("state") if isinstance(domain, dict) else None
        if state != "active":
            why = f"the domain is {state}, not active; finish its setup in Mailgun's control panel"
            raise RefusedSenderError(why, where=http.place(self.url) + path, code="state")
        return f"{self.domain} is active at {http.place(self.url)}"

    def look_up(self, message_ids: Sequence[str]) -> Mapping[str, Receipt]:
        """Return the letters that Mailgun says it accepted; it remembers for days, 30 at most.

        A letter that went out alone is found by its Message-ID. Those that went
        out together share one of Mailgun's; they are found by a mark of ours, as
        long as they are among the domain's last 6000.
        """
        found: dict[str, Receipt] = {}
        missing = set(filter(None, message_ids))
        searches = [({"message-id": message_id.strip("<>"), "limit": "1"}, 1) for message_id in missing]
        for asked, pages in [*searches, ({"limit": str(PAGE)}, PAGES)]:
            for event in self._events(asked, pages=pages if missing else 0):
                remote_id, mark = _identities(event)
                for message_id in {remote_id, mark} & missing:
                    found[message_id] = Receipt(remote_id, reply="accepted")
                    missing.discard(message_id)
                if not missing:
                    break
        return found

    def _events(self, asked: Mapping[str, str], *, pages: int) -> Iterator[Mapping[str, Any]]:
        """Yield accepted letters, the latest first."""
        home = f"{self.url.rstrip('/')}/v3/{self.domain}/events"
        address = f"{home}?{urlencode({'event': 'accepted', **asked})}"
        for _ in range(pages):
            answer = self._ask(address, needs=("items",))
            paging = answer.get("paging")
            events = answer["items"] if isinstance(answer["items"], list) else []
            yield from (event for event in events if isinstance(event, dict))
            address = str(paging.get("next")) if isinstance(paging, dict) else ""
            # The key goes nowhere else, wherever the next page is said to be.
            if not events or not address.startswith(home):
                break

    def _ask(self, address: str, *, needs: Sequence[str]) -> dict[str, Any]:
        key = self.key.reveal()
        answer = http.call(
            "GET", address, repeatable=True, headers=_headers(key), needs=needs, secrets=(key,)
        )
        body: dict[str, Any] = answer.body
        return body


class _Session:
    """One request after the other."""

    def __init__(self, settings: Mailgun, key: str) -> None:
        self._url = f"{settings.url.rstrip('/')}/v3/{settings.domain}/messages"
        self._timeout_s = (http.TIMEOUT_S[0], settings.timeout_s)
        self._key = key
        self._alone: set[str] = set()

    def send(self, window: Sequence[OutgoingLetter]) -> Sequence[Receipt | DeliveryError | None]:
        def alone(letter: OutgoingLetter) -> bool:
            return letter.key in self._alone or not is_mergeable(letter)

        return send_batches(window, batches(window, most=MAX_RECIPIENTS, alone=alone), self._post)

    def close(self) -> None:
        return

    def _post(self, letters: Sequence[OutgoingLetter]) -> Sequence[Receipt | DeliveryError | None]:
        try:
            answer = self._call(letters)
        except TransientError as error:
            error.throttled = error.code == "429"
            raise
        except PermanentError as error:
            if error.code == "400" and _ABOUT_TO.search(error.why):
                return self._refused(letters, error)
            advice = ADVICE.get(error.code)
            why = f"{error.why}; {advice}" if advice else error.why
            raise RefusedSenderError(why, where=error.where, code=error.code) from None
        said = str(answer.body.get("message", ""))
        return [Receipt(str(answer.body["id"]), reply=said)] * len(letters)

    def _refused(
        self, letters: Sequence[OutgoingLetter], error: PermanentError
    ) -> list[DeliveryError | None]:
        """Return what an address that Mailgun does not take means; nobody of the request was sent to."""
        if len(letters) == 1:
            return [error]
        # It does not say whose; each goes alone next time, and the one is told from the others.
        self._alone.update(letter.key for letter in letters)
        return [None] * len(letters)

    def _call(self, letters: Sequence[OutgoingLetter]) -> http.Answer:
        if len(letters) == 1:
            address, fields = f"{self._url}.mime", finished(letters[0])
            files = {"message": ("letter.eml", letters[0].message, "message/rfc822")}
        else:
            address, fields, files = self._url, merged(letters), None
        return http.call(
            "POST",
            address,
            repeatable=False,
            headers=_headers(self._key),
            data=fields,
            files=files,
            needs=("id",),
            timeout_s=self._timeout_s,
            secrets=(self._key,),
        )


def finished(letter: OutgoingLetter) -> list[tuple[str, str]]:
    """Return the fields that go with a finished message."""
    return [
        ("to", letter.recipient),
        *_common(letter.template),
        ("v:delivery", letter.key),
        ("v:message-id", letter.message_id),
    ]


def merged(letters: Sequence[OutgoingLetter]) -> list[tuple[str, str]]:
    """Return the fields of a letter to many, who see nothing of each other.

    Without ``recipient-variables`` everybody would see everybody, so they are
    made here together with the ``to`` fields, from the same letters.
    """
    template = letters[0].template
    assert template is not None
    names = variables(template)
    people = {
        letter.recipient: {
            "delivery": letter.key,
            "message-id": letter.message_id,
            **{f"t-{name}": letter.values[name] for name in names},
        }
        for letter in letters
    }
    assert len(people) == len(letters), "every address once"
    return [
        *(("to", _mailbox(letter.recipient_name, letter.recipient)) for letter in letters),
        # Mailgun is said to put \uXXXX into the letter as it stands, so letters are not escaped.
        ("recipient-variables", json.dumps(people, ensure_ascii=False)),
        ("from", _mailbox(template.sender_name, template.sender)),
        *_texts(template, lambda name: f"%recipient.t-{name}%"),
        *([("h:Reply-To", template.reply_to)] if template.reply_to else ()),
        *_common(template),
        ("v:delivery", "%recipient.delivery%"),
        ("v:message-id", "%recipient.message-id%"),
    ]


def is_mergeable(letter: OutgoingLetter) -> bool:
    """Return whether recipient variables give exactly this letter."""
    if letter.template is None or not _PLAIN_ADDRESS.fullmatch(letter.recipient):
        return False
    if any(_CONTROL.search(letter.values[name]) for name in variables(letter.template)):
        return False
    if any(_is_ambiguous(piece) for piece in _pieces(letter.template)):
        return False
    texts = [("to", letter.recipient_name), *_texts(letter.template, letter.values.__getitem__)]
    options = sum(len(text.encode()) for name, text in texts if name.startswith("h:"))
    return options <= MAX_HEADER_BYTES and not any(_VARIABLE.search(text) for _, text in texts)


def variables(template: Template) -> list[str]:
    """Return the variables of subject, texts and header fields, each once."""
    return list(dict.fromkeys(name for piece in _pieces(template) for name in piece[1::2]))


def _is_ambiguous(piece: Piece) -> bool:
    """Return whether a percent sign touches a variable, where two readings are possible."""
    texts = piece[::2]
    return any(text.endswith("%") for text in texts[:-1]) or any(text.startswith("%") for text in texts[1:])


def _pieces(template: Template) -> list[Piece]:
    return [template.subject, template.text, template.html, *_kept(template).values()]


def _kept(template: Template) -> Mapping[str, Piece]:
    """Return the header fields without Message-ID: Mailgun gives all letters of a request one of its own."""
    return {name: value for name, value in template.headers.items() if name.lower() != "message-id"}


def _texts(template: Template, variable: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Yield the fields that have variables."""
    yield "subject", written(template.subject, variable)
    yield "text", written(template.text, variable)
    yield "html", written(template.html, variable)
    for name, value in _kept(template).items():
        yield f"h:{name}", written(value, variable)


def _common(template: Template | None) -> Iterator[tuple[str, str]]:
    yield from OPTIONS
    if template is not None and template.campaign:
        yield "o:tag", template.campaign[:TAG_CHARS]


def _mailbox(name: str, address: str) -> str:
    words = " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", name).split())
    quoted = words.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>' if quoted else address


def _identities(event: Mapping[str, Any]) -> tuple[str, str]:
    """Return the Message-ID of an event's letter and the one that our mark names; empty without one."""
    found: list[str] = []
    for path in (("message", "headers", "message-id"), ("user-variables", "message-id")):
        inner: Any = event
        for name in path:
            inner = inner.get(name) if isinstance(inner, dict) else None
        found.append(str(inner or ""))
    return f"<{found[0]}>" if found[0] else "", found[1]


def _headers(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"api:{key}".encode()).decode()}
