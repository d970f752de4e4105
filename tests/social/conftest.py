"""Servers that more than one file of tests talks to."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.fakes.stand_bluesky import play
from tests.servers.pds import NoPdsError, Pds
from tests.social.bluesky_servers import on_the_fake, on_the_pds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_httpserver import HTTPServer

    from tests.fakes.stand_bluesky import BlueskyStand
    from tests.social.bluesky_servers import Played


@pytest.fixture(scope="session")
def pds(request: pytest.FixtureRequest) -> Iterator[Pds]:
    """Return a running PDS; without npm the test is skipped, in CI it fails."""
    try:
        server = Pds()
    except NoPdsError as error:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(str(error))
    capture = request.config.pluginmanager.getplugin("capturemanager")
    # A line that everybody sees: these tests ran against the true server.
    with capture.global_and_fixture_disabled():
        sys.stderr.write(f"\n@atproto/pds {server.version} listens at {server.url}\n")
    yield server
    server.stop()


@pytest.fixture
def bluesky(
    httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BlueskyStand]:
    """Return our fake; what is sent there is right in every test."""
    made = play(httpserver, tmp_path, monkeypatch)
    yield made
    assert made.complaints() == []


@pytest.fixture(
    params=[
        "fake",
        # The first of them may have to install the server.
        pytest.param("pds", marks=[pytest.mark.pds, pytest.mark.timeout(900)]),
    ]
)
def played(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Played]:
    """Return our fake, then the real server; the fake must have nothing to complain about."""
    if request.param == "pds":
        yield on_the_pds(request.getfixturevalue("pds"), tmp_path, monkeypatch)
        return
    stand = play(request.getfixturevalue("httpserver"), tmp_path, monkeypatch)
    yield on_the_fake(stand)
    assert stand.complaints() == []
