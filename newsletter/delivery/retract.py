"""Take back what was published, everywhere it can be taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.errors import NewsletterError
from newsletter.outbox import parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.delivery.release import Opened
    from newsletter.outbox.parts import Part


@dataclass(frozen=True)
class Retraction:
    """What became of one post."""

    part: Part
    """The post."""
    trouble: str = ""
    """Why it still stands; empty: it is gone."""


def standing(opened: Opened, edition_id: str) -> list[Part]:
    """Return the posts of an edition that were not retracted, the last one of every thread first."""
    with opened.database.read() as connection:
        found = parts.of_edition(connection, edition_id)
    return [part for part in reversed(found) if part.retracted_at is None]


def retract(opened: Opened, edition_id: str) -> Iterator[Retraction]:
    """Delete the posts of an edition one by one; one that cannot be deleted keeps no other one."""
    networks = {network.name: network for network in opened.networks}
    for part in standing(opened, edition_id):
        network = networks.get(part.channel)
        if network is None:
            why = (
                f"config.toml has no account {part.channel!r} any more; delete it by hand {part.receipt.url}"
            )
            yield Retraction(part, why.rstrip())
            continue
        try:
            network.retract(part.receipt)
        except NewsletterError as error:
            yield Retraction(part, str(error))
            continue
        with opened.database.write() as connection:
            parts.retracted(connection, part, opened.now())
        yield Retraction(part)
