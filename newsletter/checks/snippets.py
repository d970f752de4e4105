"""Rules about the snippets for social accounts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter.checks.evidence import web_addresses
from newsletter.checks.images import FORMATS, measured
from newsletter.checks.links import fault
from newsletter.checks.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.checks.evidence import Evidence

_HASHTAG = re.compile(r"(?<!\S)#\w+")


@rule(
    "S1",
    "error",
    why="The network refuses a text this long.",
    mend="Write a shorter text for this account under [social.text] in campaign.toml.",
    source="the network's documentation, named in its adapter",
)
def within_limit(evidence: Evidence) -> Iterator[str]:
    """Each text fits its network, measured by the network itself."""
    for snippet in evidence.edition.snippets:
        if network := evidence.networks.get(snippet.account):
            length = network.measure(snippet.text)
            if length > network.limit:
                yield f"snippet for {snippet.account}: {length} of {network.limit} characters"


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
    for snippet in evidence.edition.snippets:
        if snippet.image and not snippet.alt.strip():
            yield f"snippet for {snippet.account}: {snippet.image}"


@rule(
    "S4",
    "error",
    why="The picture of this post is missing or cannot be shown.",
    mend="Put a JPEG or PNG into the post's folder and build again.",
    source="Mastodon API, media",
)
def picture_there(evidence: Evidence) -> Iterator[str]:
    """The file of a picture lies in the edition and is a picture."""
    for snippet in evidence.edition.snippets:
        if snippet.image:
            found = measured(evidence.edition.folder / "images" / snippet.image)
            if snippet.image not in evidence.edition.images or not found or found[0] not in FORMATS:
                yield f"snippet for {snippet.account}: {snippet.image}"


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
    why="The text was too long for the network and was cut to fit.",
    mend="Write a text of your own for this account under [social.text] in campaign.toml, or leave it so.",
    source="product rule",
)
def cut_to_fit(evidence: Evidence) -> Iterator[str]:
    """Staff are told what was left out."""
    for snippet in evidence.edition.snippets:
        if snippet.steps:
            yield f"snippet for {snippet.account}: {', '.join(snippet.steps)}"
