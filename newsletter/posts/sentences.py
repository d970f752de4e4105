"""Where sentences end, in the punctuation of many languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

# A mark that ends a sentence before a new one begins, an East Asian stop, or the end of a line.
_END: Final = regex.compile(
    r"[.!?…]+[\"'”’»)\]]*(?=\s+[\"'“‘«(\[¿¡]*[^\W_\p{Ll}]|\s*$)|[。！？]+[」』”’）]*|(?<=\S)(?=\n)"  # noqa: RUF001 - stops and quotes of many languages
)
_ABBREVIATION: Final = regex.compile(
    r"\b(?:Mr|Mrs|Ms|Mx|Dr|Prof|Rev|Hon|Sen|Rep|Gov|Gen|St|Sr|Jr|No|vs|etc|approx|Inc|Ltd|Co"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|e\.g|i\.e|\p{Lu})\.$"
)


def ends(text: str) -> Iterator[int]:
    """Yield the places behind the sentences of a text, line ends and the end of the text included.

    >>> list(ends("Dr. Rao spoke. Then it rained."))
    [14, 30]
    """
    for found in _END.finditer(text):
        if not _ABBREVIATION.search(text, max(0, found.end() - 12), found.end()):
            yield found.end()
