"""One row of an import, or what staff typed, becomes a person who can be enrolled."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from newsletter.audience import consent, lists
from newsletter.audience.addresses import Address, normalise
from newsletter.audience.csvfile import unguard
from newsletter.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter.audience.columns import Columns
    from newsletter.audience.consent import Evidence

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_NAME_MAX = 200


@dataclass(frozen=True)
class Person:
    """Somebody who is to be on lists, and why."""

    address: Address
    """The mailbox."""
    names: Mapping[str, str]
    """``first_name``, ``last_name``, ``language``, ``timezone``; only those that are known."""
    attributes: Mapping[str, str]
    """Further merge values; only those that are known."""
    lists: tuple[str, ...]
    """Names of the lists to join, at least one."""
    evidence: Evidence
    """Why we may write."""


@dataclass(frozen=True)
class Defaults:
    """What holds for every row that does not say it itself."""

    lists: tuple[str, ...] = ()
    """Lists that everybody joins, besides those of the row."""
    lawful_basis: str = ""
    """One of `newsletter.audience.consent.LAWFUL_BASES`."""
    source: str = ""
    """Where consent was given."""
    given_on: str = ""
    """When it was given."""


def person(
    email: str, fields: Mapping[str, str], attributes: Mapping[str, str], defaults: Defaults
) -> Person:
    """Return the person that these words describe.

    ``fields`` are those of `newsletter.audience.columns.KNOWN_AS`, empty or absent when unknown.

    Raises:
        ContentError: the address, list, basis, date, language or zone cannot be used; with the reason.
    """
    address = normalise(email)
    wanted = dict.fromkeys((*defaults.lists, *_lists(fields.get("lists", ""))))
    if not wanted:
        raise ContentError("no list is named")
    evidence = _evidence(
        fields.get("lawful_basis") or defaults.lawful_basis,
        fields.get("consent_source") or defaults.source,
        fields.get("consent_date") or defaults.given_on,
    )
    return Person(address, _names(fields), attributes, tuple(wanted), evidence)


def from_cells(cells: list[str], columns: Columns, defaults: Defaults) -> Person:
    """Return the person in one row.

    Raises:
        ContentError: the row cannot be used; with the reason.
    """
    if len(cells) > columns.width and any(cell.strip() for cell in cells[columns.width :]):
        message = f"{len(cells)} fields under {columns.width} columns; quote fields with a delimiter in them"
        raise ContentError(message)
    padded = cells + [""] * (columns.width - len(cells))
    fields = {field: unguard(padded[place].strip()) for field, place in columns.fields.items()}
    further = {name: unguard(padded[place].strip()) for name, place in columns.attributes.items()}
    known = {name: value for name, value in further.items() if value}
    return person(fields["email"], fields, known, defaults)


def _names(fields: Mapping[str, str]) -> dict[str, str]:
    first, last = _one_line(fields.get("first_name", "")), _one_line(fields.get("last_name", ""))
    if not first and not last:
        first, last = _split_name(_one_line(fields.get("name", "")))
    found = {
        "first_name": first,
        "last_name": last,
        "language": _language(fields.get("language", "")),
        "timezone": _zone(fields.get("timezone", "")),
    }
    return {field: value for field, value in found.items() if value}


def _one_line(name: str) -> str:
    """Return a name without line ends, which would open a header of a letter."""
    if len(name) > _NAME_MAX:
        raise ContentError(f"the name {name[:30]!r}… is longer than {_NAME_MAX} characters")
    return " ".join(name.split())


def _split_name(name: str) -> tuple[str, str]:
    """Split ``Ana Maria Silva`` at the first space and ``Silva, Ana Maria`` at the comma."""
    last, comma, first = name.partition(",")
    if comma:
        return first.strip(), last.strip()
    first, _, last = name.partition(" ")
    return first, last


# A file says the same few lists, sources and zones a million times.
@lru_cache(maxsize=256)
def _lists(cell: str) -> tuple[str, ...]:
    return lists.split(cell)


@lru_cache(maxsize=256)
def _evidence(lawful_basis: str, source: str, given_on: str) -> Evidence:
    return consent.evidence(lawful_basis, source, given_on)


@lru_cache(maxsize=256)
def _language(code: str) -> str:
    if code and not _LANGUAGE.fullmatch(code):
        raise ContentError(f"{code[:40]!r} is not a language code like 'en' or 'pt-BR'")
    return code.replace("_", "-")


@lru_cache(maxsize=256)
def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key if name else ""
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ContentError(f"{name[:40]!r} is not a time zone like 'Europe/London'") from None
