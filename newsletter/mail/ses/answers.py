"""What it means when SES does not say yes, as one table.

Sources: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html,
https://docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html,
https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from newsletter import http
from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

RATE_S: Final = 1.0
"""The rate of an account is counted in letters per second."""
QUOTA_S: Final = 3_600.0
"""The quota of an account is counted over the last 24 hours: it comes back little by little."""
_KEYS: Final = "check the access key, or the profile and its role"
_CLOCK: Final = "set the clock of this machine"
_SMALLER: Final = "make the letter smaller"
_VERIFY: Final = (
    "verify the sender's domain in this region; an account in the SES sandbox can only write to "
    "verified addresses, so ask AWS for production access"
)


@dataclass(frozen=True)
class Rule:
    """One row of the table; what is empty fits everything."""

    error: type[DeliveryError]
    """What it means."""
    name: str = ""
    """Pattern of the whole name that the service gives the error, without ``Exception`` at its end."""
    words: str = ""
    """Pattern found in the service's own words."""
    status: str = ""
    """Pattern of the whole HTTP status."""
    advice: str = ""
    """What a person can do about it."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of the error."""

    def fits(self, name: str, words: str, status: int) -> bool:
        """Return whether this row is about the answer."""
        return bool(
            (not self.name or re.fullmatch(self.name, name))
            and re.search(self.words, words, re.IGNORECASE)
            and (not self.status or re.fullmatch(self.status, str(status)))
        )


_THROTTLING: Final = "Throttling|TooManyRequests|RequestLimitExceeded|RequestThrottled"
_LETTER: Final = "MessageRejected|BadRequest|Validation(Error)?|InvalidParameter(Value|Combination)?"

RULES: Final = (
    Rule(
        TransientError,
        _THROTTLING,
        words="daily|24.hour|quota",
        advice="the account's quota for 24 hours is used up",
        facts={"retry_after_s": QUOTA_S},
    ),
    Rule(TransientError, _THROTTLING, facts={"retry_after_s": RATE_S, "throttled": True}),
    Rule(TransientError, "LimitExceeded", facts={"retry_after_s": QUOTA_S}),
    Rule(RefusedSenderError, "AccountSuspended", advice="AWS has closed the account for sending; ask AWS"),
    Rule(
        RefusedSenderError,
        "(Account|ConfigurationSet)?SendingPaused",
        advice="sending is paused for the account or the configuration set; see the SES console",
    ),
    Rule(
        RefusedSenderError, "MailFromDomainNotVerified", advice="mend the DNS of the custom MAIL FROM domain"
    ),
    Rule(RefusedSenderError, "FromEmailAddressNotVerified", advice=_VERIFY),
    Rule(RefusedSenderError, "RequestExpired|RequestTimeTooSkewed", advice=_CLOCK),
    Rule(
        RefusedSenderError,
        "InvalidSignature|SignatureDoesNotMatch",
        words="signature expired|not yet current",
        advice=_CLOCK,
    ),
    Rule(
        RefusedSenderError,
        "UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId|InvalidSignature|SignatureDoesNotMatch"
        "|IncompleteSignature|MissingAuthenticationToken|ExpiredToken|TokenRefreshRequired",
        advice=_KEYS,
    ),
    Rule(
        RefusedSenderError,
        "AccessDenied|NotAuthorized|UnauthorizedOperation|OptInRequired",
        advice="allow it in the IAM policy of this key or role",
    ),
    Rule(RefusedSenderError, "NotFound", advice="check configuration_set and region in config.toml"),
    Rule(RefusedSenderError, words="not verified|not authori[sz]ed|have authority", advice=_VERIFY),
    Rule(RefusedSenderError, "RequestEntityTooLarge", advice=_SMALLER),
    Rule(RefusedSenderError, words="message (length|size)|too (large|long)", advice=_SMALLER),
    # Amazon's own list of addresses that were dead for every customer.
    Rule(PermanentError, "MessageRejected", words="black ?list", facts={"hard": True}),
    Rule(PermanentError, _LETTER),
    Rule(UnknownOutcomeError, status="5..|408"),
    Rule(TransientError, status="429", facts={"throttled": True}),
    Rule(RefusedSenderError, status="40[1237]", advice=_KEYS),
    Rule(PermanentError, status="4.."),
    Rule(
        RefusedSenderError, status="3..", advice="SES is not at this address; check endpoint_url and region"
    ),
    Rule(UnknownOutcomeError),
)
"""The first row that fits wins."""


@dataclass(frozen=True)
class Answer:
    """An answer other than the hoped-for one."""

    name: str
    """What the service calls the error: ``MessageRejected``; the status when it has no name."""
    words: str
    """The service's own words, on one line."""
    status: int
    """HTTP status."""
    headers: Mapping[str, str]
    """Header fields; names in any case."""


def judge(answer: Answer, *, repeatable: bool, where: str) -> DeliveryError:
    """Return what an answer means; ``repeatable``: the request asked for facts and sent nothing."""
    short = answer.name.removesuffix("Exception")
    rule = next(rule for rule in RULES if rule.fits(short, answer.words, answer.status))
    said = f"HTTP {answer.status}" if answer.name == str(answer.status) else answer.name
    told = ": ".join(filter(None, (said, answer.words))).rstrip(".")
    why = "; ".join(filter(None, (told, rule.advice)))
    if rule.error is UnknownOutcomeError:
        return http.unanswered(why, repeatable=repeatable, where=where, code=answer.name)
    facts = dict(rule.facts)
    if rule.error is TransientError and (asked_s := http.retry_after_s(answer.headers)) is not None:
        facts["retry_after_s"] = asked_s
    return rule.error(why, where=where, code=answer.name, **facts)


def explain(error: Exception, *, repeatable: bool, where: str) -> DeliveryError:
    """Return what an exception of boto3 means for the request that was on its way; see `judge`."""
    from botocore import exceptions as failures

    if isinstance(error, failures.ClientError):
        return judge(_answer(error.response), repeatable=repeatable, where=where)
    if isinstance(error, failures.ParamValidationError):
        return PermanentError("the letter has a form that SES does not take", where=where, code="request")
    if isinstance(error, failures.ReadTimeoutError):
        why = "the answer did not come in time"
        return http.unanswered(why, repeatable=repeatable, where=where, code="timeout")
    if isinstance(error, (failures.HTTPClientError, failures.ConnectionError)):
        return http.lost(error, repeatable=repeatable, where=where)
    # What botocore makes of an answer that is not one of SES has no name of its own.
    return http.unanswered(http.NOT_OURS, repeatable=repeatable, where=where, code="broken")


def _answer(response: Mapping[str, Any]) -> Answer:
    from requests.structures import CaseInsensitiveDict

    error, metadata = response["Error"], response["ResponseMetadata"]
    return Answer(
        name=str(error.get("Code") or metadata["HTTPStatusCode"]),
        words=http.words_of(str(error.get("Message") or "").encode()),
        status=metadata["HTTPStatusCode"],
        headers=CaseInsensitiveDict(metadata.get("HTTPHeaders") or {}),
    )
