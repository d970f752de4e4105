"""Topics become hashtags that people and screen readers can read."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

# Marks belong to the letter before them: without them a word of Hindi would fall apart.
_WORD: Final = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*")
_APOSTROPHES: Final = str.maketrans("", "", "'\u2019\u02bc")


def hashtags(topics: Iterable[str], most: int) -> tuple[str, ...]:
    """Return at most ``most`` hashtags in CamelCase, each once, in the order given.

    Topics without a letter are left out: no network makes a hashtag of a number.
    Source: https://www.w3.org/WAI/ and the networks' own advice for screen readers.

    >>> hashtags(["safe migration", "OAS", "anti-trafficking", "2024", "Safe Migration"], 4)
    ('#SafeMigration', '#OAS', '#AntiTrafficking')
    """
    found: dict[str, str] = {}
    for topic in topics:
        words: list[str] = _WORD.findall(unicodedata.normalize("NFC", topic).translate(_APOSTROPHES))
        tag = unicodedata.normalize("NFC", "".join(word[0].title() + word[1:] for word in words))
        if any(character.isalpha() for character in tag):
            found.setdefault(tag.casefold(), f"#{tag}")
    return tuple(found.values())[: max(0, most)]
