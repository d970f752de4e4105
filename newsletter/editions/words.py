"""The words that templates bring themselves, in the language of the letter: ``templates/words/*.toml``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter import tomlfile
from newsletter.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Words:
    """One language's words as templates see them.

    ``words.unsubscribe`` prints an entry; ``words("read", title=story.title)`` fills its braces.

    >>> Words({"read": "Read: {title}"})("read", title="The ford")
    'Read: The ford'
    """

    def __init__(self, table: Mapping[str, str]) -> None:
        self._table = table

    def __getattr__(self, name: str) -> str:
        if name.startswith("_") or name not in self._table:
            raise AttributeError(name)
        return self._table[name]

    def __call__(self, name: str, **values: object) -> str:
        """Return an entry with its braces filled."""
        if name not in self._table:
            raise ContentError(f"there are no words called {name!r}; add them to words/en.toml")
        return re.sub(r"\{(\w+)\}", lambda brace: str(values.get(brace[1], brace[0])), self._table[name])


def words(folders: Sequence[Path], language: str) -> Words:
    """Return the words of a language; what it lacks comes in English.

    Args:
        folders: folders of templates; entries in an earlier one come before those in a later one.
        language: BCP 47; ``fr-CA`` takes what it does not say itself from ``fr``.

    Raises:
        ConfigError: a table is not sound TOML, with its line.
    """
    table: dict[str, str] = {}
    for name in dict.fromkeys(("en", language.partition("-")[0].lower(), language.lower())):
        for folder in reversed(folders):
            path = folder / "words" / f"{name}.toml"
            if path.is_file():
                table |= {key: str(entry) for key, entry in tomlfile.read(path).tables.items()}
    return Words(table)
