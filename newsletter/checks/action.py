"""Rules about the call to action: there, and the same on every channel."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from newsletter.checks.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.checks.evidence import Evidence

_STRAIGHT = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})
"""Typographic quotes, which templates and keyboards choose differently."""


def target(url: str) -> str:
    """Return where an address leads, without the parameters that tell visits apart.

    >>> target("https://a.example/give?amount=5&utm_source=newsletter")
    'https://a.example/give?amount=5'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    kept = [
        (key, value)
        for key, value in parse_qsl(parts.query, keep_blank_values=True)
        if not key.lower().startswith("utm_")
    ]
    path, host = parts.path or "/", parts.netloc.lower()
    return urlunsplit((parts.scheme, host, path, urlencode(kept), parts.fragment))


@rule(
    "C1",
    "error",
    why="The edition asks readers for nothing.",
    mend="Write [call_to_action] with question, label and url in campaign.toml, or once in config.toml.",
    source="product rule: every channel ends in the same ask",
)
def has_ask(evidence: Evidence) -> Iterator[str]:
    """The edition has one call to action with a question and an address."""
    ask = evidence.edition.call_to_action
    if ask is None:
        yield "campaign.toml"
    elif not ask.question.strip():
        yield "campaign.toml (call_to_action.question)"
    elif not ask.url.strip():
        yield "campaign.toml (call_to_action.url)"


@rule(
    "C2",
    "error",
    why="Readers of this channel are not asked the question.",
    mend="Show the call to action in the template; in a text of your own for an account, leave room for it.",
    source="product rule: every channel ends in the same ask",
)
def same_question(evidence: Evidence) -> Iterator[str]:
    """The question stands in the HTML, the text and every snippet, word for word."""
    ask = evidence.edition.call_to_action
    if ask is None or not ask.question.strip():
        return
    question = _plain(ask.question)
    for channel, words in _channels(evidence):
        if question not in _plain(words):
            yield channel


def _channels(evidence: Evidence) -> Iterator[tuple[str, str]]:
    yield "HTML part", evidence.plain.visible
    yield "text part", evidence.plain.text
    for snippet in evidence.edition.snippets:
        yield f"snippet for {snippet.account}", snippet.text


def _plain(words: str) -> str:
    """Return words for comparison: one space, straight quotes, no case."""
    return " ".join(words.translate(_STRAIGHT).split()).casefold()


@rule(
    "C3",
    "error",
    why="The ask leads somewhere else here than on the other channels, or nowhere.",
    mend="Use the address of the call to action, or leave `link` of [social] in campaign.toml as it is.",
    source="product rule: every channel ends in the same ask",
)
def same_target(evidence: Evidence) -> Iterator[str]:
    """The ask's address is linked in the HTML, the text and every snippet."""
    ask = evidence.edition.call_to_action
    if ask is None or not ask.url:
        return
    goal = target(ask.url)
    if goal not in {target(link.href) for link in evidence.plain.links}:
        yield "HTML part"
    if goal not in {target(address) for address in evidence.plain.text_links}:
        yield "text part"
    # A campaign may choose to link its snippets to the story, which carries the ask.
    stories = {target(post.link) for post in evidence.posts.values() if post.link}
    for snippet in evidence.edition.snippets:
        if target(snippet.link) not in {goal, *stories}:
            yield f"snippet for {snippet.account}"
