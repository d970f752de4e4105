"""Rules about the words of snippets: everybody can read them, and they are fair to whom they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import regex

from newsletter.checks import avoided
from newsletter.checks.links import BARE_WORDS
from newsletter.checks.rule import rule
from newsletter.editions import mentions
from newsletter.social.base import graphemes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.checks.evidence import Evidence

MAX_EMOJI: Final = 2
LEAST_ASK_WORDS: Final = 3
"""A call to action that is no question and shorter than this says neither what is done nor for what."""

_SHOUTED: Final = regex.compile(r"(?<![\w#@])\p{Lu}{2,}(?:[^\w\n]+\p{Lu}{2,}(?!\w)){2,}")
# Mathematical and circled letters; single circled ones are blood groups and signs.
_FANCY: Final = regex.compile("[\U0001d400-\U0001d7ff]+|[\u24b6-\u24e9\U0001f130-\U0001f189]{2,}")
_EMOJI: Final = regex.compile(r"\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3")
_HASHTAG: Final = regex.compile(r"(?<![\w&/#])#(\w+)")
_INSECURE: Final = regex.compile(r"\bhttp://\S+|(?<![\w/.@])www\.\S+", regex.IGNORECASE)
_QUESTION_MARKS: Final = "?？؟;"  # noqa: RUF001 - as East Asian, Arabic and Greek texts write them


def _posts(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Yield where a post stands and its text, post by post."""
    for snippet in evidence.edition.snippets:
        for number, text in enumerate(snippet.posts, 1):
            place = f", post {number}" if snippet.parts else ""
            yield f"snippet for {snippet.account}{place}", text


@rule(
    "S11",
    "warning",
    why="Words in capitals read as shouting, and screen readers may spell them letter by letter.",
    mend="Write them in small letters.",
    source="W3C WAI, tips for writing; the networks' advice on accessible posts",
)
def no_shouting(evidence: Evidence) -> Iterator[str]:
    """No three words in a row are all capitals."""
    for place, text in _posts(evidence):
        for found in _SHOUTED.finditer(text):
            yield f"{place}: “{found[0][:60]}”"


@rule(
    "S12",
    "warning",
    why="Screen readers say “mathematical bold capital H” for each one, or nothing; no search finds them.",
    mend="Write plain letters.",
    source="Unicode, Mathematical Alphanumeric Symbols",
)
def plain_letters(evidence: Evidence) -> Iterator[str]:
    """No letters that are signs of mathematics in disguise."""
    for place, text in _posts(evidence):
        for found in _FANCY.finditer(text):
            yield f"{place}: “{found[0][:40]}”"


@rule(
    "S13",
    "warning",
    why="Screen readers read out the name of every emoji; in a row they drown the words.",
    mend=f"Keep {MAX_EMOJI} in a row at most, at the end of a line.",
    source="the networks' advice on accessible posts",
)
def few_emoji(evidence: Evidence) -> Iterator[str]:
    """At most two emoji stand in a row."""
    for place, text in _posts(evidence):
        row: list[str] = []
        for character in [*graphemes(text), ""]:
            if _EMOJI.search(character):
                row.append(character)
            elif not character.isspace():
                if len(row) > MAX_EMOJI:
                    yield f"{place}: {''.join(row)}"
                row = []


@rule(
    "S14",
    "warning",
    why="The call to action says neither what readers can do nor for what.",
    mend="Ask a question, or say it with a verb: “Can you help us keep the last wild mile wild?”.",
    source="product rule: one clear ask",
)
def whole_ask(evidence: Evidence) -> Iterator[str]:
    """The call to action is a question, or at least a short sentence."""
    ask = evidence.edition.call_to_action
    if ask is None or not evidence.edition.snippets:
        return
    words = ask.question.strip()
    bare = words.casefold().strip(" .!:>→") in BARE_WORDS
    # Chinese and Thai write without spaces; length tells there.
    short = len(words.split()) < LEAST_ASK_WORDS and words.isascii()
    if words and not words.endswith(tuple(_QUESTION_MARKS)) and (bare or short):
        yield f"call to action: “{words}”"


@rule(
    "S15",
    "warning",
    why="Browsers warn of such a page, because anybody on the way can change it; some networks make no link.",
    mend="Write the address with https:// in front.",
    source="RFC 9110 section 4.2.2",
)
def https_only(evidence: Evidence) -> Iterator[str]:
    """Every address in a post begins with https://."""
    for place, text in _posts(evidence):
        for found in _INSECURE.finditer(text):
            yield f"{place}: {found[0][:80]}"


@rule(
    "S16",
    "warning",
    why="Screen readers read a hashtag in small letters as one strange word.",
    mend="Begin every word of it with a capital: #SafeMigration.",
    source="the networks' advice on accessible posts",
)
def readable_hashtags(evidence: Evidence) -> Iterator[str]:
    """Hashtags are in CamelCase."""
    for place, text in _posts(evidence):
        for found in _HASHTAG.finditer(text):
            letters = [letter for letter in found[1] if letter.isalpha()]
            if letters and letters[0].islower():
                yield f"{place}: {found[0]}"


@rule(
    "S18",
    "warning",
    why="These words may hurt the people they are about, or mislead readers.",
    mend="Choose other words, or change the list: templates/words/avoid.<language>.txt in the workspace.",
    source="practice of survivor-led organisations; Terminology Guidelines for the Protection of Children",
)
def fair_words(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """People are not described by what was done to them."""
    words = avoided.read(evidence.templates, evidence.edition.language)
    described = ((f"snippet for {one.account}, picture", one.alt) for one in evidence.edition.snippets)
    for place, text in (*_posts(evidence), *described):
        for said, entry in avoided.found(text, words):
            yield f"{place}: “{said}”", f"{entry.why} Say instead: {entry.instead}.".strip()


@rule(
    "S19",
    "error",
    why="It would stand there as plain text, and nobody is told; on another network it may be a stranger.",
    mend="Add a [[mention]] with this name to config.toml, or write the name without @.",
    source="product rule: one address book",
)
def known_mentions(evidence: Evidence) -> Iterator[str]:
    """Every @name is one that its network knows."""
    for snippet in evidence.edition.snippets:
        if network := evidence.networks.get(snippet.account):
            for name in mentions.unknown(snippet.text, mentions.kind_of(network), evidence.mentions):
                yield f"snippet for {snippet.account}: {name}"
