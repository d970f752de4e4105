"""The one way to call an API: one request, and a failure that says whether it may have worked.

Nothing is retried here and no redirect is followed. What a request carried
(headers, body, query) never reaches a message, a log or a traceback.
"""

from __future__ import annotations

import json as jsonlib
import logging
import math
import re
import ssl
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from newsletter import clock
from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from requests import PreparedRequest, Response, Session

MAX_ANSWER_BYTES: Final = 2_000_000
"""An answer that is longer is not an answer of an API."""
TIMEOUT_S: Final = (10.0, 30.0)
"""Seconds to connect, and seconds of silence while waiting for the answer."""
NOT_OURS: Final = "the answer is not one of this API"
"""What a proxy's or a captive portal's page is."""
_WORDS: Final = 200
_CHUNK_BYTES: Final = 65_536
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What a service answered to a request it took."""

    status: int
    """HTTP status: 200 to 299, or one that the caller takes."""
    headers: Mapping[str, str] = field(repr=False)
    """Headers; names in any case."""
    body: Any = field(repr=False)
    """Parsed JSON; the text when it is not JSON; None when it is empty."""


def call(  # noqa: PLR0913 - the parts of an HTTP request
    method: str,
    url: str,
    *,
    repeatable: bool,
    headers: Mapping[str, str] | None = None,
    json: Any = None,
    data: Any = None,
    files: Any = None,
    needs: Sequence[str] = (),
    takes: Collection[int] = (),
    timeout_s: tuple[float, float] = TIMEOUT_S,
    secrets: Sequence[str] = (),
) -> Answer:
    """Call an API once and return its answer.

    Args:
        method: ``GET``, ``POST``, ``PUT``, ``DELETE``.
        url: absolute address; its query never appears in a message.
        repeatable: whether doing it twice does no harm: reading, deleting, or a key that the service honours.
        headers: further headers; the credentials of an ``Authorization`` header count as a secret.
        json: sent as a JSON body; at most one of ``json`` and ``data``.
        data: form fields, or bytes.
        files: name → (file name, bytes, media type), as multipart/form-data.
        needs: members that the JSON object of a true success has; an answer without them is broken.
        takes: statuses of 300 and above whose answer is returned too, for a service that says more than them.
        timeout_s: seconds to connect, and seconds of silence while waiting for the answer.
        secrets: texts to hide wherever the service repeats them, parts of the path included.

    Raises:
        TransientError: not done, or repeatable; ``retry_after_s`` is what the service asked for.
        RefusedSenderError: 401, 402 or 403.
        PermanentError: any other 4xx, a redirect, or a request that cannot be written.
        UnknownOutcomeError: not repeatable, and the answer is missing, late, broken or a 5xx.
    """
    hidden = (*secrets, *_credentials(headers or {}))
    where = place(url, hidden)
    parts = {"headers": dict(headers or {}), "json": json, "data": data, "files": files, "timeout": timeout_s}
    try:
        with closing(session(url)) as opened:
            response = opened.request(method, url, **parts, allow_redirects=False, stream=True)
            with closing(response):
                if response.status_code in takes:
                    return Answer(response.status_code, response.headers, _parsed(_read_some(response)))
                return _answer(response, repeatable=repeatable, where=where, needs=needs, secrets=hidden)
    except (OSError, ValueError) as error:
        # requests' own errors are OSErrors or ValueErrors; their text and chain may hold headers.
        failed = lost(error, repeatable=repeatable, where=where)
    raise failed


def session(url: str) -> Session:
    """Return a session that keeps proxies and certificates of the environment, but reads no ``.netrc``."""
    from requests import Session

    quiet_libraries()
    opened = Session()
    # A netrc entry would silently replace our Authorization header.
    opened.auth = _leave_alone
    opened.trust_env = not is_loopback(url)
    return opened


def is_loopback(url: str) -> bool:
    """Return whether an address is on this machine, where no proxy can reach it."""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def check_address(url: str) -> None:
    """Refuse an address of a service that a token must not be sent to: not https, or with more than a path.

    Raises:
        ValueError: naming what is wrong; http is for this machine only.
    """
    local = url.startswith("http://") and is_loopback(url)
    if not re.fullmatch(r"https?://[^/\s?#@]+(/[^\s?#]*)?", url) or not (local or url.startswith("https://")):
        raise ValueError(f"url = {url!r} must look like 'https://api.example.com'")


def quiet_libraries() -> None:
    """Keep the HTTP libraries from writing addresses, headers and bodies into a debug log."""
    for name in ("urllib3", "requests_oauthlib", "oauthlib", "tweepy"):
        logging.getLogger(name).setLevel(logging.INFO)


def place(url: str, secrets: Sequence[str] = ()) -> str:
    """Return host and path of an address, without query and secrets, for messages."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return redact(f"{parts.hostname or ''}{port}{parts.path}", secrets)


def redact(text: str, secrets: Sequence[str]) -> str:
    """Return ``text`` with every secret replaced.

    >>> redact("token abc123 is wrong", ["abc123"])
    'token *** is wrong'
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def lost(error: Exception, *, repeatable: bool, where: str) -> DeliveryError:
    """Return what an exception of requests means: was anything handed over?"""
    from requests import exceptions as failures

    if isinstance(error, failures.ConnectTimeout) or _never_connected(error):
        return TransientError(_reason(error), where=where, code="connect")
    unwritable = (
        failures.InvalidURL,
        failures.InvalidSchema,
        failures.MissingSchema,
        failures.InvalidHeader,
        UnicodeError,
    )
    if isinstance(error, unwritable):
        why = "the request cannot be written; check the address and the token for stray characters"
        return PermanentError(why, where=where, code="request")
    if isinstance(error, failures.TooManyRedirects) and error.response is not None:
        return refusal(
            error.response.status_code, error.response.headers, "", repeatable=repeatable, where=where
        )
    if isinstance(error, failures.InvalidJSONError):
        return unanswered(NOT_OURS, repeatable=repeatable, where=where, code="broken")
    late = isinstance(error, failures.Timeout) or "timed out" in str(error).lower()
    why = "the answer did not come in time" if late else "the connection broke before the answer was complete"
    return unanswered(why, repeatable=repeatable, where=where, code="timeout" if late else "broken")


def unanswered(why: str, *, repeatable: bool, where: str, code: str) -> DeliveryError:
    """Return the failure of a request that was handed over without a usable answer."""
    if repeatable:
        return TransientError(why, where=where, code=code)
    return UnknownOutcomeError(f"{why}; it may have been accepted", where=where, code=code)


def refusal(
    status: int, headers: Mapping[str, str], words: str, *, repeatable: bool, where: str
) -> DeliveryError:
    """Return the error that a status of 300 and above means."""
    code, why = str(status), f"HTTP {status}" + (f": {words}" if words else "")
    if status in {425, 429} or (status == 503 and "Retry-After" in headers):
        return TransientError(why, where=where, code=code, retry_after_s=retry_after_s(headers))
    if status in {401, 402, 403}:
        return RefusedSenderError(why, where=where, code=code)
    if status >= 500 or status == 408:
        return unanswered(why, repeatable=repeatable, where=where, code=code)
    if status < 400:
        target = place(headers.get("Location", ""))
        why = f"HTTP {status}: it moved to {target}; put the new address into config.toml"
    return PermanentError(why, where=where, code=code)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a service asks us to wait; None when it does not say.

    Reads ``Retry-After`` (RFC 9110 §10.2.3: seconds or a date), else the
    moment in ``X-RateLimit-Reset`` (ISO 8601 on Mastodon) or
    ``X-Rate-Limit-Reset`` (Unix seconds on X).
    """
    asked = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}", asked):
        return float(asked)
    reset = (headers.get("X-RateLimit-Reset") or headers.get("X-Rate-Limit-Reset") or "").strip()
    for read, text in ((parsedate_to_datetime, asked), (_unix, reset), (datetime.fromisoformat, reset)):
        if (moment := _moment(read, text)) is not None:
            return float(max(0, math.ceil((moment - clock.now()).total_seconds())))
    return None


def words_of(content: bytes, secrets: Sequence[str] = ()) -> str:
    """Return the service's own words from an error's body, on one short line."""
    said = next(_sentences(_parsed(content)), "")
    if said.lstrip().startswith("<"):
        return ""
    line = " ".join(re.sub(r"[^\S ]|[\x00-\x1f\x7f-\x9f]", " ", redact(said, secrets)).split())
    return line if len(line) <= _WORDS else line[: _WORDS - 1] + "…"


def _answer(
    response: Response, *, repeatable: bool, where: str, needs: Sequence[str], secrets: Sequence[str]
) -> Answer:
    status = response.status_code
    _log.debug("%s %s: HTTP %d", response.request.method, where, status)
    if status >= 300:
        words = words_of(_read_some(response), secrets)
        raise refusal(status, response.headers, words, repeatable=repeatable, where=where)
    content = _read(response)
    body = None if content is None else _parsed(content)
    if content is None or any(not isinstance(body, dict) or name not in body for name in needs):
        raise unanswered(NOT_OURS, repeatable=repeatable, where=where, code="broken")
    return Answer(status, response.headers, body)


def _read(response: Response) -> bytes | None:
    """Return the body, or None when it is too long."""
    content = bytearray()
    for chunk in response.iter_content(_CHUNK_BYTES):
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            return None
    return bytes(content)


def _read_some(response: Response) -> bytes:
    """Return the body of an error; the status is enough when the rest of it is lost."""
    try:
        return _read(response) or b""
    except (OSError, ValueError):
        return b""


def _parsed(content: bytes) -> Any:
    try:
        return jsonlib.loads(content) if content.strip() else None
    except (ValueError, RecursionError):
        return content.decode("utf-8", "replace")


def _sentences(body: Any) -> Iterator[str]:
    """Yield what may be the words for people in an error's body, the most telling first."""
    if isinstance(body, str):
        yield body
    elif isinstance(body, list):
        for inner in body:
            yield from _sentences(inner)
    elif isinstance(body, dict):
        for name in ("error_description", "detail", "message", "error", "errors", "title", "description"):
            yield from _sentences(body.get(name))


def _credentials(headers: Mapping[str, str]) -> Iterator[str]:
    for name, value in headers.items():
        if name.lower() in {"authorization", "proxy-authorization", "cookie"} or "token" in name.lower():
            yield value
            yield value.rpartition(" ")[2]


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what caused it, the way requests and urllib3 wrap."""
    seen: list[BaseException] = []
    waiting = [error]
    while waiting:
        inner = waiting.pop()
        if inner in seen:
            continue
        seen.append(inner)
        yield inner
        causes = (inner.__cause__, inner.__context__, getattr(inner, "reason", None), *inner.args)
        waiting.extend(cause for cause in causes if isinstance(cause, BaseException))


def _never_connected(error: Exception) -> bool:
    from urllib3 import exceptions as causes

    before = (causes.NewConnectionError, causes.ConnectTimeoutError, causes.ProxyError)
    return any(isinstance(inner, before) or _is_handshake(inner) for inner in _chain(error))


def _is_handshake(error: BaseException) -> bool:
    """Return whether TLS could not be agreed on, which is before anything of ours is written."""
    signs = ("CERTIFICATE", "HANDSHAKE", "VERSION")
    return isinstance(error, ssl.SSLError) and any(sign in str(error.reason or "") for sign in signs)


def _reason(error: Exception) -> str:
    if any(_is_handshake(inner) for inner in _chain(error)):
        return "no secure connection: the server's certificate or TLS version cannot be accepted"
    return "cannot connect; check the network and the address"


def _moment(read: Callable[[str], datetime], text: str) -> datetime | None:
    try:
        moment = read(text)
    except (ValueError, TypeError, OverflowError, OSError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _unix(text: str) -> datetime:
    return datetime.fromtimestamp(float(text), UTC)


def _leave_alone(request: PreparedRequest) -> PreparedRequest:
    return request
