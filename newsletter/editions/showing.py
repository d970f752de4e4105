"""What stands under the words of a snippet: the lead post's picture, or a card for its link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from newsletter.editions import fitting, renditions
from newsletter.editions.material import lead_image
from newsletter.model import Card
from newsletter.posts.body import first_words

if TYPE_CHECKING:
    from newsletter.editions.images import Picture
    from newsletter.editions.material import Material
    from newsletter.model import Post
    from newsletter.social.base import SocialNetwork

TITLE_CHARS: Final = 200
"""Cards show fewer; what is longer is cut at a word."""
DESCRIPTION_CHARS: Final = 300
"""Two lines or three of a card."""


@dataclass(frozen=True)
class Shown:
    """The picture of a snippet, or its card."""

    image: Picture | None = None
    """The picture by itself."""
    alt: str = ""
    """What it shows, no longer than the network takes."""
    card: Card | None = None
    """The preview of the link, where it is ours to make."""
    card_image: Picture | None = None
    """The picture in the card."""
    steps: tuple[str, ...] = ()
    """What was cut."""

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Return the files that the edition must carry for it."""
        return tuple(picture for picture in (self.image, self.card_image) if picture)


def show(network: SocialNetwork, material: Material, link: str) -> Shown:
    """Return what an account shows under the words.

    The picture stands for itself when it has a description, and a card in its
    place when it has none and the network shows the one we make; ``show`` and
    ``image`` of ``[social]`` decide otherwise. Pictures are JPEG or PNG and no
    larger than the network takes.

    Args:
        network: the account.
        material: campaign, posts and pictures.
        link: where the card leads; without a link there is none.
    """
    social, lead = material.campaign.social, material.posts[0]
    image = lead_image(lead) if social.image else None
    picture = material.pictures[lead.slug].get(image.file) if image else None
    alt = fitting.clean(image.alt) if image else ""
    ours = network.makes_cards and bool(link)
    wants_card = social.show == "card" or (not social.show and ours and not alt)
    if picture and not wants_card:
        described = _shortened(alt, network.max_alt)
        steps = ("cut the description of the picture",) if described != alt else ()
        return Shown(renditions.for_network(picture, network.max_image_bytes), described, steps=steps)
    if not ours:
        return Shown()
    card_image = renditions.for_card(picture) if picture else None
    return Shown(card=_card(lead, link, card_image), card_image=card_image)


def _card(lead: Post, link: str, picture: Picture | None) -> Card:
    return Card(
        url=link,
        title=_shortened(fitting.clean(lead.title), TITLE_CHARS),
        description=_shortened(fitting.clean(lead.excerpt or first_words(lead.body)), DESCRIPTION_CHARS),
        image=picture.name if picture else "",
    )


def _shortened(words: str, longest: int) -> str:
    """Return words cut at a sentence, else at a word."""

    def fits(cut: str) -> bool:
        return len(cut) <= longest

    return words if fits(words) else fitting.at_sentence(words, fits) or fitting.at_word(words, fits)
