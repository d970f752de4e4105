"""Make words shorter so that they still read well: at a sentence, else at a word; find where a post ends."""

from __future__ import annotations

import itertools
import sys
import unicodedata
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

import regex

from newsletter.posts import sentences
from newsletter.social.base import graphemes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

ELLIPSIS: Final = "…"
"""Marks a cut inside a sentence."""
LEAST_WORDS: Final = 4
"""Fewer words than this before a cut inside a sentence say nothing."""
WINDOW: Final = 50_000
"""No post of a thread is longer, in code points, addresses at full length."""
# Control characters, halves of characters, and the code points that networks refuse.
_UNPRINTABLE: Final = regex.compile(r"[\p{Cc}\p{Cs}\uFEFF\uFFFE\uFFFF--\n]", regex.V1)
# Marks without a character before them would join with a space, and be torn from it by a cut.
_STRAY: Final = regex.compile(r"(?<!\S)[\p{Grapheme_Extend}\p{Mc}\p{Emoji_Modifier}\u200D]+")
_LINE_END: Final = regex.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Addresses, hashtags and mentions; the form with brackets is LinkedIn's.
_UNCUT: Final = regex.compile(
    r"(?:https?://|www\.)\S+|@\[[^\]\n]*\]\([^)\s]*\)|[#@＃＠]\S+",  # noqa: RUF001 - full-width signs
    regex.IGNORECASE,
)
# Scripts written without spaces: a cut between two of their characters counts as one between words.
_UNSPACED: Final = r"(?=[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}])\X"
_WORD_END: Final = regex.compile(rf"(?<=\S)(?=\s)|{_UNSPACED}")
_CLAUSE_END: Final = regex.compile(r"[,;:،؛][\"'”’»)\]]*(?=\s)|[、，；：]|(?<=\s)[–—](?=\s)")  # noqa: RUF001 - marks of many languages
_PARAGRAPH_END: Final = regex.compile(r"(?<=\S)(?=\n\n)")
_WORD: Final = regex.compile(rf"{_UNSPACED}|[^\s…]+")
_NOWHERE: Final = (sys.maxsize, sys.maxsize)
_LEFT_OVER: Final = " ,;:–—-([{“‘«\n/"  # noqa: RUF001 - what looks odd before an ellipsis


def clean(text: str, *, paragraphs: bool = False) -> str:
    r"""Return text that every network takes as it is: NFC, no control characters, single spaces.

    With ``paragraphs`` line ends are kept, at most one empty line in a row.

    >>> clean("Cafe\u0301  on the\tquay\x00")
    'Café on the quay'
    """
    text = _STRAY.sub("", _UNPRINTABLE.sub("", _LINE_END.sub("\n", text).replace("\t", " ")))
    if not paragraphs:
        return unicodedata.normalize("NFC", " ".join(text.split()))
    lines = "\n".join(" ".join(line.split()) for line in text.split("\n"))
    return unicodedata.normalize("NFC", regex.sub(r"\n{3,}", "\n\n", lines).strip("\n"))


def at_sentence(text: str, fits: Callable[[str], bool]) -> str:
    """Return the longest start of ``text`` that ends with a sentence and fits; empty when none does.

    >>> at_sentence("Dr. Rao spoke. Then it rained. We stayed.", lambda cut: len(cut) < 32)
    'Dr. Rao spoke. Then it rained.'
    """
    return _longest(_sentence_ends(text), lambda end: text[:end].rstrip(), fits)[0]


def at_word(text: str, fits: Callable[[str], bool], *, least: int = 1) -> str:
    """Return the longest start of ``text`` that ends with a word and "…" and fits; empty when none does.

    The cut never falls inside a grapheme, an address, a hashtag or a mention;
    a start of fewer than ``least`` words is not worth it.

    >>> at_word("The river is clean, at last", lambda cut: len(cut) <= 20)
    'The river is clean…'
    """
    return _longest(_word_ends(text), lambda end: _marked(text[:end], least), fits)[0]


def start(text: str, fits: Callable[[str], bool], *, unbroken: bool = False) -> tuple[str, int]:
    """Return the first post of a long text, and how much of the text it took; empty and 0 when nothing fits.

    It ends with a paragraph, else a sentence, a clause, a word, a grapheme; behind
    a word that ends no clause comes "…". Words, addresses, hashtags and mentions
    stay whole, but for a word that is longer than a post. ``unbroken``: rather
    nothing than part of a clause.

    >>> start("It rained. We stayed, all of us, to the end.", lambda post: len(post) < 24)
    ('It rained.', 10)
    """
    seen = text[:WINDOW]

    def plain(end: int) -> str:
        return seen[:end].rstrip()

    def broken_off(end: int) -> str:
        cut = plain(end)
        whole = end == len(text)
        return cut if whole else cut + ELLIPSIS if cut and _stays_apart(cut) else ""

    def clauses(end: int) -> str:
        cut = plain(end)
        return cut if end == len(text) or len(_WORD.findall(cut)) >= LEAST_WORDS else ""

    ways = [(_paragraph_ends, plain), (_sentence_ends, plain), (_clause_ends, clauses)]
    for ends, cut_at in ways if unbroken else [*ways, (_word_ends, broken_off), (_grapheme_ends, broken_off)]:
        # Behind the window the text goes on, so its end is not one.
        inner = (end for end in ends(seen) if end < len(seen))
        cut, end = _longest(itertools.chain(inner, [len(text)] * (seen == text)), cut_at, fits)
        if cut:
            return cut, end
    return "", 0


def _longest(
    ends: Iterable[int], cut_at: Callable[[int], str], fits: Callable[[str], bool]
) -> tuple[str, int]:
    """Return the longest cut that fits, and its end: gallop, bisect, then step down until it surely does.

    A count need not grow with every word, so the bisection alone proves nothing.
    """
    reached: list[int] = []
    for end in ends:
        reached.append(end)
        # Of a whole book only the first pages are measured.
        if len(reached).bit_count() == 1 and not fits(cut_at(end)):
            break
    first_too_long = bisect_left(reached, 1, key=lambda end: int(not fits(cut_at(end))))
    cuts = ((cut_at(end), end) for end in reversed(reached[:first_too_long]))
    return next(((cut, end) for cut, end in cuts if cut and fits(cut)), ("", 0))


def _paragraph_ends(text: str) -> Iterator[int]:
    yield from (found.end() for found in _PARAGRAPH_END.finditer(text))


def _sentence_ends(text: str) -> Iterator[int]:
    return _outside(sentences.ends(text), _spans(text))


def _clause_ends(text: str) -> Iterator[int]:
    return _outside((found.end() for found in _CLAUSE_END.finditer(text)), _spans(text))


def _word_ends(text: str) -> Iterator[int]:
    return _outside((found.end() for found in _WORD_END.finditer(text)), _spans(text))


def _grapheme_ends(text: str) -> Iterator[int]:
    return _outside(itertools.accumulate(map(len, graphemes(text))), _spans(text))


def _outside(ends: Iterable[int], spans: Sequence[tuple[int, int]]) -> Iterator[int]:
    """Yield the ends that are not inside of anything that stays whole; both in their order."""
    waiting = iter(spans)
    start, end = next(waiting, _NOWHERE)
    for place in ends:
        while end <= place:
            start, end = next(waiting, _NOWHERE)
        if not start < place:
            yield place


def _spans(text: str) -> list[tuple[int, int]]:
    return [found.span() for found in _UNCUT.finditer(text)]


def _marked(cut: str, least: int) -> str:
    """Return a cut text with its ellipsis, or nothing when that is no good."""
    cut = cut.rstrip().rstrip(_LEFT_OVER)
    if len(_WORD.findall(cut)) < least:
        return ""
    if cut.endswith((".", "!", "?", ELLIPSIS)):
        return cut
    return cut + ELLIPSIS if _stays_apart(cut) else ""


def _stays_apart(cut: str) -> bool:
    """Return whether an ellipsis can follow: some characters join with whatever comes behind them."""
    return graphemes(cut[-8:] + ELLIPSIS)[-1] == ELLIPSIS
