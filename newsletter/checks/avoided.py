"""The list of words that hurt people who are written about: ``templates/words/avoid.<language>.txt``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter import workspace
from newsletter.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Avoided:
    """Words that are better not said about people."""

    words: tuple[str, ...]
    """Their forms, in lower case."""
    instead: str
    """What to say; empty for words that may stand although they hold avoided ones."""
    why: str
    """What the words do, a sentence."""


def read(folders: Sequence[Path], language: str) -> tuple[Avoided, ...]:
    """Return the list for a language: that of the first folder that has one, else the built-in one, if any.

    Raises:
        ConfigError: lines of the file are not as it explains at its top, each with ``path:line``.
    """
    name = f"words/avoid.{language.partition('-')[0].lower()}.txt"
    builtin = workspace.starter() / "templates"
    path = next((folder / name for folder in (*folders, builtin) if (folder / name).is_file()), None)
    if path is None:
        return ()
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise ConfigError("the file cannot be read; save it as UTF-8 text", where=str(path)) from None
    entries: list[Avoided] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            if entry := _entry(line):
                entries.append(entry)
            else:
                why = "write it like: slave, slaves = enslaved person | why"
                problems.append(Problem(why, f"{path}:{number}"))
    if problems:
        raise ConfigError("", problems=problems)
    return tuple(entries)


def _entry(line: str) -> Avoided | None:
    words, equals, rest = line.partition("=")
    forms = tuple(" ".join(form.casefold().split()) for form in words.split(",") if form.strip())
    instead, _, why = rest.partition("|")
    return Avoided(forms, instead.strip(), why.strip()) if forms and equals else None


def found(text: str, avoided: Sequence[Avoided]) -> Iterator[tuple[str, Avoided]]:
    """Yield the avoided words of a text, as they stand there, with their entries; the longest that match.

    >>> slave = Avoided(("slave",), "enslaved person", "")
    >>> [words for words, _ in found("Slavery: a Slave is a person", [slave])]
    ['Slave']
    """
    entries = {form: entry for entry in avoided for form in entry.words}
    if not entries:
        return
    longest_first = sorted(entries, key=len, reverse=True)
    forms = "|".join(re.escape(form).replace(r"\ ", r"\s+") for form in longest_first)
    # What stands in an address is nobody's wording.
    for place in re.finditer(rf"https?://\S+|(?<!\w)(?:{forms})(?!\w)", text, re.IGNORECASE):
        entry = entries.get(" ".join(place[0].casefold().split()))
        if entry and entry.instead:
            yield place[0], entry
