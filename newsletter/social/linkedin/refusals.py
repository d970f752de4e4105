"""What LinkedIn's errors mean.

See https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/error-handling.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from newsletter import clock, http
from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

POST: Final = re.compile(r"urn:li:(?:share|ugcPost):\d+", re.ASCII)
"""How LinkedIn names a post."""

Verdict = Literal["us", "post", "there"]
_LOG_IN: Final = "log in again with newsletter accounts login, or make a new token"
_VERSION: Final = "LinkedIn has switched this version of its API off; set version to a newer month"
_LENGTH: Final = "it is longer than LinkedIn takes; escapes count"
VERDICTS: Final[tuple[tuple[tuple[int, ...], str, Verdict, str, str], ...]] = (
    (
        (400, 403, 426),
        r"NONEXISTENT_VERSION|VERSION_MISSING|INVALID_VERSION|version \S+ is not active",
        "us",
        "version",
        _VERSION,
    ),
    ((426,), "", "us", "version", _VERSION),
    ((401,), r"revoked", "us", "401", f"the token was revoked; {_LOG_IN}"),
    ((401,), r"expired", "us", "401", f"the token has expired; {_LOG_IN}"),
    ((401,), "", "us", "401", f"LinkedIn does not know the token; {_LOG_IN}"),
    ((403,), r"restricted|suspended", "us", "403", "look at the account on LinkedIn itself"),
    ((403,), "", "us", "403", "the token lacks a scope, or its owner may not post for this page"),
    ((400, 409, 422), r"DUPLICATE_POST|duplicate of urn:li:", "there", "duplicate", ""),
    ((400, 422), r"FIELD_LENGTH_TOO_LONG|SIZE_TOO_HIGH|exceeded the maximum", "post", "length", _LENGTH),
    ((400, 422), r"urn:li:image|MEDIA_ASSET", "post", "picture", "LinkedIn does not take this picture"),
    ((400, 404, 422), "", "post", "", ""),
)
"""HTTP statuses, what codes and message say, what that is about, our code and advice.

The first row that fits holds; ``there`` means that the same words stand already.
429 is for later, and after 5xx nobody knows.
"""


class AlreadyThereError(UnknownOutcomeError):
    """The same words stand on LinkedIn already; they may be ours, of a try whose answer was lost."""

    def __init__(self, why: str, *, where: str, urn: str) -> None:
        """Keep the post that LinkedIn names; empty when it names none."""
        self.urn = urn
        super().__init__(why, where=where, code="duplicate")


def refusal(answer: http.Answer, *, repeatable: bool, where: str, secrets: Sequence[str]) -> DeliveryError:
    """Return what an answer that is no success means."""
    content = json.dumps(answer.body)
    words = http.words_of(content.encode(), secrets)
    said = " ".join((*_codes(answer.body), words))
    why = f"HTTP {answer.status}" + (f": {words}" if words else "")
    for statuses, phrase, verdict, code, advice in VERDICTS:
        if answer.status not in statuses or not re.search(phrase, said, re.IGNORECASE):
            continue
        if verdict == "there":
            named = POST.search(content)
            return _there(why, named[0] if named else "", where)
        kind = RefusedSenderError if verdict == "us" else PermanentError
        return kind(f"{why}; {advice}" if advice else why, where=where, code=code or str(answer.status))
    error = http.refusal(answer.status, answer.headers, words, repeatable=repeatable, where=where)
    if isinstance(error, TransientError) and answer.status == 429 and error.retry_after_s is None:
        error.retry_after_s = _until_midnight_s(said)
    return error


def _there(why: str, urn: str, where: str) -> AlreadyThereError:
    which = urn or "a post that LinkedIn does not name"
    return AlreadyThereError(f"{why}; the same words stand already: {which}", where=where, urn=urn)


def _codes(body: Any) -> Iterator[str]:
    """Yield LinkedIn's own codes: that of the whole answer, and those of single fields."""
    if isinstance(body, dict):
        yield str(body.get("code", ""))
        details = body.get("errorDetails")
        errors = details.get("inputErrors") if isinstance(details, dict) else None
        for error in errors if isinstance(errors, list) else ():
            yield str(error.get("code", "")) if isinstance(error, dict) else ""


def _until_midnight_s(said: str) -> float | None:
    """Return the seconds until limits of a day start anew, which is midnight UTC; None for another limit.

    See https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/rate-limits.
    """
    if not re.search(r"\b(day|daily)\b", said, re.IGNORECASE):
        return None
    now = clock.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return (midnight - now).total_seconds()
