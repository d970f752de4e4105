"""Letters leave through Brevo, up to a thousand in one request.

See https://developers.brevo.com/reference/send-transac-email.
"""

from __future__ import annotations

import json
import re
import unicodedata
import uuid
from dataclasses import dataclass
from email.header import Header, decode_header, make_header
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from newsletter import http
from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.mail.base import MailSession, MailTransport, batches, send_batches, written
from newsletter.model import Receipt
from newsletter.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from newsletter.mail.base import OutgoingLetter, Template

MAX_VERSIONS: Final = 1000
"""Most letters of one request (https://developers.brevo.com/docs/batch-send-transactional-emails)."""
MAX_BYTES: Final = 10_000_000
"""About the largest request made; Brevo names no limit for one, and 20 MB for one mail."""
NAME_CHARS: Final = 70
"""Longest name that Brevo takes with an address."""
KEY_SPACE: Final = uuid.UUID("5bd8c4a1-6c0e-5d0b-9b60-3f1e4f0a7c52")
"""Name space of our idempotency keys (RFC 9562 §5.5)."""

Verdict = Literal["these letters", "seen before"]
VERDICTS: Final[tuple[tuple[str, str, Verdict], ...]] = (
    ("duplicate_parameter|duplicate_request", "", "seen before"),
    ("invalid_parameter|missing_parameter", r"(?i)\bin to\b|\bto\[|\.to\b|\brecipients?\b", "these letters"),
)
"""``code`` and ``message`` of a 400 or 422, what it is about; the first row that fits holds.

Every other one is about us: key, credits, sender, or the letter of everybody.
"""
ADVICE: Final[Mapping[str, str]] = {
    "401": "the key is wrong or revoked, or this machine's address is not among the authorised ones",
    "402": "the plan's letters are used up",
    "403": "the account may not send yet; look for messages of Brevo",
    "404": "look at url",
    "413": "make the letter smaller, or the window",
}
"""HTTP status → what to do, where Brevo refuses a request whoever it is for."""
_REST_BYTES: Final = 2_000
"""About what values, header fields and addresses of one letter come to."""
_MARK: Final = re.compile(r"\{(?=[{%#])")
"""First brace of what Brevo's template language would take for its own."""


@dataclass(frozen=True)
class Brevo(MailTransport):
    """Send through Brevo's transactional platform."""

    takes_fields: ClassVar[bool] = True
    max_window: ClassVar[int] = MAX_VERSIONS
    # A request with the same letters is refused, not sent again, for half an hour:
    # https://developers.brevo.com/docs/heterogenous-versions-batch-emails
    honours_key_for_s: ClassVar[int] = 1800

    key: Secret
    """API key: SMTP & API, API keys; an SMTP key does not do."""
    url: str = "https://api.brevo.com/v3"
    """Address of the API."""
    timeout_s: float = 120
    """How long to wait for the answer to a request; what becomes of its letters is unknown afterwards."""

    def __post_init__(self) -> None:
        """Refuse settings that cannot work."""
        super().__post_init__()
        http.check_address(self.url)
        if self.timeout_s <= 0:
            raise ValueError("timeout_s must be more than 0")

    def connect(self) -> MailSession:
        """Read the key; Brevo is asked with the first letters."""
        return _Session(self, self.key.reveal())

    def check(self) -> str:
        """Return whose account it is and how many letters its plan has left."""
        key, address = self.key.reveal(), self.url.rstrip("/") + "/account"
        try:
            answer = http.call(
                "GET", address, repeatable=True, headers=_headers(key), needs=("email",), secrets=(key,)
            )
        except PermanentError as error:
            raise _refused(error.why, error.code, error.where) from None
        account: Mapping[str, Any] = answer.body
        if not (account.get("relay") or {}).get("enabled", True):
            why = "the account's transactional platform is not activated; ask Brevo to do it"
            raise RefusedSenderError(why, where=http.place(address), code="relay")
        left = [
            f"{plan.get('credits')} letters left ({plan.get('type')})"
            for plan in account.get("plan") or ()
            if plan.get("creditsType") == "sendLimit" and plan.get("type") != "sms"
        ]
        return ", ".join([f"{account.get('companyName') or 'account'} ({account['email']})", *left])


class _Session:
    """One request after the other."""

    def __init__(self, settings: Brevo, key: str) -> None:
        self._url = settings.url.rstrip("/") + "/smtp/email"
        self._timeout_s = (http.TIMEOUT_S[0], settings.timeout_s)
        self._key = key
        self._alone: set[str] = set()

    def send(self, window: Sequence[OutgoingLetter]) -> Sequence[Receipt | DeliveryError | None]:
        templates = {id(letter.template): letter.template for letter in window if letter.template}
        largest = max((_size(template) for template in templates.values()), default=1)
        most = max(1, min(MAX_VERSIONS, MAX_BYTES // largest))
        groups = batches(window, most=most, alone=lambda letter: letter.key in self._alone)
        return send_batches(window, groups, self._post)

    def close(self) -> None:
        return

    def _post(self, letters: Sequence[OutgoingLetter]) -> Sequence[Receipt | DeliveryError | None]:
        """Return what became of each letter; raise what became of all of them."""
        where = http.place(self._url)
        try:
            answer = http.call(
                "POST",
                self._url,
                repeatable=False,
                headers=_headers(self._key),
                json=request(letters),
                takes=(400, 422, 429),
                timeout_s=self._timeout_s,
                secrets=(self._key,),
            )
        except PermanentError as error:
            raise _refused(error.why, error.code, where) from None
        if answer.status == 429:
            wait_s = _wait_s(answer.headers)
            why = f"HTTP 429: {self._words(answer.body)}".rstrip(": ")
            raise TransientError(why, where=where, code="429", retry_after_s=wait_s, throttled=True)
        if answer.status >= 400:
            return self._refusal(letters, answer)
        identifiers = _identifiers(answer.body)
        if len(identifiers) != len(letters):
            raise http.unanswered(http.NOT_OURS, repeatable=False, where=where, code="broken")
        return [Receipt(identifier, reply=f"HTTP {answer.status}") for identifier in identifiers]

    def _refusal(
        self, letters: Sequence[OutgoingLetter], answer: http.Answer
    ) -> Sequence[DeliveryError | None]:
        """Return what a refused request means for its letters, none of which was accepted.

        Raises:
            RefusedSenderError: it is about us.
            UnknownOutcomeError: the same request came before.
        """
        body = answer.body if isinstance(answer.body, dict) else {}
        code, words = str(body.get("code") or answer.status), self._words(answer.body)
        why, where = f"HTTP {answer.status}: {words or code}", http.place(self._url)
        rows = (row for row in VERDICTS if re.fullmatch(row[0], code) and re.search(row[1], words))
        verdict = next((row[2] for row in rows), None)
        if verdict == "seen before":
            why = f"{why}; Brevo had these letters within the last half hour, and has not sent them again now"
            raise UnknownOutcomeError(why, where=where, code=code)
        if verdict is None:
            raise _refused(why, code, where)
        if len(letters) == 1:
            return [PermanentError(why, where=where, code=code)]
        # It does not say whose address it is; each goes alone next time, and the one is told from the others.
        self._alone.update(letter.key for letter in letters)
        return [None] * len(letters)

    def _words(self, body: Any) -> str:
        return http.words_of(json.dumps(body).encode(), (self._key,))


def request(letters: Sequence[OutgoingLetter]) -> dict[str, Any]:
    """Return the body of one request; letters that go together have the same template.

    What stands beside the versions has nobody's values, in case a version were not complete.
    """
    template = letters[0].template
    assert template is not None, "letters for Brevo bring their template"
    body: dict[str, Any] = {"sender": _person(template.sender_name, template.sender)}
    headers = {"idempotencyKey": idempotency_key(letters)}
    if len(letters) == 1:
        version = _version(letters[0], template)
        body |= version | {"headers": version["headers"] | headers}
    else:
        body |= {
            "subject": template.campaign or template.sender,
            "htmlContent": plain_html(written(template.html, lambda _: "")),
            "headers": headers,
            "messageVersions": [_version(letter, template) for letter in letters],
        }
    if template.reply_to:
        body["replyTo"] = {"email": template.reply_to}
    if template.campaign:
        body["tags"] = [template.campaign]
    return body


def idempotency_key(letters: Sequence[OutgoingLetter]) -> str:
    """Return a UUID that is the same whenever exactly these letters go together, on every attempt."""
    names = sorted(f"{letter.key} {letter.message_id}" for letter in letters)
    return str(uuid.uuid5(KEY_SPACE, "\n".join(names)))


def plain(text: str) -> str:
    r"""Return a subject or text part in which Brevo's template language finds nothing.

    An invisible word joiner parts the braces, because a subject has no escapes, and the
    language's own (``{% verbatim %}``) would be read out where it is not applied.

    >>> plain("{{ params.x }}")
    '{\u2060{ params.x }}'
    """
    return _MARK.sub("{\u2060", text)


def plain_html(text: str) -> str:
    """Return an HTML part that looks the same, in which Brevo's template language finds nothing.

    >>> plain_html("<style>@media print{#top{}}</style>{{ params.x }}")
    '<style>@media print{ #top{}}</style>&#123;{ params.x }}'
    """
    # A style sheet knows no character references, but a blank after a brace means nothing there.
    parts = re.split(r"(?is)(<style\b.*?</style>)", text)
    return "".join(_MARK.sub("{ " if place % 2 else "&#123;", part) for place, part in enumerate(parts))


def _version(letter: OutgoingLetter, template: Template) -> dict[str, Any]:
    """Return everything of one person's letter."""
    headers = {
        _title_case(name): _ascii(written(value, letter.values.__getitem__))
        for name, value in template.headers.items()
        if name.lower() != "message-id"  # Brevo gives every letter its own
    }
    mark = {"delivery": letter.key, "message_id": letter.message_id}
    version = {
        "to": [_person(letter.recipient_name, letter.recipient)],
        "subject": plain(written(template.subject, letter.values.__getitem__)),
        "htmlContent": plain_html(written(template.html, letter.values.__getitem__)),
        "textContent": plain(written(template.text, letter.values.__getitem__)),
        "headers": headers | {"X-Mailin-custom": json.dumps(mark, separators=(",", ":"))},
    }
    return {name: value for name, value in version.items() if value}


def _person(name: str, address: str) -> dict[str, str]:
    words = " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", name).split())[:NAME_CHARS]
    if not words.isascii() and re.search(r'[][()<>@,:;".\\]', words):
        # Brevo loses such names unless they are encoded: https://anymail.dev/en/stable/esps/brevo/
        words = Header(words, "utf-8").encode(maxlinelen=0)
    return {"email": address, "name": words} if 0 < len(words) <= NAME_CHARS else {"email": address}


def _ascii(value: str) -> str:
    """Return a header value that Brevo cannot break: it sends everything beyond ASCII unencoded."""
    decoded = str(make_header(decode_header(value))) if "=?" in value else value
    return unicodedata.normalize("NFKD", decoded).encode("ascii", "ignore").decode()


def _title_case(name: str) -> str:
    """Return a header name the way Brevo asks for: ``List-Id``."""
    return "-".join(word.capitalize() for word in name.split("-"))


def _size(template: Template) -> int:
    """Return about how many bytes each letter has in a request, short values assumed."""
    return len(json.dumps([template.subject, template.text, template.html])) + _REST_BYTES


def _identifiers(body: Any) -> list[str]:
    """Return the Message-IDs of an answer, one per letter."""
    found = body if isinstance(body, dict) else {}
    several = found.get("messageIds")
    several = several if isinstance(several, list) else [found.get("messageId")]
    return [identifier for identifier in several if isinstance(identifier, str)]


def _wait_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that Brevo asks us to wait (https://developers.brevo.com/docs/limit-headers)."""
    reset = headers.get("x-sib-ratelimit-reset", "").strip()
    return float(reset) if re.fullmatch(r"\d{1,9}", reset) else http.retry_after_s(headers)


def _refused(why: str, code: str, where: str) -> RefusedSenderError:
    advice = ADVICE.get(code)
    return RefusedSenderError(f"{why}; {advice}" if advice else why, where=where, code=code)


def _headers(key: str) -> dict[str, str]:
    return {"api-key": key, "Accept": "application/json"}
