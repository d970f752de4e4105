"""An empty ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter.storage import migrate
from newsletter.storage.database import Database, open_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Open a database with empty tables."""
    opened = open_database("sqlite:///newsletter.db", tmp_path)
    migrate.ensure(opened)
    yield opened
    opened.close()
