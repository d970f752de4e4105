"""What the columns of a CSV file mean, by the names that other programs give them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.audience import csvfile
from newsletter.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_COLUMNS = 100
"""More columns than this are no list of people."""

KNOWN_AS: dict[str, tuple[str, ...]] = {
    "email": (
        *("email", "email address", "e mail", "e mail address", "mail", "adresse e mail", "e mail adresse"),
        *("courriel", "correo electronico", "correo electrónico", "correo", "address"),
    ),
    "first_name": ("first name", "firstname", "given name", "forename", "fname", "prénom", "vorname"),
    "last_name": ("last name", "lastname", "surname", "family name", "lname", "nachname", "apellidos"),
    "name": ("name", "full name", "fullname"),
    "language": ("language", "lang", "locale", "sprache", "langue", "idioma"),
    "timezone": ("timezone", "time zone", "tz"),
    "lists": ("lists", "list", "mailing lists", "mailing list"),
    "lawful_basis": ("lawful basis", "legal basis", "consent basis", "basis"),
    "consent_source": ("consent source", "signup source", "opt in source", "source"),
    "consent_date": ("consent date", "date of consent", "consent given on", "opt in date", "optin time"),
}
"""Field → the column names that mean it, compared without capitals and punctuation, the best first."""

IGNORED = "ignore"
"""``--map notes=ignore`` leaves a column out."""

_RESERVED = {*KNOWN_AS, "unsubscribe_url", "preferences_url", "view_url"}


@dataclass(frozen=True)
class Columns:
    """Where each field of a person stands in a row."""

    fields: Mapping[str, int]
    """Field of `KNOWN_AS` → position."""
    attributes: Mapping[str, int]
    """Name of a further merge value → position."""
    width: int
    """Columns of the header."""


def recognised(header: Sequence[str], mapped: Mapping[str, str]) -> int:
    """Return how many of these columns mean something."""
    known = {name for names in KNOWN_AS.values() for name in names} | {_plain(name) for name in mapped}
    return sum(_plain(name) in known for name in header)


def understand(header: Sequence[str], mapped: Mapping[str, str], *, where: str) -> Columns:
    """Return what the columns mean.

    Args:
        header: the names in the first row.
        mapped: column name → field, ``ignore``, or the name of a further merge value; wins over our guess.
        where: the file, for messages.

    Raises:
        ContentError: no address column, too many columns, or a mapped column that is not there.
    """
    if len(header) > MAX_COLUMNS:
        raise ContentError(f"{len(header)} columns; at most {MAX_COLUMNS} are read", where=where)
    names = [_plain(csvfile.unguard(name.strip())) for name in header]
    wishes = {_plain(column): field for column, field in mapped.items()}
    if missing := [column for column in mapped if _plain(column) not in names]:
        raise ContentError(f"there is no column {missing[0]!r}; there are: {_shown(header)}", where=where)
    fields = _fields(names, wishes)
    if "email" not in fields:
        message = f"no column holds addresses; the first row has: {_shown(header)}. Say --map COLUMN=email"
        raise ContentError(message, where=where)
    return Columns(fields, _attributes(names, wishes, set(fields.values())), len(header))


def _fields(names: Sequence[str], wishes: Mapping[str, str]) -> dict[str, int]:
    fields = {wish: names.index(name) for name, wish in wishes.items() if wish in KNOWN_AS}
    for field, usual in KNOWN_AS.items():
        for name in usual:
            if field not in fields and name in names and name not in wishes:
                fields[field] = names.index(name)
    return fields


def _attributes(names: Sequence[str], wishes: Mapping[str, str], taken: set[int]) -> dict[str, int]:
    attributes: dict[str, int] = {}
    for position, name in enumerate(names):
        wish = wishes.get(name, name)
        if position in taken or wish == IGNORED:
            continue
        base = word = _merge_name(wish) or f"column_{position + 1}"
        again = 2
        while word in _RESERVED or word in attributes:
            word = f"{base}_{again}"
            again += 1
        attributes[word] = position
    return attributes


def _merge_name(name: str) -> str:
    """Return a name that templates can say after ``merge.``."""
    word = re.sub(r"\W+", "_", name).strip("_")
    return f"column_{word}" if word[:1].isdigit() else word


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name.casefold()).strip()


def _shown(header: Sequence[str]) -> str:
    shown = ", ".join(repr(name.strip()[:40]) for name in header[:8])
    return f"{shown}, …" if len(header) > 8 else shown
