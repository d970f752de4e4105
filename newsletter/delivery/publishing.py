"""Carry a snippet to a social network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.editions import frozen
from newsletter.errors import DeliveryError, NewsletterError, PermanentError, RefusedSenderError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.delivery.release import Opened
    from newsletter.editions.edition import Edition
    from newsletter.outbox.settle import Outcome
    from newsletter.outbox.window import Claim, Delivery
    from newsletter.social.base import SocialNetwork


class SocialCarrier:
    """One account; its refusals never hold up the letters or another account."""

    def __init__(self, opened: Opened, network: SocialNetwork) -> None:
        """Open nothing; every snippet is a call of its own."""
        self.connections = 1
        self._opened = opened
        self._network = network
        self._editions: dict[str, Edition] = {}

    def prepare(self, claim: Claim) -> None:
        """Read the edition, before anything is marked as on the wire.

        Raises:
            NewsletterError: the frozen files are gone.
        """
        if claim.edition_id not in self._editions:
            self._editions[claim.edition_id] = frozen.read(self._opened.workspace.root / claim.path)

    def carry(self, claim: Claim, window: Sequence[Delivery]) -> list[Outcome]:
        """Publish; one outcome each, in the order given."""
        return [self._publish(self._editions[claim.edition_id], delivery) for delivery in window]

    def close(self) -> None:
        """There is nothing to close."""

    def _publish(self, edition: Edition, delivery: Delivery) -> Outcome:
        snippet = next((found for found in edition.snippets if found.account == delivery.recipient), None)
        if snippet is None:
            return PermanentError("the edition has no snippet for this account", code="snippet")
        image = edition.folder / "images" / snippet.image if snippet.image else None
        try:
            return self._network.publish(snippet, key=delivery.key, image=image)
        except RefusedSenderError as error:
            # To hold the edition would punish the other channels; this delivery alone waits for a person.
            return PermanentError(error.why, code=error.code)
        except DeliveryError as error:
            return error
        except NewsletterError as error:
            return PermanentError(str(error), code=error.kind)
