"""Ask the services what became of letters in doubt; what one of them knows it has sent is sent."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from newsletter.audience import signing
from newsletter.editions import headers
from newsletter.errors import DeliveryError
from newsletter.mail.base import MailTransport
from newsletter.outbox import doubts
from newsletter.outbox.finish import finish

if TYPE_CHECKING:
    from newsletter.delivery.release import Opened
    from newsletter.outbox.doubts import Doubt

AT_ONCE: Final = 50
"""Letters that one question is about."""


def ask(opened: Opened, edition_id: str | None = None) -> tuple[Counter[str], tuple[str, ...]]:
    """Settle letters in doubt, of one edition or of all, that their service knows.

    Returns channel → letters that were sent after all, and what stood in the way, one
    line each. A letter that the service does not know stays in doubt: it may
    have lost it, or not have got round to it yet.
    """
    found: Counter[str] = Counter()
    troubles = []
    for transport in opened.transports:
        if not keeps_records(transport):
            continue
        with opened.database.write() as connection:
            key = signing.signing_key(connection, opened.now())
            open_questions = doubts.letters(connection, transport.name, edition_id)
        try:
            for start in range(0, len(open_questions), AT_ONCE):
                found[transport.name] += _settle(
                    opened, transport, open_questions[start : start + AT_ONCE], key
                )
        except DeliveryError as error:
            troubles.append(f"{transport.name}: {error}")
    return +found, tuple(troubles)


def keeps_records(transport: MailTransport) -> bool:
    """Tell whether a transport's service can be asked at all."""
    return type(transport).look_up is not MailTransport.look_up


def _settle(opened: Opened, transport: MailTransport, asked: list[Doubt], key: bytes) -> int:
    by_message = {headers.message_id(key, one.edition_id, one.recipient, one.domain): one for one in asked}
    known = transport.look_up(list(by_message))
    with opened.database.write() as connection:
        for message_id, receipt in known.items():
            doubts.prove(connection, by_message[message_id], receipt, opened.now())
        for edition_id in {by_message[message_id].edition_id for message_id in known}:
            finish(connection, edition_id, opened.now())
    return len(known)
