"""Hand letters to SES one by one, each in one HTTP request that is never repeated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from newsletter import http
from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.mail.ses import answers
from newsletter.mail.ses.client import open_client
from newsletter.model import Receipt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.mail.base import OutgoingLetter
    from newsletter.mail.ses import Ses

MAX_BYTES: Final = 40 * 1024 * 1024
"""Largest message that SES takes: https://docs.aws.amazon.com/ses/latest/dg/quotas.html."""
TAG: Final = "newsletter-delivery"
"""Name of the tag that brings a letter's key back in the events of SES."""


class SesSession:
    """One client of SES; its HTTP connection is kept open between letters."""

    def __init__(self, settings: Ses) -> None:
        """Find the credentials; see `newsletter.mail.ses.client.open_client` for what may be raised."""
        self._client = open_client(settings)
        self._configuration_set = settings.configuration_set

    def send(self, window: Sequence[OutgoingLetter]) -> Sequence[Receipt | DeliveryError | None]:
        """Send every letter; see `newsletter.mail.base.MailSession.send`.

        What is not about one letter ends the window: the rest of it would fare no better.
        """
        self._client.log_in()
        outcomes: list[Receipt | DeliveryError | None] = []
        for letter in window:
            outcome = self._send_one(letter)
            too_fast = isinstance(outcome, TransientError) and outcome.throttled
            if isinstance(outcome, (RefusedSenderError, TransientError)) and not (outcomes or too_fast):
                raise outcome
            outcomes.append(outcome)
            if isinstance(outcome, (RefusedSenderError, TransientError, UnknownOutcomeError)):
                break
        return [*outcomes, *[None] * (len(window) - len(outcomes))]

    def close(self) -> None:
        """Close the HTTP connection."""
        self._client.api.close()

    def _send_one(self, letter: OutgoingLetter) -> Receipt | DeliveryError:
        where = self._client.where
        if (unfit := _unfit(letter, where)) is not None:
            return unfit
        request = _request(letter, self._configuration_set)
        try:
            answer = self._client.api.send_email(**request)
        except Exception as error:  # noqa: BLE001 - whatever boto3 stumbles over, the letter may be out already
            return answers.explain(error, repeatable=False, where=where)
        return _receipt(answer) or http.unanswered(
            http.NOT_OURS, repeatable=False, where=where, code="broken"
        )


def _request(letter: OutgoingLetter, configuration_set: str) -> dict[str, Any]:
    """Return the arguments of SendEmail.

    FromEmailAddress is left out on purpose: SES would write it over the From
    line of the message, and the sender's name would be gone.
    """
    request: dict[str, Any] = {
        "Destination": {"ToAddresses": [letter.recipient]},
        "Content": {"Raw": {"Data": letter.message}},
        # SES has an envelope sender of its own; what comes back to that one is forwarded to this one.
        "FeedbackForwardingEmailAddress": letter.sender,
        # A value may have ASCII letters, digits, _ and -, 256 at most.
        "EmailTags": [{"Name": TAG, "Value": re.sub(r"[^A-Za-z0-9_-]", "_", letter.key)[:256]}],
    }
    if configuration_set:
        request["ConfigurationSetName"] = configuration_set
    return request


def _unfit(letter: OutgoingLetter, where: str) -> DeliveryError | None:
    """Return why SES could not take this letter, or None."""
    size = len(letter.message)
    if size > MAX_BYTES:
        why = f"the letter has {size} bytes, SES takes {MAX_BYTES}; make it smaller"
        return RefusedSenderError(why, where=where, code="size")
    for address in (letter.sender, letter.recipient):
        if re.search(r"[\x00-\x20\x7f<>]", address) or "@" not in address:
            return PermanentError(f"{address!r} is not a mail address", where=where, code="address")
        if not address.isascii():
            why = f"{address!r} has letters beyond ASCII, and SES cannot carry them (SMTPUTF8, RFC 6531)"
            return PermanentError(why, where=where, code="SMTPUTF8")
    return None


def _receipt(answer: Any) -> Receipt | None:
    """Return the receipt in an answer, or None when it has none."""
    remote_id = answer.get("MessageId") if isinstance(answer, dict) else None
    if not remote_id or not isinstance(remote_id, str):
        return None
    return Receipt(remote_id=remote_id, reply=f"200 accepted as {remote_id}")
