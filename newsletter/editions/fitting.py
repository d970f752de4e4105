"""Make words shorter so that they still read well: at a sentence, else at a word."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

import regex

from newsletter.posts import sentences
from newsletter.social.base import graphemes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ELLIPSIS: Final = "…"
"""Marks a cut inside a sentence."""
# Control characters, halves of characters, and the code points that networks refuse.
_UNPRINTABLE: Final = regex.compile(r"[\p{Cc}\p{Cs}\uFEFF\uFFFE\uFFFF--\n]", regex.V1)
_LINE_END: Final = regex.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_UNCUT: Final = regex.compile(r"(?:https?://|www\.)\S+|[#@＃＠]\S+", regex.IGNORECASE)  # noqa: RUF001 - full-width signs
# Scripts written without spaces: a cut between two of their characters counts as one between words.
_UNSPACED: Final = r"(?=[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}])\X"
_WORD_END: Final = regex.compile(rf"(?<=\S)(?=\s)|{_UNSPACED}")
_WORD: Final = regex.compile(rf"{_UNSPACED}|[^\s…]+")
_LEFT_OVER: Final = " ,;:–—-([{“‘«\n/"  # noqa: RUF001 - what looks odd before an ellipsis


def clean(text: str, *, paragraphs: bool = False) -> str:
    r"""Return text that every network takes as it is: NFC, no control characters, single spaces.

    With ``paragraphs`` line ends are kept, at most one empty line in a row.

    >>> clean("Cafe\u0301  on the\tquay\x00")
    'Café on the quay'
    """
    text = _UNPRINTABLE.sub("", _LINE_END.sub("\n", text).replace("\t", " "))
    if not paragraphs:
        return unicodedata.normalize("NFC", " ".join(text.split()))
    lines = "\n".join(" ".join(line.split()) for line in text.split("\n"))
    return unicodedata.normalize("NFC", regex.sub(r"\n{3,}", "\n\n", lines).strip("\n"))


def at_sentence(text: str, fits: Callable[[str], bool]) -> str:
    """Return the longest start of ``text`` that ends with a sentence and fits; empty when none does.

    >>> at_sentence("Dr. Rao spoke. Then it rained. We stayed.", lambda cut: len(cut) < 32)
    'Dr. Rao spoke. Then it rained.'
    """
    return _longest(list(_sentence_ends(text)), lambda end: text[:end].rstrip(), fits)


def at_word(text: str, fits: Callable[[str], bool], *, least: int = 1) -> str:
    """Return the longest start of ``text`` that ends with a word and "…" and fits; empty when none does.

    The cut never falls inside a grapheme, an address, a hashtag or a mention;
    a start of fewer than ``least`` words is not worth it.

    >>> at_word("The river is clean, at last", lambda cut: len(cut) <= 20)
    'The river is clean…'
    """
    return _longest(list(_word_ends(text)), lambda end: _marked(text[:end], least), fits)


def _longest(ends: Sequence[int], cut_at: Callable[[int], str], fits: Callable[[str], bool]) -> str:
    """Return the longest cut that fits: bisect, then step down until it surely does.

    A count need not grow with every word, so the bisection alone proves nothing.
    """
    first_too_long = bisect_left(ends, 1, key=lambda end: int(not fits(cut_at(end))))
    cuts = (cut_at(end) for end in reversed(ends[:first_too_long]))
    return next((cut for cut in cuts if cut and fits(cut)), "")


def _sentence_ends(text: str) -> Iterator[int]:
    uncut = _spans(text)
    yield from (end for end in sentences.ends(text) if not _inside(end, uncut))


def _word_ends(text: str) -> Iterator[int]:
    uncut = _spans(text)
    yield from (found.end() for found in _WORD_END.finditer(text) if not _inside(found.end(), uncut))


def _spans(text: str) -> list[tuple[int, int]]:
    return [found.span() for found in _UNCUT.finditer(text)]


def _inside(place: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < place < end for start, end in spans)


def _marked(cut: str, least: int) -> str:
    """Return a cut text with its ellipsis, or nothing when that is no good."""
    cut = cut.rstrip().rstrip(_LEFT_OVER)
    if len(_WORD.findall(cut)) < least:
        return ""
    if cut.endswith((".", "!", "?", ELLIPSIS)):
        return cut
    # Some characters join with whatever follows them.
    return cut + ELLIPSIS if graphemes(cut[-8:] + ELLIPSIS)[-1] == ELLIPSIS else ""
