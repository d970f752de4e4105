"""One snippet: hook, reason, call to action, link and hashtags, fitted to what one network takes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from newsletter import adapters
from newsletter.editions import fitting
from newsletter.editions.hashtags import hashtags
from newsletter.errors import ContentError
from newsletter.model import Snippet
from newsletter.posts.body import first_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.campaigns.campaign import Campaign
    from newsletter.model import CallToAction, Post
    from newsletter.social.base import SocialNetwork

LEAST_WORDS: Final = 4
"""Fewer words than this before a "…" say nothing; the text is left out."""


@dataclass(frozen=True)
class Draft:
    """The slots of a snippet, each clean and whole or cut."""

    hook: str
    """The first line."""
    why: str
    """The sentences after it; empty when left out."""
    question: str
    """The call to action; never cut."""
    link: str
    """Never cut."""
    tags: tuple[str, ...]
    """Hashtags, the most important first."""

    @property
    def text(self) -> str:
        """Return exactly what is published: short paragraphs; what the words say already is not repeated."""
        said = "\n\n".join(filter(None, (self.hook, self.why)))
        ask = " ".join(part for part in (self.question, self.link) if part and not _says(said, part))
        tags = " ".join(tag for tag in self.tags if not _says(said, tag))
        return "\n\n".join(filter(None, (said, ask, tags)))


def compose(  # noqa: PLR0913 - what a snippet is made of, and for whom
    network: SocialNetwork,
    campaign: Campaign,
    post: Post,
    call_to_action: CallToAction | None,
    *,
    link: str,
    language: str,
    image: str,
    alt: str,
) -> Snippet:
    """Return the snippet of a campaign for one account; its text fits by the network's own count.

    Question and link are never cut. What does not fit goes in this order:
    spare hashtags, all hashtags, the end of the text at a sentence, then at a
    word, the whole text, the end of the hook; hashtags that fit again come
    back. `Snippet.steps` says what was done.

    Args:
        network: the account; its ``limit`` and ``measure`` decide.
        campaign: hook, why, hashtags and texts per account under ``[social]``.
        post: the lead post; its title and excerpt stand in for hook and why.
        call_to_action: the one ask, or None.
        link: absolute address with its UTM parameters, or "".
        language: BCP 47.
        image: file name inside the edition's images/ folder, or "".
        alt: what the picture shows.

    Raises:
        ContentError: question and link alone are too long, or the campaign's words hold a merge tag.
    """
    draft = _draft(network, campaign, post, call_to_action, link)
    fitted, steps = _fit(draft, network)
    described = _described(alt, network.max_alt) if image else ""
    if image and described != fitting.clean(alt):
        steps = (*steps, "cut the description of the picture")
    return Snippet(
        account=network.name,
        network=adapters.type_of(network),
        text=fitted.text,
        link=draft.link,
        length=network.measure(fitted.text),
        limit=network.limit,
        language=language,
        image=image,
        alt=described,
        steps=steps,
    )


def _draft(
    network: SocialNetwork, campaign: Campaign, post: Post, call_to_action: CallToAction | None, link: str
) -> Draft:
    """Return the slots before anything is cut."""
    social = campaign.social
    question = call_to_action.question if call_to_action else ""
    if own := _own_words(campaign, f"social.text.{network.name}", social.text.get(network.name, "")):
        hook, why = "", fitting.clean(own, paragraphs=True)
    else:
        hook = fitting.clean(_own_words(campaign, "social.hook", social.hook) or post.title)
        why = fitting.clean(
            _own_words(campaign, "social.why", social.why) or post.excerpt or first_words(post.body)
        )
    return Draft(
        hook,
        why,
        fitting.clean(_own_words(campaign, "call_to_action.question", question)),
        link.strip(),
        hashtags(social.hashtags or post.tags, network.max_hashtags),
    )


def _own_words(campaign: Campaign, key: str, words: str) -> str:
    """Return words of the campaign; a social post is the same for everybody, so it has no merge tags."""
    if "{{" in words:
        where = f"campaigns/{campaign.name}/campaign.toml ({key})"
        raise ContentError("merge tags work in letters only; write words that suit every reader", where=where)
    return words


def _fit(whole: Draft, network: SocialNetwork) -> tuple[Draft, tuple[str, ...]]:
    """Return the draft as it fits, and what was done to it."""

    def fits(draft: Draft) -> bool:
        return network.measure(draft.text) <= network.limit

    _refuse_too_long(replace(whole, hook="", why="", tags=()), network)
    draft = whole
    while draft.tags and not fits(draft):
        draft = replace(draft, tags=draft.tags[:-1])
    draft, step = _shortened(draft, fits)
    for count in range(len(whole.tags), len(draft.tags), -1):
        if fits(more := replace(draft, tags=whole.tags[:count])):
            draft = more
            break
    spare = whole.tags[len(draft.tags) :]
    dropped = f"left out {' '.join(spare)}" if spare else ""
    return draft, tuple(filter(None, (dropped, step)))


def _shortened(draft: Draft, fits: Callable[[Draft], bool]) -> tuple[Draft, str]:
    """Return the draft with as much of its words as fits, and what was done."""
    if fits(draft):
        return draft, ""
    if cut := fitting.at_sentence(draft.why, lambda why: fits(replace(draft, why=why))):
        return replace(draft, why=cut), "ended the text at a sentence"
    if cut := fitting.at_word(draft.why, lambda why: fits(replace(draft, why=why)), least=LEAST_WORDS):
        return replace(draft, why=cut), "ended the text at a word"
    bare = replace(draft, why="")
    if fits(bare):
        return bare, "left out the text"
    if cut := fitting.at_word(draft.hook, lambda hook: fits(replace(bare, hook=hook))):
        return replace(bare, hook=cut), "left out the text, ended the first line at a word"
    return replace(bare, hook=""), "left out the text and the first line"


def _refuse_too_long(ask: Draft, network: SocialNetwork) -> None:
    length = network.measure(ask.text)
    if length > network.limit:
        why = f"call to action and link take {length} of {network.limit} characters; shorten the question"
        raise ContentError(why, where=f"snippet for {network.name}")


def _says(words: str, part: str) -> bool:
    """Return whether the words hold this question, link or hashtag as a whole."""
    flags = re.IGNORECASE if part.startswith("#") else 0
    return re.search(rf"(?<![\w/#]){re.escape(part)}(?![\w/?&=#%+-]|\.\w)", words, flags) is not None


def _described(alt: str, longest: int) -> str:
    """Return the description of a picture, cut at a sentence, else at a word."""

    def fits(cut: str) -> bool:
        return len(cut) <= longest

    alt = fitting.clean(alt)
    return alt if fits(alt) else fitting.at_sentence(alt, fits) or fitting.at_word(alt, fits)
