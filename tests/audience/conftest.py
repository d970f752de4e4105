"""Short ways to fill the audience's tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.audience import importing
from newsletter.audience.importing import ImportOptions, ImportResult
from newsletter.audience.person import Defaults

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.storage.database import Database

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)

ImportText = Callable[..., ImportResult]


@pytest.fixture
def now() -> datetime:
    """Return the moment everything in a test is recorded at."""
    return NOW


@pytest.fixture
def import_text(database: Database, tmp_path: Path) -> ImportText:
    """Return a function that imports a CSV file with this text, by consent, onto the list ``supporters``."""

    def run(text: str | bytes, *, at: datetime = NOW, **options: Any) -> ImportResult:
        path = tmp_path / "people.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        given = Defaults(
            options.pop("lists", ("supporters",)),
            options.pop("basis", "consent"),
            options.pop("source", "fair"),
            options.pop("given_on", ""),
        )
        with database.write() as connection:
            return importing.import_csv(connection, path, ImportOptions(given, **options), at)

    return run
