"""Carry a snippet to a social network; look there first when nobody knows whether it stands there already."""

from __future__ import annotations

import hashlib
import itertools
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from newsletter.editions import frozen
from newsletter.errors import (
    DeliveryError,
    NewsletterError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.outbox import ledger, parts
from newsletter.social.base import Posting, SocialNetwork
from newsletter.storage.database import DatabaseProblemError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from newsletter.delivery.release import Opened
    from newsletter.editions.edition import Edition
    from newsletter.model import Receipt, Snippet
    from newsletter.outbox.settle import Outcome
    from newsletter.outbox.window import Claim, Delivery


class SocialCarrier:
    """One account; its refusals never hold up the letters or another account."""

    def __init__(self, opened: Opened, network: SocialNetwork) -> None:
        """Open nothing; every snippet is a call of its own."""
        self.connections = 1
        self._opened = opened
        self._network = network
        self._editions: dict[str, Edition] = {}
        self._frozen_at: dict[str, datetime] = {}

    def prepare(self, claim: Claim) -> None:
        """Read the edition, before anything is marked as on the wire.

        Raises:
            NewsletterError: the frozen files are gone.
        """
        if claim.edition_id not in self._editions:
            edition = frozen.read(self._opened.workspace.root / claim.path)
            with self._opened.database.read() as connection:
                self._frozen_at[edition.id] = ledger.find(connection, edition.id).frozen_at
            self._editions[claim.edition_id] = edition

    def carry(self, claim: Claim, window: Sequence[Delivery]) -> list[Outcome]:
        """Publish; one outcome each, in the order given."""
        return [self._outcome(self._editions[claim.edition_id], delivery) for delivery in window]

    def close(self) -> None:
        """There is nothing to close."""

    def _outcome(self, edition: Edition, delivery: Delivery) -> Outcome:
        snippet = snippet_for(edition, delivery.recipient)
        if snippet is None:
            return PermanentError("the edition has no snippet for this account", code="snippet")
        try:
            return self._publish(self._posting(edition, snippet, delivery), delivery)
        except RefusedSenderError as error:
            # To hold the edition would punish the other channels; this delivery alone waits for a person.
            return PermanentError(error.why, code=error.code)
        except DeliveryError as error:
            return error
        except NewsletterError as error:
            return PermanentError(str(error), code=error.kind)

    def _publish(self, posting: Posting, delivery: Delivery) -> Receipt:
        """Publish what does not stand there yet.

        Raises:
            DeliveryError: as `SocialNetwork.publish`; also when it would come too late.
        """
        if delivery.in_doubt_since is not None:
            posting = self._reconciled(posting, delivery.in_doubt_since)
        if len(posting.done) == len(posting.snippet.posts):
            return posting.done[0]
        begun = bool(posting.done)
        if delivery.attempts > 1 and not begun:
            self._refuse_late(posting, 0)
        self._refuse_dear(posting)
        try:
            return self._network.publish(posting)
        except TransientError as error:
            if not begun:
                self._refuse_late(posting, error.retry_after_s or 0, error)
            raise
        except UnknownOutcomeError:
            if (found := self._found_at_once(posting, delivery.id)) is None:
                raise
            return found

    def _found_at_once(self, posting: Posting, delivery_id: int) -> Receipt | None:
        """Return the receipt of a posting whose answer was lost, when all of it can be seen there.

        What is not there yet may still come; that is for a later look.
        """
        try:
            sighting = self._network.look_up(posting)
        except DeliveryError:
            return None
        if len(sighting.receipts) < len(posting.snippet.posts):
            return None
        for place, receipt in enumerate(sighting.receipts):
            self._note(delivery_id, posting, place, receipt)
        return sighting.receipts[0]

    def _reconciled(self, posting: Posting, since: datetime) -> Posting:
        """Return the posting with what stands on the network, if that is sure enough to go on.

        Raises:
            UnknownOutcomeError: nobody can tell, and the network would not drop a repeat any more.
        """
        network = self._network
        try:
            sighting = network.look_up(posting)
        except DeliveryError as error:
            why = f"it may stand there already, and the network cannot be asked: {error.why}"
            raise UnknownOutcomeError(why, where=error.where, code=error.code) from error
        for receipt in sighting.receipts[len(posting.done) :]:
            posting = _with(posting, receipt)
        missing = len(posting.done) < len(posting.snippet.posts)
        if missing and not sighting.certain:
            fresh = self._opened.now() - since < timedelta(seconds=network.honours_key_for_s)
            if not fresh:
                why = "it may stand there already, and what the account shows does not tell"
                raise UnknownOutcomeError(why, code="unseen")
        return posting

    def _refuse_late(self, posting: Posting, wait_s: float, cause: TransientError | None = None) -> None:
        """Raise when a post would come later than people want it."""
        hours = self._opened.loaded.config.sending.catch_up_within_h
        if self._opened.now() + timedelta(seconds=wait_s) > posting.at + timedelta(hours=hours):
            said = f" ({cause.why})" if cause else ""
            why = f"missed: it would come more than {hours:g} hours late{said}; publish it with outbox retry"
            raise PermanentError(why, code="missed") from cause

    def _refuse_dear(self, posting: Posting) -> None:
        """Raise when the account would cost more this month than it may."""
        network, now = self._network, self._opened.now()
        if not (cap_musd := network.monthly_cap_musd):
            return
        price_musd = sum(network.price_musd(text) for text in posting.snippet.posts[len(posting.done) :])
        with self._opened.database.read() as connection:
            first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            spent_musd = parts.spent_musd(connection, network.name, first)
        if spent_musd + price_musd > cap_musd:
            why = (
                f"it costs ${price_musd / 1000:.3f}, and ${spent_musd / 1000:.3f} of the "
                f"${cap_musd / 1000:.2f} for this month are spent; raise the account's cap, then outbox retry"
            )
            raise PermanentError(why, code="cap")

    def _posting(self, edition: Edition, snippet: Snippet, delivery: Delivery) -> Posting:
        with self._opened.database.read() as connection:
            done = parts.of_delivery(connection, delivery.id)
        posting = posting_of(edition, snippet, delivery.key, self._frozen_at[edition.id], done)
        return _noting(posting, partial(self._note, delivery.id))

    def _note(self, delivery_id: int, posting: Posting, number: int, receipt: Receipt) -> None:
        snippet = posting.snippet
        # A ledger that cannot be written stops the lane when the delivery is settled; the network remembers.
        with suppress(DatabaseProblemError), self._opened.database.write() as connection:
            parts.note(
                connection,
                delivery_id,
                number,
                receipt,
                content_hash=content_hash(posting, number),
                price_musd=self._network.price_musd(snippet.posts[number]),
                now=self._opened.now(),
            )


def can_be_read(network: SocialNetwork) -> bool:
    """Tell whether a network can be asked at all what stands there."""
    return type(network).look_up is not SocialNetwork.look_up


def snippet_for(edition: Edition, account: str) -> Snippet | None:
    """Return the snippet of an edition for an account, or None."""
    return next((found for found in edition.snippets if found.account == account), None)


def posting_of(
    edition: Edition, snippet: Snippet, key: str, at: datetime, done: tuple[Receipt, ...] = ()
) -> Posting:
    """Return what a network is given of a snippet; ``key`` and ``at`` are those of delivery and edition."""
    pictures = edition.folder / "images"
    card_image = snippet.card.image if snippet.card else ""
    return Posting(
        snippet,
        key=key,
        at=at,
        image=pictures / snippet.image if snippet.image else None,
        card_image=pictures / card_image if card_image else None,
        done=done,
    )


def content_hash(posting: Posting, number: int) -> str:
    """Return the SHA-256 of the words of a post and, with the first one, of its picture, hex."""
    snippet = posting.snippet
    digest = hashlib.sha256(snippet.posts[number].encode("utf-8", "replace"))
    if number == 0 and posting.image is not None:
        digest.update(b"\0" + snippet.alt.encode("utf-8", "replace") + b"\0")
        # A picture that cannot be read is the network's to tell.
        with suppress(OSError):
            digest.update(posting.image.read_bytes())
    return digest.hexdigest()


def _noting(posting: Posting, write: Callable[[Posting, int, Receipt], None]) -> Posting:
    """Return the posting with every confirmed post written down at its place."""
    places = itertools.count(len(posting.done))
    return replace(posting, note=lambda receipt: write(posting, next(places), receipt))


def _with(posting: Posting, receipt: Receipt) -> Posting:
    """Return the posting with one more post that stands, after writing it down."""
    posting.note(receipt)
    return replace(posting, done=(*posting.done, receipt))
