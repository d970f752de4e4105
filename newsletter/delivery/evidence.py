"""Ask services and networks what became of deliveries in doubt; what one of them knows is sent."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final

from newsletter.audience import signing
from newsletter.delivery.publishing import can_be_read, content_hash, posting_of, snippet_for
from newsletter.editions import frozen, headers
from newsletter.errors import NewsletterError
from newsletter.mail.base import MailTransport
from newsletter.outbox import doubts, parts
from newsletter.outbox.finish import finish

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from newsletter.delivery.release import Opened
    from newsletter.model import Receipt
    from newsletter.outbox.doubts import Doubt
    from newsletter.social.base import Posting, SocialNetwork

AT_ONCE: Final = 50
"""Letters that one question is about."""


def ask(opened: Opened, edition_id: str | None = None) -> tuple[Counter[str], tuple[str, ...]]:
    """Settle deliveries in doubt, of one edition or of all, that their service knows.

    Returns channel → deliveries that were sent after all, and what stood in the way, one
    line each. What the service does not know stays in doubt: it may have lost it,
    or not have got round to it yet.
    """
    found: Counter[str] = Counter()
    troubles = []
    questions = [
        *((one.name, partial(_ask_transport, opened, one, edition_id)) for one in opened.transports),
        *((one.name, partial(_ask_network, opened, one, edition_id)) for one in opened.networks),
    ]
    for name, question in questions:
        try:
            found[name] += question()
        except NewsletterError as error:
            troubles.append(f"{name}: {error}")
    return +found, tuple(troubles)


def keeps_records(transport: MailTransport) -> bool:
    """Tell whether a transport's service can be asked at all."""
    return type(transport).look_up is not MailTransport.look_up


def _ask_transport(opened: Opened, transport: MailTransport, edition_id: str | None) -> int:
    """Return how many letters a service has sent after all."""
    if not keeps_records(transport):
        return 0
    with opened.database.write() as connection:
        key = signing.signing_key(connection, opened.now())
        asked = doubts.left(connection, "mail", transport.name, edition_id)
    by_message = {headers.message_id(key, one.edition_id, one.recipient, one.domain): one for one in asked}
    count = 0
    messages = list(by_message)
    for start in range(0, len(messages), AT_ONCE):
        known = transport.look_up(messages[start : start + AT_ONCE])
        _prove(opened, {by_message[message_id]: (receipt,) for message_id, receipt in known.items()})
        count += len(known)
    return count


def _ask_network(opened: Opened, network: SocialNetwork, edition_id: str | None) -> int:
    """Return how many snippets stand on a network after all."""
    if not can_be_read(network):
        return 0
    with opened.database.read() as connection:
        asked = doubts.left(connection, "social", network.name, edition_id)
    count = 0
    for one in asked:
        edition = frozen.read(opened.workspace.root / one.path)
        if (snippet := snippet_for(edition, one.recipient)) is None:
            continue
        posting = posting_of(edition, snippet, f"{one.edition_id}-{one.id}", one.frozen_at)
        seen = network.look_up(posting).receipts
        if len(seen) == len(snippet.posts):
            _prove(opened, {one: seen})
            _note(opened, network, posting, one, seen)
            count += 1
    return count


def _prove(opened: Opened, known: Mapping[Doubt, Sequence[Receipt]]) -> None:
    with opened.database.write() as connection:
        for doubt, receipts in known.items():
            doubts.prove(connection, doubt, receipts[0], opened.now())
        for edition_id in {doubt.edition_id for doubt in known}:
            finish(connection, edition_id, opened.now())


def _note(
    opened: Opened, network: SocialNetwork, posting: Posting, doubt: Doubt, receipts: Sequence[Receipt]
) -> None:
    with opened.database.write() as connection:
        for number, receipt in enumerate(receipts):
            parts.note(
                connection,
                doubt.id,
                number,
                receipt,
                content_hash=content_hash(posting, number),
                price_musd=network.price_musd(posting.snippet.posts[number]),
                now=opened.now(),
            )
