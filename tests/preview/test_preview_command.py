"""``newsletter preview`` as a program of its own."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import requests
from click.testing import CliRunner

from newsletter import workspace
from newsletter.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A fresh workspace."""
    return workspace.create(tmp_path / "ws").workspace.root


def test_it_prints_the_address_serves_and_ends_quietly(root: Path) -> None:
    """Ctrl-C is the ordinary way out: exit code 0, no traceback."""
    command = [sys.executable, "-u", "-m", "newsletter", "-C", str(root), "preview", "autumn-digest"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout
        line = program.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/autumn-digest\?token=\S+", line)
        assert found, line
        with requests.Session() as browser:
            page = browser.get(found[0], timeout=60)
        assert "Ready to send" in page.text
        program.send_signal(signal.SIGINT)
        _, complaints = program.communicate(timeout=60)

    assert program.returncode == 0
    assert complaints == ""


def test_a_taken_port_is_one_line(root: Path) -> None:
    """With the number of the port."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        result = CliRunner().invoke(main, ["-C", str(root), "preview", "--port", port])

    assert result.exit_code == 1
    assert port in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_mistyped_campaign_is_refused_before_anything_is_served(root: Path) -> None:
    """The nearest name is offered."""
    result = CliRunner().invoke(main, ["-C", str(root), "preview", "autum-digest"])

    assert result.exit_code == 2
    assert "did you mean 'autumn-digest'?" in result.stderr
