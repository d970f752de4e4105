"""What differs from one recipient of the measured letter to the next."""

from __future__ import annotations

from typing import Final

FIRST_NAMES: Final = ("Wilhelmina", "Ben", "Zoë", "Łukasz")
"""Everybody has one of these; half of them cannot be written in ASCII."""
LAST_NAME: Final = "Okafor"
"""Everybody's."""
TOWNS: Final = ("Llanfair-on-Avel", "Todmorden", "Zürich", "Kraków")
"""A column of the import that is merged into the letter."""


def address(name: str, number: int | str) -> str:
    """Return the address of somebody on a list."""
    return f"{name}-{number}@example.org"
