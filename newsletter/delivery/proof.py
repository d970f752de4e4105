"""Send test copies: the real letter through the real transport, marked, and not in the ledger."""

from __future__ import annotations

import re
from email.utils import make_msgid, parseaddr
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from newsletter.audience import addresses, recipients
from newsletter.editions import compiled, headers
from newsletter.editions.edition import sample_values
from newsletter.errors import ConfigError, PermanentError, TransientError, UnknownOutcomeError
from newsletter.mail.base import OutgoingLetter
from newsletter.model import Receipt
from newsletter.storage.tables import subscriber

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from newsletter.delivery.release import Opened
    from newsletter.editions.edition import Edition
    from newsletter.errors import DeliveryError

MARK = b"[Proof] "
"""What the subject of a test copy starts with."""
_SUBJECT = re.compile(rb"^Subject:[ \t]*", re.IGNORECASE | re.MULTILINE)


def send_proofs(opened: Opened, edition: Edition, people: Sequence[str]) -> list[dict[str, Any]]:
    """Send the letter of an edition to named addresses through the first transport.

    A subscriber's address gets that subscriber's values, any other one the
    fallbacks; its links lead nowhere in particular. Returns
    ``[{to, channel, state, code, reply}]``, ``state`` being ``sent``,
    ``deferred`` (not now), ``failed`` or ``unknown``.

    Raises:
        ContentError: an address is not one.
        ConfigError: there is no mail transport.
        DeliveryError: the transport cannot be used.
    """
    if not opened.transports:
        raise ConfigError("there is no [[mail]] to send with", where=str(opened.workspace.config))
    envelopes = [addresses.normalise(person).email for person in people]
    transport = opened.transports[0]
    letters = [_letter(opened, edition, address, number) for number, address in enumerate(envelopes, 1)]
    session = transport.connect()
    try:
        outcomes = session.send(letters)
    finally:
        session.close()
    return [
        {"to": address, "channel": transport.name, **_outcome(outcome)}
        for address, outcome in zip(envelopes, outcomes, strict=True)
    ]


def _letter(opened: Opened, edition: Edition, address: str, number: int) -> OutgoingLetter:
    known = _values(opened, address)
    message_id = make_msgid(domain=headers.domain_of(edition.sender))
    values = {
        **sample_values(opened.loaded.config.organisation.public_url),
        **known,
        "email": address,
        "to": headers.mailbox(known.get("name", ""), address),
        "date": headers.date_line(opened.now()),
        "message_id": message_id,
    }
    head, gap, body = compiled.fill(edition.letter, values).partition(b"\r\n\r\n")
    return OutgoingLetter(
        key=f"proof-{edition.id}-{_stamp(opened.now())}-{number}",
        sender=headers.ascii_address(parseaddr(edition.sender)[1]),
        recipient=address,
        message=_SUBJECT.sub(rb"\g<0>" + MARK, head, count=1) + gap + body,
        message_id=message_id,
    )


def _values(opened: Opened, address: str) -> dict[str, str]:
    """Return the values of the subscriber with this address; nothing for a stranger."""
    key = addresses.normalise(address).key
    with opened.database.read() as connection:
        number = connection.execute(select(subscriber.c.id).where(subscriber.c.email_key == key)).scalar()
        return recipients.merge_values(connection, [number])[number] if number else {}


def _outcome(outcome: Receipt | DeliveryError | None) -> dict[str, str]:
    if outcome is None:
        return {"state": "pending", "code": "", "reply": "not tried: the one before it was refused"}
    if isinstance(outcome, Receipt):
        return {"state": "sent", "code": "", "reply": outcome.reply}
    states = {TransientError: "deferred", PermanentError: "failed", UnknownOutcomeError: "unknown"}
    state = next((name for kind, name in states.items() if isinstance(outcome, kind)), "failed")
    return {"state": state, "code": outcome.code, "reply": outcome.why}


def _stamp(now: datetime) -> str:
    return f"{now:%Y%m%d%H%M%S}"
