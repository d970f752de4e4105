"""Summaries that sources bring along: kept when they are whole and say something of their own."""

from __future__ import annotations

import re

from newsletter.posts.body import first_words

_CUT = re.compile(r"\s*(?:\[\s*(?:…|\.\.\.)\s*\]|…|\.\.\.)\s*$")
_QUOTES = str.maketrans("“”„«»‘’‚", '"""""\'\'\'')  # noqa: RUF001 - what they are compared as


def own_excerpt(said: str, story: str) -> str:
    """Return a source's summary, or nothing when it is cut off or repeats the start of ``story``.

    Both are plain text.

    >>> own_excerpt("A river came back […]", "Something else"), own_excerpt("How it came back.", "In May")
    ('', 'How it came back.')
    """
    return "" if is_cut(said) or repeats(said, story) else first_words(said)


def is_cut(said: str) -> bool:
    """Return whether a text ends in "[…]" or "…"."""
    return _CUT.search(said) is not None


def repeats(said: str, story: str) -> bool:
    """Return whether a text, apart from its "[…]", is how ``story`` (plain text) starts."""
    start = _comparable(_CUT.sub("", said))
    return bool(start) and _comparable(story).startswith(start)


def _comparable(text: str) -> str:
    return " ".join(text.split()).translate(_QUOTES).casefold()
