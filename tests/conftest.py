"""What every test shares: golden files, and a network that ends at this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_socket import socket_allow_hosts

if TYPE_CHECKING:
    from collections.abc import Callable

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
