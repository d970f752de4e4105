"""Amazon SES on this machine: strict about every field and signature, with faults on demand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.utils import parseaddr
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from botocore.loaders import Loader

from newsletter import clock
from tests.mail.api_faults import Asked, FaultyApi, Said, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KEY_ID: Final = "AKIARIVERTRUSTNEWS77"
SECRET: Final = "uV3/river+trust+secret/uV3"
REGION: Final = "eu-west-1"
_SEND: Final = "/v2/email/outbound-emails"
_ACCOUNT: Final = "/v2/email/account"
_NEEDED: Final = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type")


def refused(status: int, name: str, words: str = "", **headers: str) -> Said:
    """Return an error the way SES tells one: its name in a header, its words in the body."""
    return told(status, {"message": words} if words else {}, x_amzn_ErrorType=name, **headers)


@dataclass(frozen=True)
class Taken:
    """A letter that SES accepted."""

    recipient: str
    """Envelope recipient."""
    bounces_to: str
    """Address that bounces are forwarded to."""
    message: bytes
    """The message as it came in."""
    tags: dict[str, str]
    """Tags, name → value."""
    configuration_set: str
    """Configuration set it is sent with; may be empty."""


class _WrongError(Exception):
    """Ends the reading of a request with an answer."""

    def __init__(self, status: int, name: str, words: str) -> None:
        self.said = refused(status, name, words)
        super().__init__(name, words)


class FakeSes(FaultyApi):
    """Takes letters from ``news@rivertrust.example``, and says no like SES."""

    def __init__(self) -> None:
        """Begin to answer."""
        self.taken: list[Taken] = []
        """Letters accepted, also those whose answer was lost."""
        self.verified = {"rivertrust.example"}
        """Domains that may send."""
        self.configuration_sets = {"newsletters"}
        self.token = ""
        """Session token that requests must carry; empty: none."""
        self.account: dict[str, Any] = {
            "SendingEnabled": True,
            "ProductionAccessEnabled": True,
            "EnforcementStatus": "HEALTHY",
            "SendQuota": {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 1234.0},
        }
        """What GetAccount answers."""
        super().__init__()

    def keys_of(self, asked: Asked) -> Iterable[str]:
        """Return the delivery in the tags of a letter."""
        if (asked.method, asked.path) != ("POST", _SEND):
            return ()
        try:
            tags = json.loads(asked.body)["EmailTags"]
            return [tag["Value"] for tag in tags if tag["Name"] == "newsletter-delivery"]
        except (ValueError, LookupError, TypeError):
            return ["a letter without a tag"]

    def answer(self, asked: Asked) -> Said:
        """Check the signature and every field; then take the letter, or describe the account."""
        try:
            self._verify(asked)
            if (asked.method, asked.path, asked.query, asked.body) == ("GET", _ACCOUNT, (), b""):
                return told(200, self.account)
            if (asked.method, asked.path, asked.query) != ("POST", _SEND, ()):
                return refused(404, "UnknownOperationException", f"{asked.method} {asked.path} {asked.query}")
            self.taken.append(self._read(asked))
        except _WrongError as wrong:
            return wrong.said
        name = f"0102018f-{len(self.taken):08d}-000000"
        return told(200, {"MessageId": name}, x_amzn_RequestId=f"request-{len(self.asked)}")

    def _verify(self, asked: Asked) -> None:
        """Work out the signature anew (AWS Signature Version 4) and compare."""
        found = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/ses/aws4_request, "
            r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})",
            asked.headers.get("Authorization", ""),
        )
        if found is None:
            raise _WrongError(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        key_id, day, region, signed, signature = found.groups()
        if key_id != KEY_ID:
            raise _WrongError(
                403, "UnrecognizedClientException", "The security token in the request is invalid."
            )
        moment = asked.headers.get("X-Amz-Date", "")
        text = _text_to_sign(asked, moment, f"{day}/{region}/ses/aws4_request", signed.split(";"))
        own = hmac.new(_signing_key(day, region), text.encode(), hashlib.sha256).hexdigest()
        must = {"host", "x-amz-date"} | ({"content-type"} if asked.body else set())
        if not hmac.compare_digest(own, signature) or region != REGION or not must <= set(signed.split(";")):
            words = "The request signature we calculated does not match the signature you provided."
            raise _WrongError(403, "InvalidSignatureException", words)
        at = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if abs(clock.now() - at) > timedelta(minutes=15) or not moment.startswith(day):
            raise _WrongError(403, "InvalidSignatureException", "Signature expired")
        if asked.headers.get("X-Amz-Security-Token", "") != self.token:
            words = "The security token included in the request is expired"
            raise _WrongError(403, "ExpiredTokenException", words)

    def _read(self, asked: Asked) -> Taken:
        request = _parsed(asked)
        mistakes = list(_mistakes(request, "SendEmailRequest", "request"))
        if mistakes:
            raise _WrongError(400, "BadRequestException", "; ".join(mistakes))
        recipients = request.get("Destination", {}).get("ToAddresses", [])
        if set(request["Content"]) != {"Raw"} or len(recipients) != 1 or "FromEmailAddress" in request:
            # Allowed by SES, and not what a newsletter wants: the first names one letter's readers to
            # each other, the last one writes over the From line.
            raise _WrongError(400, "BadRequestException", "one raw message to one recipient, please")
        message = base64.b64decode(request["Content"]["Raw"]["Data"], validate=True)
        sender = _checked_sender(message)
        bounces_to = request.get("FeedbackForwardingEmailAddress", sender)
        for address in (sender, bounces_to):
            if address.rpartition("@")[2] not in self.verified:
                words = f"Email address is not verified. The following identities failed the check: {address}"
                raise _WrongError(400, "MessageRejected", words)
        name = request.get("ConfigurationSetName", "")
        if name and name not in self.configuration_sets:
            raise _WrongError(404, "NotFoundException", f"Configuration set <{name}> does not exist.")
        tags = {tag["Name"]: tag["Value"] for tag in request.get("EmailTags", [])}
        if not all(re.fullmatch(r"[A-Za-z0-9_-]{1,256}", word) for word in (*tags, *tags.values())):
            raise _WrongError(400, "BadRequestException", "a tag has characters that are not allowed")
        return Taken(recipients[0], bounces_to, message, tags, name)


def _parsed(asked: Asked) -> Any:
    if asked.headers.get("Content-Type") != "application/json":
        raise _WrongError(400, "BadRequestException", "the content is not JSON")
    try:
        return json.loads(asked.body)
    except ValueError:
        raise _WrongError(400, "SerializationException", "the content is not JSON") from None


def _checked_sender(message: bytes) -> str:
    """Return the address of the From line of a message that mail servers take as it is."""
    parsed = message_from_bytes(message, policy=policy.SMTP)
    missing = [name for name in _NEEDED if len(parsed.get_all(name, [])) != 1]
    defects = [str(defect) for part in parsed.walk() for defect in part.defects]
    lines = message.split(b"\r\n")
    loose = any(b"\r" in line or b"\n" in line or len(line) > 998 for line in lines)
    if missing or defects or loose or not message.isascii():
        words = f"not a message: missing {missing}, {defects}, loose line ends or long lines: {loose}"
        raise _WrongError(400, "BadRequestException", words)
    return parseaddr(str(parsed["From"]))[1]


def _mistakes(value: Any, shape: str, at: str) -> Iterator[str]:
    """Yield where a request differs from the service's own model."""
    known = _shapes()[shape]
    kinds: dict[str, Any] = {"structure": dict, "list": list, "string": str, "blob": str, "boolean": bool}
    if not isinstance(value, kinds[known["type"]]):
        yield f"{at} is not a {known['type']}"
    elif known["type"] == "structure":
        for name in known.get("required", []):
            if name not in value:
                yield f"{at}.{name} is missing"
        for name, inner in value.items():
            if name in known["members"]:
                yield from _mistakes(inner, known["members"][name]["shape"], f"{at}.{name}")
            else:
                yield f"{at}.{name} is not known"
    elif known["type"] == "list":
        for inner in value:
            yield from _mistakes(inner, known["member"]["shape"], f"{at}[]")
    elif known["type"] == "blob" and not re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", value):
        yield f"{at} is not base64"


@cache
def _shapes() -> Any:
    return Loader().load_service_model("sesv2", "service-2")["shapes"]


def _text_to_sign(asked: Asked, moment: str, scope: str, signed: list[str]) -> str:
    """Return the text under the signature.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
    """
    fields = [f"{name}:{' '.join(asked.headers.get(name, '').split())}\n" for name in signed]
    canonical = "\n".join(
        [
            asked.method,
            asked.path,
            "",
            "".join(fields),
            ";".join(signed),
            hashlib.sha256(asked.body).hexdigest(),
        ]
    )
    return "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])


def _signing_key(day: str, region: str) -> bytes:
    key = f"AWS4{SECRET}".encode()
    for part in (day, region, "ses", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
