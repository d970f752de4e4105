"""The database of a test's workspace: tests that ask for it run on both kinds."""

from __future__ import annotations

import pytest

from tests.delivery import studio


@pytest.fixture
def workspace_database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have `studio.write_config` name a fresh, empty database, and return its address."""
    monkeypatch.setenv(studio.DATABASE_URL, database_url)
    return database_url
