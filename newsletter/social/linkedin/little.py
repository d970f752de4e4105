"""LinkedIn's little text: plain words with escapes, hashtags and mentions.

See https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/little-text-format.
A reserved character without its escape silently cuts the post off.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import regex

_RESERVED: Final = regex.compile(r"[\\|{}@\[\]()<>#*_~]")
_PIECE: Final = regex.compile(
    r"""
    @\[(?P<name>[^\[\]\n]+)\]\((?P<urn>urn:li:(?:organization|person):[A-Za-z0-9_-]+)\)
    | (?i:https?://)\S+
    | (?<![\p{L}\p{M}\p{N}_&/#])\#(?=[\p{M}\p{N}_]*\p{L})(?P<tag>[\p{L}\p{M}\p{N}_]+)
    | [\\|{}@\[\]()<>#*_~]
    """,
    regex.VERBOSE,
)
_MARK: Final = re.compile(
    r"""
    \{hashtag\|\\?[#]\|(?P<tag>(?:\\.|[^\\{}|])*)\}
    | @\[(?P<name>(?:\\.|[^\\\]])*)\]\([^()\s]*\)
    | \\(?P<escaped>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SHORTENED: Final = re.compile(r"https?://lnkd\.in/[\w-]+", re.ASCII)
"""What LinkedIn may put in the place of an address."""


def written(text: str) -> str:
    r"""Return a text as LinkedIn takes it: shown as it is written, with hashtags and mentions.

    A mention is ``@[Name](urn:li:organization:1)``, with the name exactly as it is on LinkedIn.

    >>> written("Help (now) #EndSlavery @ISJ_org")
    'Help \\(now\\) {hashtag|\\#|EndSlavery} \\@ISJ\\_org'
    """
    return str(_PIECE.sub(_written, text))


def plain(commentary: str) -> str:
    r"""Return what readers see of a text that LinkedIn gives back.

    >>> plain("Help \\(now\\) {hashtag|\\#|EndSlavery} @[River Trust](urn:li:organization:1)")
    'Help (now) #EndSlavery River Trust'
    """
    return _MARK.sub(_shown, commentary)


def same(text: str, commentary: str) -> bool:
    """Return whether LinkedIn gives ``text`` back; it may have shortened addresses and trimmed spaces."""
    ours, theirs = _compared(plain(written(text))), _compared(plain(commentary))
    fixed = (re.escape(part) for part in _SHORTENED.split(theirs))
    return re.fullmatch(r"https?://\S+".join(fixed), ours) is not None


def _written(found: regex.Match[str]) -> str:
    if found["name"]:
        return f"@[{_escaped(found['name'])}]({found['urn']})"
    if found["tag"]:
        return rf"{{hashtag|\#|{_escaped(found['tag'])}}}"
    return _escaped(found[0])


def _escaped(words: str) -> str:
    return str(_RESERVED.sub(r"\\\g<0>", words))


def _shown(found: re.Match[str]) -> str:
    if found["escaped"]:
        return found["escaped"]
    tag = found["tag"]
    return plain(found["name"]) if tag is None else f"#{plain(tag)}"


def _compared(words: str) -> str:
    """Return words as they are compared: LinkedIn may trim and normalise them."""
    return unicodedata.normalize("NFC", " ".join(words.split()))
