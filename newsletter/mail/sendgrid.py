"""Letters leave through SendGrid, up to a thousand in one request.

See https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from newsletter import http
from newsletter.errors import DeliveryError, PermanentError, RefusedSenderError, TransientError
from newsletter.mail.base import MailSession, MailTransport, batches, send_batches, written
from newsletter.model import Receipt
from newsletter.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from newsletter.mail.base import OutgoingLetter, Template

MAX_RECIPIENTS: Final = 1000
"""Most personalizations, and most recipients, of one request."""
MAX_SUBSTITUTION_BYTES: Final = 10_000
"""Most bytes of names and values in the substitutions of one recipient."""
CATEGORY_CHARS: Final = 255
"""Longest name of a category."""
SETTINGS: Final[Mapping[str, Any]] = {
    "tracking_settings": {
        "click_tracking": {"enable": False, "enable_text": False},
        "open_tracking": {"enable": False},
        "subscription_tracking": {"enable": False},
        "ganalytics": {"enable": False},
    },
    "mail_settings": {"footer": {"enable": False}},
}
"""What keeps the letter as it was approved, whatever the account's own settings are."""
ADVICE: Final[Mapping[str, str]] = {
    "401": "the key is wrong or revoked, or the account has used up its credits",
    "403": "the key lacks the permission Mail Send, or the sender is not verified",
    "404": "look at url",
    "405": "look at url",
    "413": "a request takes 30 MB at most; make the letter smaller",
}
"""HTTP status → what to do, where SendGrid refuses the request whoever it is for.

Of the others, 400 is about one recipient when it names one, else about the letter of everybody; 429 is
for later; after 5xx nobody knows. Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors
"""
_ONE_RECIPIENT: Final = re.compile(r"personalizations\.(\d+)\b")
"""Where an error is whose ``field`` is ``personalizations.3.to.0.email``."""
_TOKEN_CHARS: Final = 8


@dataclass(frozen=True)
class Sendgrid(MailTransport):
    """Send through SendGrid; its key needs the permission Mail Send and no other."""

    takes_fields: ClassVar[bool] = True
    max_window: ClassVar[int] = MAX_RECIPIENTS

    key: Secret
    """API key: Settings → API Keys."""
    url: str = "https://api.sendgrid.com"
    """Address of the API; https://api.eu.sendgrid.com for a subuser in the EU."""
    timeout_s: float = 60
    """How long to wait for the answer to a request; what becomes of its letters is unknown afterwards."""

    def __post_init__(self) -> None:
        """Refuse settings that cannot work."""
        super().__post_init__()
        http.check_address(self.url)
        if self.timeout_s <= 0:
            raise ValueError("timeout_s must be more than 0")

    def connect(self) -> MailSession:
        """Read the key; SendGrid is asked with the first letters."""
        return _Session(self, self.key.reveal())

    def check(self) -> str:
        """Return that the key may send; SendGrid does not tell a sending key whose it is."""
        key, address = self.key.reveal(), self.url.rstrip("/") + "/v3/scopes"
        answer = http.call(
            "GET", address, repeatable=True, headers=_headers(key), needs=("scopes",), secrets=(key,)
        )
        scopes = answer.body["scopes"]
        if not isinstance(scopes, list) or "mail.send" not in scopes:
            why = "the key may not send; give it the permission Mail Send"
            raise RefusedSenderError(why, where=http.place(address), code="scopes")
        return f"the key may send through {http.place(self.url)}"


class _Session:
    """One request after the other."""

    def __init__(self, settings: Sendgrid, key: str) -> None:
        self._url = settings.url.rstrip("/") + "/v3/mail/send"
        self._timeout_s = (http.TIMEOUT_S[0], settings.timeout_s)
        self._key = key

    def send(self, window: Sequence[OutgoingLetter]) -> Sequence[Receipt | DeliveryError | None]:
        groups = batches(window, most=MAX_RECIPIENTS, alone=is_too_big)
        return send_batches(window, groups, self._post)

    def close(self) -> None:
        return

    def _post(self, letters: Sequence[OutgoingLetter]) -> Sequence[Receipt | DeliveryError | None]:
        where = http.place(self._url)
        try:
            answer = http.call(
                "POST",
                self._url,
                repeatable=False,
                headers=_headers(self._key),
                json=request(letters),
                takes=(400,),
                timeout_s=self._timeout_s,
                secrets=(self._key,),
            )
        except TransientError as error:
            error.throttled = error.code == "429"
            raise
        except PermanentError as error:
            advice = ADVICE.get(error.code)
            why = f"{error.why}; {advice}" if advice else error.why
            raise RefusedSenderError(why, where=where, code=error.code) from None
        if answer.status == 400:
            return self._refused(answer.body, len(letters))
        if answer.status != 202:
            raise http.unanswered(http.NOT_OURS, repeatable=False, where=where, code="broken")
        return [Receipt(answer.headers.get("X-Message-Id", ""), reply="202 Accepted")] * len(letters)

    def _refused(self, body: Any, count: int) -> list[DeliveryError | None]:
        """Return the failure of each recipient that a 400 names; the others were not tried.

        Raises:
            RefusedSenderError: it names none, so nobody can get this letter.
        """
        where = http.place(self._url)
        outcomes: list[DeliveryError | None] = [None] * count
        errors = body.get("errors") if isinstance(body, dict) else None
        said = [error for error in errors or () if isinstance(error, dict)]
        for error in said:
            named = _ONE_RECIPIENT.match(str(error.get("field")))
            if named and int(named[1]) < count:
                why = f"HTTP 400: {self._words(error)}"
                outcomes[int(named[1])] = PermanentError(why, where=where, code="400")
        if not any(outcomes):
            reason = next(
                ((error.get("field"), self._words(error)) for error in said), ("", "no reason given")
            )
            raise RefusedSenderError(f"HTTP 400: {': '.join(filter(None, reason))}", where=where, code="400")
        return outcomes

    def _words(self, error: Mapping[str, Any]) -> str:
        return http.words_of(str(error.get("message")).encode(), (self._key,))


def request(letters: Sequence[OutgoingLetter]) -> dict[str, Any]:
    """Return the body of one request: texts with a token for every variable, and each person's values.

    The letter of one person alone has the values in its texts. SendGrid puts no
    values into header fields, so those are written for each person here.
    """
    template = letters[0].template
    assert template is not None, "letters for SendGrid bring their template"
    names = variables(template)
    if len(letters) == 1:
        token, merged = letters[0].values.__getitem__, False
    else:
        token, merged = tokens(letters, names), True
    body: dict[str, Any] = {
        "personalizations": [
            _personalization(letter, {token(name): letter.values[name] for name in names} if merged else {})
            for letter in letters
        ],
        "from": _mailbox(template.sender_name, template.sender),
        "subject": written(template.subject, token),
        "content": [
            {"type": "text/plain", "value": written(template.text, token)},
            {"type": "text/html", "value": written(template.html, token)},
        ],
        **SETTINGS,
    }
    if template.reply_to:
        body["reply_to"] = {"email": template.reply_to}
    if template.campaign:
        body["categories"] = [template.campaign[:CATEGORY_CHARS]]
    return body


def tokens(letters: Sequence[OutgoingLetter], names: Sequence[str]) -> Callable[[str], str]:
    """Return a function from a variable to what stands for it: nothing that any text or value holds.

    SendGrid replaces one token after the other, so a value that held one would be replaced too.
    Nobody can guess one, so nobody can put the half of one into a value.
    """
    template = letters[0].template
    assert template is not None
    texts = [*template.subject, *template.text, *template.html]
    texts += [letter.values[name] for letter in letters for name in names]
    while True:
        mark = secrets.token_hex(_TOKEN_CHARS // 2)
        if not any(mark in text for text in texts):
            return lambda name: f"-{mark}.{name}-"


def variables(template: Template) -> list[str]:
    """Return the variables in subject and texts, each once."""
    return list(dict.fromkeys([*template.subject[1::2], *template.text[1::2], *template.html[1::2]]))


def is_too_big(letter: OutgoingLetter) -> bool:
    """Return whether a person's values are more than SendGrid substitutes."""
    assert letter.template is not None, "letters for SendGrid bring their template"
    names = variables(letter.template)
    size = sum(len(name.encode()) + len(letter.values[name].encode()) for name in names)
    return size + len(names) * (_TOKEN_CHARS + len("-.-")) > MAX_SUBSTITUTION_BYTES


def _personalization(letter: OutgoingLetter, substitutions: Mapping[str, str]) -> dict[str, Any]:
    assert letter.template is not None
    headers = letter.template.headers.items()
    made = {
        # "to.name cannot include ; or ,": https://docs.sendgrid.com/api-reference/mail-send/limitations
        "to": [_mailbox(re.sub("[;,]", " ", letter.recipient_name), letter.recipient)],
        "headers": {name: written(value, letter.values.__getitem__) for name, value in headers},
        "custom_args": {"delivery": letter.key},
        "substitutions": dict(substitutions),
    }
    return {name: value for name, value in made.items() if value}


def _mailbox(name: str, address: str) -> dict[str, str]:
    words = " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", name).split())
    return {"email": address, "name": words} if words else {"email": address}


def _headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
