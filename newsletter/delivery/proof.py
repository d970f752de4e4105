"""Send test copies: the real letter through the real transport, marked, and not in the ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from newsletter.audience import addresses, recipients
from newsletter.delivery.letters import writer_for
from newsletter.editions import compiled
from newsletter.editions.edition import sample_values
from newsletter.errors import ConfigError, PermanentError, TransientError, UnknownOutcomeError
from newsletter.model import Receipt
from newsletter.storage.tables import subscriber

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.delivery.release import Opened
    from newsletter.editions.edition import Edition
    from newsletter.errors import DeliveryError
    from newsletter.mail.base import MailTransport, OutgoingLetter

MARK: Final = "[Proof]"
"""What the subject of a test copy starts with."""
NO_KEY: Final = b""
"""A test copy carries no token, so nothing is signed with the installation's key."""


def send_proofs(opened: Opened, edition: Edition, people: Sequence[str]) -> list[dict[str, Any]]:
    """Send the letter of an edition to named addresses through the first transport.

    A subscriber's address gets that subscriber's values, any other one the
    fallbacks; its links lead nowhere in particular. Returns
    ``[{to, channel, state, code, reply}]``, ``state`` being ``sent``,
    ``deferred`` (not now), ``failed`` or ``unknown``.

    Raises:
        ContentError: an address is not one.
        ConfigError: there is no mail transport, or a key of ``[dkim]`` cannot be used.
        DeliveryError: the transport cannot be used.
    """
    if not opened.transports:
        raise ConfigError("there is no [[mail]] to send with", where=str(opened.workspace.config))
    envelopes = [addresses.normalise(person).email for person in people]
    transport = opened.transports[0]
    letters = _letters(opened, transport, edition, envelopes)
    session = transport.connect()
    try:
        outcomes = session.send(letters)
    finally:
        session.close()
    return [
        {"to": address, "channel": transport.name, **_outcome(outcome)}
        for address, outcome in zip(envelopes, outcomes, strict=True)
    ]


def _letters(
    opened: Opened, transport: MailTransport, edition: Edition, envelopes: Sequence[str]
) -> list[OutgoingLetter]:
    config, now = opened.loaded.config, opened.now()
    marked = replace(edition, letter=compiled.marked(edition.letter, MARK))
    writer = writer_for(marked, config, transport, signing_key=NO_KEY)
    sample = sample_values(config.organisation.public_url)
    return [
        writer.write_copy(
            address,
            {**_values(opened, address), **sample},
            now,
            key=f"proof-{edition.id}-{now:%Y%m%d%H%M%S}-{number}",
        )
        for number, address in enumerate(envelopes, 1)
    ]


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
