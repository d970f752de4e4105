"""Letters leave through Postmark, up to 500 in one request; see https://postmarkapp.com/developer/api/email-api."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal
from urllib.parse import quote, urlencode

from newsletter import http
from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.mail.base import MailSession, MailTransport, send_batches, written
from newsletter.model import Receipt
from newsletter.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from newsletter.mail.base import OutgoingLetter, Template

MAX_BYTES: Final = 50_000_000
"""Largest request: "up to 50 MB payload size" (https://postmarkapp.com/developer/user-guide/send-email-with-api)."""
METADATA_CHARS: Final = 80
"""Longest value of a metadata field (https://postmarkapp.com/support/article/1125-custom-metadata-faq)."""
NAME_CHARS: Final = 200
"""Longest name that goes with an address; Postmark takes 255 characters for both together."""

Verdict = Literal["later", "slower", "this letter", "no mailbox", "us"]
VERDICTS: Final[tuple[tuple[int, str, Verdict], ...]] = (
    (100, "", "later"),
    (300, r"(?i)'From'|'ReplyTo'|sender signature", "us"),
    (300, "", "this letter"),
    (406, "", "no mailbox"),
    (429, "", "slower"),
)
"""ErrorCode, what its Message says, what that is about; the first row that fits holds.

Every other code is about us: token (10), sender signature (400, 401), account
(405, 412, 413), message stream (1200s) or the form of the request (402, 403, 409-411).
See https://postmarkapp.com/developer/api/overview#error-codes.
"""
ADVICE: Final[Mapping[str, str]] = {
    "401": "the token is wrong or revoked; it must be the one of a server, not of the account",
    "404": "look at url",
    "413": "a letter takes 10 MB at most; make it smaller",
}
"""HTTP status → what to do, where Postmark refuses a request whoever it is for."""


@dataclass(frozen=True)
class Postmark(MailTransport):
    """Send through a server of Postmark."""

    takes_fields: ClassVar[bool] = True
    max_window: ClassVar[int] = 500

    token: Secret
    """Server API token: the server's page, API Tokens."""
    stream: str = "broadcast"
    """ID of the message stream; newsletters belong into a broadcast stream."""
    url: str = "https://api.postmarkapp.com"
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
        """Read the token; Postmark is asked with the first window."""
        return _Session(self, self.token.reveal())

    def check(self) -> str:
        """Return the names of server and stream, and what about them would surprise."""
        server = self._ask("/server", needs=("Name",))
        try:
            stream = self._ask(f"/message-streams/{quote(self.stream, safe='')}", needs=("ID",))
        except PermanentError as error:
            why = f"the server has no message stream {self.stream!r}; put the ID of one into stream"
            raise RefusedSenderError(f"{why} ({error.why})", where=error.where, code=error.code) from None
        line = f"server {server['Name']}, message stream {stream['ID']}"
        if server.get("DeliveryType") == "Sandbox":
            line += "; the server is a sandbox and delivers nothing"
        unsubscribes = stream.get("SubscriptionManagementConfiguration") or {}
        if unsubscribes.get("UnsubscribeHandlingType") == "Postmark":
            line += "; Postmark adds an unsubscribe link of its own, see the stream's settings"
        return line

    def look_up(self, message_ids: Sequence[str]) -> Mapping[str, Receipt]:
        """Return the letters that Postmark's activity has; it forgets them after 45 days by default.

        One request per letter: messages are found by the Message-ID that they carry as metadata
        (https://postmarkapp.com/developer/api/messages-api#outbound-message-search).
        """
        return {asked: receipt for asked in message_ids if (receipt := self._find(asked)) is not None}

    def _find(self, message_id: str) -> Receipt | None:
        mark = _metadata(message_id)
        query = urlencode({"count": 1, "offset": 0, "messagestream": self.stream, "metadata_letter": mark})
        found = self._ask(f"/messages/outbound?{query}", needs=("Messages",))["Messages"]
        for message in found if isinstance(found, list) else ():
            if isinstance(message, dict) and (message.get("Metadata") or {}).get("letter") == mark:
                return Receipt(str(message.get("MessageID", "")), reply=str(message.get("Status", "")))
        return None

    def _ask(self, path: str, *, needs: Sequence[str]) -> dict[str, Any]:
        headers = credentials(self.token.reveal())
        address = self.url.rstrip("/") + path
        try:
            answer = http.call("GET", address, repeatable=True, headers=headers, needs=needs)
        except RefusedSenderError as error:
            raise _refused(error) from None
        body: dict[str, Any] = answer.body
        return body


class _Session:
    """One request after the other."""

    def __init__(self, settings: Postmark, token: str) -> None:
        self._settings = settings
        self._url = settings.url.rstrip("/") + "/email/batch"
        self._headers = credentials(token) | {"Content-Type": "application/json"}
        self._hidden = (token,)

    def send(self, window: Sequence[OutgoingLetter]) -> Sequence[Receipt | DeliveryError | None]:
        stream = self._settings.stream
        bodies = {
            id(letter): json.dumps(message(letter, stream), ensure_ascii=False).encode("utf-8", "replace")
            for letter in window
        }

        def post(letters: Sequence[OutgoingLetter]) -> list[Receipt | DeliveryError]:
            return self._post(letters, b"[" + b",".join(bodies[id(letter)] for letter in letters) + b"]")

        return send_batches(window, fitting([len(bodies[id(letter)]) for letter in window]), post)

    def close(self) -> None:
        return

    def _post(self, letters: Sequence[OutgoingLetter], content: bytes) -> list[Receipt | DeliveryError]:
        """Return what became of each letter; raise what became of all of them."""
        timeout_s = (http.TIMEOUT_S[0], self._settings.timeout_s)
        try:
            answer = http.call(
                "POST",
                self._url,
                repeatable=False,
                headers=self._headers,
                data=content,
                takes=(422,),
                timeout_s=timeout_s,
            )
        except TransientError as error:
            error.throttled = error.code == "429"
            raise
        except PermanentError as error:
            # What is wrong with one recipient is told letter by letter; this is about the request.
            raise _refused(error) from None
        if answer.status == 422:
            raise self._refusal(answer.body)
        if not isinstance(answer.body, list):
            where = http.place(self._url)
            raise http.unanswered(http.NOT_OURS, repeatable=False, where=where, code="broken")
        results = [*answer.body, *[None] * len(letters)]
        in_step = len(answer.body) == len(letters)
        return [
            self._outcome(letter, result, in_step=in_step)
            for letter, result in zip(letters, results, strict=False)
        ]

    def _refusal(self, body: Any) -> DeliveryError:
        """Return what a refused request means: wait, or a person must look; never a recipient's fault."""
        error = self._judge(body if isinstance(body, dict) else {})
        if isinstance(error, TransientError):
            return error
        return RefusedSenderError(error.why, where=error.where, code=error.code)

    def _outcome(self, letter: OutgoingLetter, result: Any, *, in_step: bool) -> Receipt | DeliveryError:
        """Return what one result says; it must be sure whose it is."""
        code = result.get("ErrorCode") if isinstance(result, dict) else None
        if isinstance(code, int) and (to := str(result.get("To") or "")):
            in_step = letter.recipient.lower() in to.lower()
        if not isinstance(code, int) or not in_step:
            why = f"{http.NOT_OURS}; it may have been accepted"
            return UnknownOutcomeError(why, where=http.place(self._url), code="broken")
        if code != 0:
            return self._judge(result)
        return Receipt(remote_id=str(result.get("MessageID", "")), reply=self._words(result))

    def _judge(self, result: Mapping[str, Any]) -> DeliveryError:
        """Return what a result that is no success means."""
        code, where = result.get("ErrorCode"), http.place(self._url)
        words = self._words(result) or "HTTP 422"
        known = (row[2] for row in VERDICTS if row[0] == code and re.search(row[1], words))
        verdict = next(known, "us")
        name = str(code or 422)
        if verdict in {"later", "slower"}:
            return TransientError(words, where=where, code=name, throttled=verdict == "slower")
        if verdict == "us":
            return RefusedSenderError(words, where=where, code=name)
        return PermanentError(words, where=where, code=name, hard=verdict == "no mailbox")

    def _words(self, result: Mapping[str, Any]) -> str:
        return http.words_of(str(result.get("Message") or "").encode(), self._hidden)


def credentials(token: str) -> dict[str, str]:
    """Return the header fields of every request."""
    return {"X-Postmark-Server-Token": token, "Accept": "application/json"}


def _refused(error: PermanentError) -> RefusedSenderError:
    """Return the failure of a request as one that a person has to mend."""
    advice = ADVICE.get(error.code)
    why = f"{error.why}; {advice}" if advice else error.why
    return RefusedSenderError(why, where=error.where, code=error.code)


def fitting(sizes: Sequence[int]) -> list[list[int]]:
    """Return the places of the messages that go into one request each, by their sizes in bytes."""
    groups: list[list[int]] = []
    total = MAX_BYTES
    for place, size in enumerate(sizes):
        # A comma or bracket goes with every message, a bracket with every request.
        if total + size + 1 > MAX_BYTES:
            groups.append([])
            total = 1
        groups[-1].append(place)
        total += size + 1
    return groups


def message(letter: OutgoingLetter, stream: str) -> dict[str, Any]:
    """Return a letter as Postmark takes it.

    Of its words only ``{{{ pm:unsubscribe }}}`` means anything to Postmark; it becomes a link.
    """
    template = letter.template
    assert template is not None, "letters for Postmark bring their template"
    fields: dict[str, Any] = {
        "From": _mailbox(template.sender_name, template.sender),
        "To": _mailbox(letter.recipient_name, letter.recipient),
        "ReplyTo": template.reply_to,
        "Subject": written(template.subject, letter.values.__getitem__),
        "TextBody": written(template.text, letter.values.__getitem__),
        "HtmlBody": written(template.html, letter.values.__getitem__),
        "Headers": _headers(letter, template),
        "Tag": template.campaign,
        "Metadata": {"delivery": _metadata(letter.key), "letter": _metadata(letter.message_id)},
        "MessageStream": stream,
        "TrackLinks": "None",
    }
    return {name: value for name, value in fields.items() if value} | {"TrackOpens": False}


def _headers(letter: OutgoingLetter, template: Template) -> list[dict[str, str]]:
    fields = {
        name: written(value, letter.values.__getitem__)
        for name, value in template.headers.items()
        if name.lower() != "message-id"
    }
    if letter.message_id:
        # Postmark replaces a Message-ID unless it is told to keep it.
        fields |= {"Message-ID": letter.message_id, "X-PM-KeepID": "true"}
    return [{"Name": name, "Value": value} for name, value in fields.items()]


def _mailbox(name: str, address: str) -> str:
    """Return name and address of a From or To field; the name is decoded and quoted (RFC 5322 §3.4)."""
    quoted = re.sub(r"[\x00-\x1f\x7f\s]+", " ", name).strip()[:NAME_CHARS]
    quoted = quoted.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>' if quoted else address


def _metadata(value: str) -> str:
    """Return a value that fits a metadata field, the same for the same value."""
    bare = value.strip("<>")
    return bare if len(bare) <= METADATA_CHARS else hashlib.sha256(bare.encode()).hexdigest()
