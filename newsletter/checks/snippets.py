"""Rules about the snippets for social accounts."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

from newsletter.checks.evidence import web_addresses
from newsletter.checks.images import FILE_NAME, measured
from newsletter.checks.links import fault
from newsletter.checks.rule import rule
from newsletter.editions.renditions import CARD_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.checks.evidence import Evidence

_FORMATS: Final = frozenset({"JPEG", "PNG"})
_HASHTAG: Final = re.compile(r"(?<!\S)#\w+")
_OPENING: Final = re.compile(
    r"(?:(?:an?|the|une?|ein|una?) )?(?:image|photo(?:graph)?|picture|graphic|screenshot|imagen|foto|bild)"
    r" (?:of|showing|de|d['’]|del|da|do|von|mit|di)\b",  # noqa: RUF001 - the apostrophe of typographers
    re.IGNORECASE,
)
"""How descriptions begin that say first what the reader's program says already."""


@rule(
    "S1",
    "error",
    why="The network refuses a text this long.",
    mend="Shorten the question of the call to action; the other words are cut to fit by a build.",
    source="the network's documentation, named in its adapter",
)
def within_limit(evidence: Evidence) -> Iterator[str | tuple[str, str]]:
    """Each post fits its network, measured by the network itself, and so does the thread."""
    for snippet in evidence.edition.snippets:
        if not (network := evidence.networks.get(snippet.account)):
            continue
        for number, text in enumerate(snippet.posts, 1):
            if (length := network.measure(text)) > network.limit:
                place = f", post {number}" if snippet.parts else ""
                yield f"snippet for {snippet.account}{place}: {length} of {network.limit} characters"
        if len(snippet.posts) > network.max_posts:
            place = f"snippet for {snippet.account}: {len(snippet.posts)} posts"
            yield place, f"The network takes threads of {network.max_posts} at most."


@rule(
    "S2",
    "error",
    why="The post would have no link that works.",
    mend="Give the call to action a full https address in campaign.toml; it joins the text by itself.",
    source="RFC 3986",
)
def whole_link(evidence: Evidence) -> Iterator[str | tuple[str, str]]:
    """The link is there, whole, and leads to a public place."""
    for snippet in evidence.edition.snippets:
        if not snippet.link or snippet.link not in web_addresses(snippet.text):
            yield f"snippet for {snippet.account}: {snippet.link or 'no link'}"
        elif reason := fault(snippet.link):
            yield f"snippet for {snippet.account}: {snippet.link}", f"The link of this post {reason}."


@rule(
    "S3",
    "error",
    why="People who do not see the picture of this post are told nothing about it.",
    mend="Describe the lead post's first picture: `alt` in posts/<slug>/index.md.",
    source="WCAG 2.2 success criterion 1.1.1",
)
def described_picture(evidence: Evidence) -> Iterator[str]:
    """A picture comes with words."""
    return _undescribed(evidence) if not evidence.allow_missing_alt else iter(())


@rule(
    "S3",
    "warning",
    why="People who do not see the picture of this post are told nothing about it; the campaign allows it.",
    mend="Describe the lead post's first picture: `alt` in posts/<slug>/index.md.",
    source="WCAG 2.2 success criterion 1.1.1",
)
def described_all_the_same(evidence: Evidence) -> Iterator[str]:
    """A picture comes with words, even where it need not."""
    return _undescribed(evidence) if evidence.allow_missing_alt else iter(())


def _undescribed(evidence: Evidence) -> Iterator[str]:
    for snippet in evidence.edition.snippets:
        if snippet.image and not snippet.alt.strip():
            yield f"snippet for {snippet.account}: {snippet.image}"


@rule(
    "S4",
    "error",
    why="The picture of this post is missing, or the network cannot take it.",
    mend="Build again; if that does not help, put another JPEG or PNG into the post's folder.",
    source="the network's documentation, named in its adapter",
)
def picture_there(evidence: Evidence) -> Iterator[str]:
    """The pictures of a snippet lie in the edition, JPEG or PNG, no larger than the network takes."""
    for snippet in evidence.edition.snippets:
        network = evidence.networks.get(snippet.account)
        most_bytes = network.max_image_bytes if network else sys.maxsize
        card_image = snippet.card.image if snippet.card else ""
        for name, most in ((snippet.image, most_bytes), (card_image, CARD_BYTES)):
            if name and not _taken(evidence, name, most):
                yield f"snippet for {snippet.account}: {name}"


def _taken(evidence: Evidence, name: str, most_bytes: int) -> bool:
    path = evidence.edition.folder / "images" / name
    found = measured(path) if name in evidence.edition.images else None
    return found is not None and found[0] in _FORMATS and path.stat().st_size <= most_bytes


@rule(
    "S5",
    "error",
    why="The account is not in config.toml, so nothing can be published there.",
    mend="Add it as [[social]] to config.toml, or build the campaign again.",
    source="product rule",
)
def known_account(evidence: Evidence) -> Iterator[str]:
    """Every snippet's account is configured."""
    for snippet in evidence.edition.snippets:
        if snippet.account not in evidence.networks:
            yield f"snippet for {snippet.account}"


@rule(
    "S6",
    "error",
    why="The post would say nothing but its link.",
    mend="Write a hook under [social] in campaign.toml.",
    source="product rule",
)
def has_words(evidence: Evidence) -> Iterator[str]:
    """A snippet says something besides its link."""
    for snippet in evidence.edition.snippets:
        if not re.search(r"\w", snippet.text.replace(snippet.link, "") if snippet.link else snippet.text):
            yield f"snippet for {snippet.account}"


@rule(
    "S7",
    "warning",
    why="The description of the picture is longer than the network takes, and would be cut.",
    mend="Shorten `alt` in posts/<slug>/index.md.",
    source="the network's documentation, named in its adapter",
)
def short_description(evidence: Evidence) -> Iterator[str]:
    """Descriptions of pictures fit the network."""
    for snippet in evidence.edition.snippets:
        network = evidence.networks.get(snippet.account)
        if network and len(snippet.alt) > network.max_alt:
            yield f"snippet for {snippet.account}: {len(snippet.alt)} of {network.max_alt} characters"


@rule(
    "S8",
    "warning",
    why="This many hashtags look like spam on this network.",
    mend="Keep the two or three that people really follow: hashtags under [social] in campaign.toml.",
    source="the network's documentation, named in its adapter",
)
def few_hashtags(evidence: Evidence) -> Iterator[str]:
    """Hashtags stay few."""
    for snippet in evidence.edition.snippets:
        network = evidence.networks.get(snippet.account)
        count = len(_HASHTAG.findall(snippet.text))
        if network and count > network.max_hashtags:
            yield f"snippet for {snippet.account}: {count} hashtags"


@rule(
    "S9",
    "info",
    why="The text was too long for one post and was shortened, or became a thread.",
    mend="Write a text of your own for this account under [social.text] in campaign.toml, or leave it so.",
    source="product rule",
)
def cut_to_fit(evidence: Evidence) -> Iterator[str]:
    """Staff are told what was left out."""
    for snippet in evidence.edition.snippets:
        if snippet.steps:
            yield f"snippet for {snippet.account}: {', '.join(snippet.steps)}"


@rule(
    "S10",
    "warning",
    why="Not all of this post would arrive there as it is meant.",
    mend="Write other words for this account under [social.text] in campaign.toml, or leave it so.",
    source="the network's documentation, named in its adapter",
)
def as_meant(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """The network itself has nothing against a snippet."""
    for snippet in evidence.edition.snippets:
        if network := evidence.networks.get(snippet.account):
            for objection in network.objections(snippet):
                why = f"{objection[:1].upper()}{objection[1:].rstrip('.')}."
                yield f"snippet for {snippet.account}", why


@rule(
    "S17",
    "warning",
    why="The description does not say what can be seen, or says first what every reader is told already.",
    mend="Say in a sentence what can be seen: `alt` in posts/<slug>/index.md.",
    source="W3C WAI, Images tutorial",
)
def telling_description(evidence: Evidence) -> Iterator[str]:
    """Descriptions begin with what can be seen."""
    for snippet in evidence.edition.snippets:
        alt = snippet.alt.strip()
        if _OPENING.match(alt) or FILE_NAME.fullmatch(alt):
            yield f"snippet for {snippet.account}: “{alt[:60]}”"
