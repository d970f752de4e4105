"""The Graph API as Facebook and Threads speak it: one request, what its errors mean, and a timeline.

See https://developers.facebook.com/docs/graph-api/guides/error-handling.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple
from urllib.parse import urlencode

from newsletter import http
from newsletter.errors import DeliveryError, PermanentError, RefusedSenderError, TransientError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Verdict = Literal["us", "later", "unsure", "gone", "duplicate", "picture", "post"]
"""What an error is about; ``later`` is our haste, after ``unsure`` nobody knows what was done."""
GONE: Final = "gone"
"""Code of the error for what is not there, or not ours to see."""
DUPLICATE: Final = "duplicate"
"""Code of the error for words that stand there already."""
SLACK: Final = timedelta(minutes=5)
"""How far clocks may be apart."""
PAGE: Final = 100
"""Posts asked for at once."""
MOST_PAGES: Final = 10
"""More than this is read for no posting."""


class Meaning(NamedTuple):
    """A row of an error table."""

    codes: Collection[int]
    """``code`` of the error; empty: any."""
    verdict: Verdict
    """What it is about."""
    advice: str = ""
    """What to do."""
    subcodes: Collection[int] = ()
    """``error_subcode``; empty: any, or none."""
    phrase: str = ""
    """A regular expression that its message has; empty: any message."""


_TOKEN: Final = (102, 190)
MEANINGS: Final[tuple[Meaning, ...]] = (
    Meaning(_TOKEN, "us", "the app was removed from the account; let it in again", (458,)),
    Meaning(_TOKEN, "us", "log in on the web, do what is asked there, then make a new token", (459, 464)),
    Meaning(_TOKEN, "us", "the password was changed; make a new token", (460,)),
    Meaning(_TOKEN, "us", "the token has ended; make a new one", (463, 467)),
    Meaning(_TOKEN, "us", "whoever made the token has no role there any more; make a new one", (492,)),
    Meaning(_TOKEN, "us", "the token is wrong or revoked; make a new one"),
    Meaning((100, 104), "us", "app_secret must be that of the app of the token", phrase="appsecret_proof"),
    Meaning((100,), "gone", "it is not there, or the token may not see it", (33,)),
    Meaning((803,), "gone", "it is not there, or the token may not see it"),
    Meaning((3, 10, *range(200, 300)), "us", "a permission is missing; make a token that has it"),
    Meaning((4, 9, 17, 32, 341, 613, *range(80000, 80015)), "later"),
    Meaning((368,), "duplicate", phrase="already posted"),
    Meaning((368,), "post", "these words or the link were reported as abusive", (1346003, 1404102)),
    Meaning((368,), "later", "the account is held back for now; look there what it says"),
    Meaning((506,), "duplicate"),
    Meaning((12, 2500, 2635), "us", "this version of the API has ended, or there never was one like it"),
    Meaning((1, 2), "unsure"),
)
"""Errors of every service with this API; the first row that fits holds.

With any other one nothing was published, unless it calls itself transient or is a 5xx. Codes 1 and 2 are
known to come after a post was taken. https://developers.facebook.com/docs/graph-api/guides/error-handling
"""


@dataclass(frozen=True)
class Graph:
    """A service with this API, as one account sees it."""

    url: str
    """Address of the API with its version."""
    token: str = field(repr=False)
    """Goes with every request, in a header."""
    meanings: tuple[Meaning, ...] = ()
    """Errors of this service alone; they come before those of all."""
    always: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Parameters of every request; they are secrets."""
    timeout_s: float = 30
    """How long to wait for an answer."""

    def ask(  # noqa: PLR0913 - the parts of an HTTP request
        self,
        method: str,
        path: str,
        fields: Mapping[str, Any] | None = None,
        *,
        repeatable: bool,
        needs: tuple[str, ...] = (),
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
    ) -> http.Answer:
        """Make one request; ``fields`` are the query of a GET or DELETE, the form of a POST.

        Raises:
            DeliveryError: as `newsletter.http.call`, with the service's own words and code.
        """
        sent = {**(fields or {}), **self.always}
        url = f"{self.url}/{path}"
        # The token of an app is its number and its secret.
        secrets = (self.token, self.token.rpartition("|")[2], *self.always.values())
        if method != "POST" and sent:
            url, sent = f"{url}?{urlencode(sent)}", {}
        answer = http.call(
            method,
            url,
            repeatable=repeatable,
            headers={"Authorization": f"Bearer {self.token}"},
            data=sent or None,
            files=files,
            needs=needs,
            takes=range(300, 600),
            timeout_s=(http.TIMEOUT_S[0], self.timeout_s),
            secrets=secrets,
        )
        if answer.status >= 300:
            where = http.place(url, secrets)
            raise refusal(answer, (*self.meanings, *MEANINGS), secrets, repeatable=repeatable, where=where)
        return answer

    def has(self, remote_id: str) -> bool:
        """Return whether something is there for us to see."""
        try:
            self.ask("GET", remote_id, {"fields": "id"}, repeatable=True)
        except RefusedSenderError as error:
            if error.code != GONE:
                raise
            return False
        return True

    def since(
        self, path: str, fields: str, at: datetime, *, moment: str
    ) -> tuple[list[dict[str, Any]], bool]:
        """Return what a timeline has since ``at``, oldest first, and whether that is surely all of it.

        ``moment`` is the field with the time of a post.
        """
        earliest = at - SLACK
        query: dict[str, Any] = {"fields": fields, "since": int(earliest.timestamp()), "limit": PAGE}
        found: list[dict[str, Any]] = []
        for _ in range(MOST_PAGES):
            body = self.ask("GET", path, query, repeatable=True, needs=("data",)).body
            rows = [row for row in body["data"] if isinstance(row, dict)]
            found = [row for row in rows[::-1] if _is_later(row.get(moment), earliest)] + found
            paging = body.get("paging") or {}
            after = (paging.get("cursors") or {}).get("after")
            if not rows or not (after or paging.get("next")):
                return found, True
            if not after:
                break
            query["after"] = after
        return found, False


def refusal(
    answer: http.Answer,
    meanings: tuple[Meaning, ...],
    secrets: tuple[str, ...],
    *,
    repeatable: bool,
    where: str,
) -> DeliveryError:
    """Return what an answer that is no success means."""
    said = answer.body.get("error") if isinstance(answer.body, dict) else None
    if not isinstance(said, dict) or not isinstance(said.get("code"), int):
        words = http.words_of(json.dumps(answer.body).encode(), secrets)
        return http.refusal(answer.status, answer.headers, words, repeatable=repeatable, where=where)
    code, subcode = said["code"], said.get("error_subcode")
    told = (str(said.get(name) or "") for name in ("message", "error_user_msg"))
    words = http.words_of(" - ".join(dict.fromkeys(filter(None, told))).encode(), secrets)
    name = f"{code}/{subcode}" if subcode else str(code)
    meaning = next((row for row in meanings if _fits(row, code, subcode, words)), None)
    verdict, advice = (meaning.verdict, meaning.advice) if meaning else (_guess(answer.status, said), "")
    why = f"error {name}: {words}" + (f"; {advice}" if advice else "")
    if verdict == "unsure":
        return http.unanswered(why, repeatable=repeatable, where=where, code=name)
    if verdict == "later":
        return TransientError(why, where=where, code=name, retry_after_s=_wait_s(answer.headers))
    if verdict in {"us", "gone"}:
        return RefusedSenderError(why, where=where, code=GONE if verdict == "gone" else name)
    return PermanentError(why, where=where, code=name if verdict == "post" else verdict)


def same_words(one: str, other: str) -> bool:
    """Return whether two texts are the same to a reader.

    Services tidy up spaces, and take the sign from a hashtag that became a topic.

    >>> same_words("Clean  rivers #Otters", "Clean rivers Otters")
    True
    """
    first, second = (unicodedata.normalize("NFC", text).replace("#", "").split() for text in (one, other))
    return first == second


def moment_of(seconds: Any) -> datetime | None:
    """Return Unix seconds as a time; None where there are none, or 0, which stands for never."""
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) and seconds > 0 else None


def _fits(row: Meaning, code: int, subcode: Any, words: str) -> bool:
    return (
        (not row.codes or code in row.codes)
        and (not row.subcodes or subcode in row.subcodes)
        and re.search(row.phrase, words, re.IGNORECASE) is not None
    )


def _guess(status: int, said: Mapping[str, Any]) -> Verdict:
    return "unsure" if said.get("is_transient") or status >= 500 else "post"


def _wait_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until requests are taken again.

    ``{"<id>": [{"estimated_time_to_regain_access": minutes}]}``, see
    https://developers.facebook.com/docs/graph-api/overview/rate-limiting#headers-2.
    """
    try:
        usage = json.loads(headers.get("X-Business-Use-Case-Usage", ""))
        minutes = max(
            float(use["estimated_time_to_regain_access"]) for uses in usage.values() for use in uses
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        minutes = 0
    return minutes * 60 if minutes > 0 else http.retry_after_s(headers)


def _is_later(text: Any, earliest: datetime) -> bool:
    try:
        return datetime.fromisoformat(str(text)) >= earliest
    except (ValueError, TypeError):
        return False
