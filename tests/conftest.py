"""What every test shares: golden files, both databases, and a network that ends at this machine."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_socket import socket_allow_hosts

from newsletter.storage import migrate
from newsletter.storage.database import Database, open_database
from tests.servers.postgres import NoPostgresError, Postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from playwright.sync_api import Browser

_GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--update-golden``."""
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="Write golden files anew; read the diff before you commit.",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Refuse every connection that leaves this machine."""
    socket_allow_hosts(["127.0.0.0/8", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str | bytes], None]:
    """Return a function that compares output with ``tests/golden/<name>``, byte for byte."""

    def compare(name: str, actual: str | bytes) -> None:
        path = _GOLDEN / name
        made = actual.encode() if isinstance(actual, str) else actual
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(made)
        assert path.is_file(), f"tests/golden/{name} is missing; write it with: pytest --update-golden"
        if isinstance(actual, str):
            # Text first: pytest shows which line differs.
            assert actual == path.read_bytes().decode()
        assert made == path.read_bytes()

    return compare


@pytest.fixture
def chromium() -> Iterator[Browser]:
    """Return a headless Chromium; without one the test is skipped, in CI it fails."""
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if program is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("needs a Chromium (Debian: apt install chromium-headless-shell)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Root has no sandbox; what is shown is our own.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Return a running PostgreSQL; without its binaries the test is skipped, in CI it fails."""
    try:
        server = Postgres()
    except NoPostgresError as error:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(str(error))
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_database(request: pytest.FixtureRequest) -> Callable[[], AbstractContextManager[str]]:
    """Return a function that yields the address of an empty database; the test runs on both kinds.

    A relative SQLite address starts at the folder it is opened for, so that
    one folder is one database; PostgreSQL's is dropped at the end.
    """
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        return server.database

    @contextmanager
    def beside_the_workspace() -> Iterator[str]:
        yield "sqlite:///newsletter.db"

    return beside_the_workspace


@pytest.fixture
def database_url(fresh_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """Return the address of an empty database for one test; the test runs on both kinds."""
    with fresh_database() as url:
        yield url


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Database]:
    """Open a database with empty tables; the test runs on both kinds."""
    opened = open_database(database_url, tmp_path)
    migrate.ensure(opened)
    yield opened
    opened.close()
