"""One snippet: hook, reason, call to action, link and hashtags, fitted to what one network takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter import adapters
from newsletter.editions import fitting, ladder, mentions, showing
from newsletter.editions.hashtags import hashtags
from newsletter.editions.slots import MARK, Paper, Slots
from newsletter.errors import ContentError
from newsletter.model import Snippet
from newsletter.posts.body import first_words

if TYPE_CHECKING:
    from newsletter.campaigns.campaign import Campaign
    from newsletter.editions.images import Picture
    from newsletter.editions.material import Material
    from newsletter.editions.slots import Layout
    from newsletter.social.base import SocialNetwork


def compose(
    network: SocialNetwork, material: Material, layout: Layout
) -> tuple[Snippet, tuple[Picture, ...]]:
    """Return the snippet of a campaign for one account, and the pictures it needs in the edition.

    Its posts fit by the network's own count, see `ladder.fit`; ``steps`` says
    what was done for it. The words are those of the campaign for this account,
    else its hook and why, else the lead post's title and excerpt.

    Args:
        network: the account; its ``limit`` and ``measure`` decide.
        material: campaign, posts, pictures, the ask, and the organisation's address book.
        layout: the template of the network.

    Raises:
        ContentError: the campaign's words hold a merge tag, or the template is wrong.
    """
    social = material.campaign.social
    link = _link(network, material)
    paper = Paper(network, layout, social.thread, social.numbered, social.link_in)
    posts, steps = ladder.fit(_slots(network, material, link), paper)
    shown = showing.show(network, material, link)
    snippet = Snippet(
        account=network.name,
        network=adapters.type_of(network),
        text="\n\n".join(posts),
        parts=posts if len(posts) > 1 else (),
        link=link,
        length=max(map(network.measure, posts)),
        limit=network.limit,
        language=material.language,
        image=shown.image.name if shown.image else "",
        alt=shown.alt,
        card=shown.card,
        price_musd=sum(map(network.price_musd, posts)),
        steps=(*steps, *shown.steps),
    )
    return snippet, shown.pictures


def _link(network: SocialNetwork, material: Material) -> str:
    """Return where the snippet leads, with the network's UTM parameters; empty when there is no address."""
    addresses = [material.ask.url if material.ask else "", material.posts[0].link]
    if material.campaign.social.link == "post":
        addresses.reverse()
    link = next(filter(None, addresses), "").strip()
    return material.link_tags(mentions.written_for(network), "social").tag(link)


def _slots(network: SocialNetwork, material: Material, link: str) -> Slots:
    """Return the slots before anything is cut."""
    campaign, post, ask = material.campaign, material.posts[0], material.ask
    social = campaign.social
    question = ask.question if ask else ""
    if own := _own_words(campaign, f"social.text.{network.name}", social.text.get(network.name, "")):
        hook, why = "", _marked(fitting.clean(own, paragraphs=True))
    else:
        hook = fitting.clean(_own_words(campaign, "social.hook", social.hook) or post.title)
        why = _paragraphs(_own_words(campaign, "social.why", social.why))
        why = why or fitting.clean(post.excerpt or first_words(post.body))
    kind, book = mentions.kind_of(network), material.config.mention
    return Slots(
        hook=mentions.resolve(hook, kind, book),
        why=mentions.resolve(why, kind, book),
        call_to_action=fitting.clean(_own_words(campaign, "call_to_action.question", question)),
        link=link,
        hashtags=hashtags(social.hashtags or post.tags, network.max_hashtags),
    )


def _own_words(campaign: Campaign, key: str, words: str) -> str:
    """Return words of the campaign; a social post is the same for everybody, so it has no merge tags."""
    if "{{" in words:
        where = f"campaigns/{campaign.name}/campaign.toml ({key})"
        raise ContentError("merge tags work in letters only; write words that suit every reader", where=where)
    return words


def _paragraphs(words: str) -> str:
    """Return words whose lines are joined within paragraphs: files are wrapped, posts are not."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", _marked(fitting.clean(words, paragraphs=True)))


def _marked(words: str) -> str:
    """Return words with an empty line around each ``---``."""
    return fitting.clean(MARK.sub("\n\n---\n\n", words), paragraphs=True)
