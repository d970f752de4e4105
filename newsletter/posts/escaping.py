"""Plain text becomes Markdown that reads as the same text."""

from __future__ import annotations

import re
from urllib.parse import quote

# Marks inside a line: emphasis, code, strikethrough, links and pictures, entities, autolinks, raw HTML.
_INLINE = re.compile(
    r"[\\`*]"
    r"|(?<![^\W_])_|_(?![^\W_])"
    r"|~(?=~)|(?<=~)~"
    r"|!(?=\[)|\](?=[\[(:])"
    r"|&(?=#?[A-Za-z0-9]+;)"
    r"|<(?=[A-Za-z/!?])"
)
# Marks at the start of a line: headings, quotes, lists, rules, tables, underlines of headings.
_START = re.compile(r"^(?:#(?=#{0,5}(?:\s|$))|>|[-+](?=\s|$|-)|\|(?=.)|=(?==*\s*$))")
_NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")


def escape_words(text: str) -> str:
    """Return text for use inside a line of Markdown."""
    return _INLINE.sub(r"\\\g<0>", text)


def escape_line(text: str) -> str:
    r"""Return one line of text for use as a line of Markdown.

    >>> print(escape_line("1. of May * 2"))
    1\. of May \* 2
    """
    return guard_start(escape_words(text.strip()))


def guard_start(markdown: str) -> str:
    """Return a line of Markdown whose first characters start no block."""
    guarded = _START.sub(r"\\\g<0>", markdown.strip())
    return _NUMBERED.sub(r"\1\\\2", guarded)


def escape_address(url: str) -> str:
    """Return an address that can stand in ``[words](address)`` as it is.

    >>> escape_address("https://rivers.example/a (1).jpg")
    'https://rivers.example/a%20%281%29.jpg'
    """
    return quote(url.strip(), safe="%/:?#@!$&'*+,;=~-._").replace("[", "%5B").replace("]", "%5D")
