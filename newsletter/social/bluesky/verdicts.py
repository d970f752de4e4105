"""What the errors of an AT Protocol server mean; see https://atproto.com/specs/xrpc#error-responses."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, Literal

from newsletter import clock, http
from newsletter.errors import DeliveryError, PermanentError, RefusedSenderError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Verdict = Literal["us", "picture", "post", "again"]

ENDED: Final = frozenset({"ExpiredToken", "InvalidToken"})
"""Errors of a session that has ended; servers say so with HTTP 400 or 401."""
TAKEN: Final = "InvalidSwap"
"""Another record stands at a key where none should."""
MISSING: Final = "RecordNotFound"
"""There is no record at a key."""
_ANOTHER: Final = "make a new app password at https://bsky.app/settings/app-passwords"
_SUSPENDED: Final = "the account is suspended; its owner finds the reason at bsky.app"
_ELSEWHERE: Final = "no Bluesky account lives there; look at server"
VERDICTS: Final[tuple[tuple[str, Verdict, str], ...]] = (
    ("AuthFactorTokenRequired", "us", f"this is the account's own password: {_ANOTHER}"),
    ("AuthenticationRequired|AuthMissing", "us", f"look at handle and server, or {_ANOTHER}"),
    ("ExpiredToken|InvalidToken", "us", f"the session was refused: {_ANOTHER}"),
    ("AccountTakedown|AccountSuspended|RepoTakendown|RepoSuspended", "us", _SUSPENDED),
    ("AccountDeactivated|RepoDeactivated", "us", "the account is deactivated; log in at bsky.app"),
    ("RepoNotFound", "us", "the account has moved or is deleted; look at handle and server"),
    ("XRPCNotSupported|404|405", "us", _ELSEWHERE),
    ("PayloadTooLarge|BlobTooLarge|InvalidMimeType|413", "picture", "the server does not take this picture"),
    ("BlobNotFound", "again", ""),
    (".*", "post", ""),
)
"""Error name, else HTTP status (4xx); what it is about and what to do; the first row that fits holds.

429 is for later, after 5xx nobody knows.
"""


def ended(answer: http.Answer) -> bool:
    """Return whether a session has to be renewed; nothing was done then."""
    return answer.status in {400, 401} and _name(answer) in ENDED


def check(answer: http.Answer, *, where: str, repeatable: bool, secrets: Sequence[str]) -> None:
    """Raise what an answer that is no success means, with the server's own words.

    Raises:
        DeliveryError: the ``code`` is the server's name for the error, else the HTTP status.
    """
    if answer.status < 300:
        return
    name, words = _name(answer), http.words_of(json.dumps(answer.body).encode(), secrets)
    failed = http.refusal(answer.status, answer.headers, words, repeatable=repeatable, where=where)
    if isinstance(failed, TransientError) and (wait_s := _wait_s(answer.headers)) is not None:
        failed.retry_after_s = wait_s
    if 400 <= answer.status < 500 and isinstance(failed, PermanentError):
        failed = _refusal(failed, name or str(answer.status), where)
    raise failed


def _refusal(failed: PermanentError, name: str, where: str) -> DeliveryError:
    verdict, advice = next(row[1:] for row in VERDICTS if re.fullmatch(row[0], name))
    why = f"{failed.why}; {advice}" if advice else failed.why
    if verdict == "us" or isinstance(failed, RefusedSenderError):
        return RefusedSenderError(why, where=where, code=name)
    if verdict == "again":
        return TransientError(why, where=where, code=name)
    return PermanentError(why, where=where, code="picture" if verdict == "picture" else name)


def _name(answer: http.Answer) -> str:
    name = answer.body.get("error") if isinstance(answer.body, dict) else ""
    return name if isinstance(name, str) and re.fullmatch(r"[A-Za-z]{1,60}", name) else ""


def _wait_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until ``RateLimit-Reset``, a Unix time.

    See https://docs.bsky.app/docs/advanced-guides/rate-limits.
    """
    reset = headers.get("RateLimit-Reset", "")
    if "Retry-After" in headers or not re.fullmatch(r"\d{9,11}", reset):
        return None
    return float(max(0, int(reset) - int(clock.now().timestamp())))
