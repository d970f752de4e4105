"""Where the letters of a measurement go: ``smtp-sink`` where installed, else the bundled one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.children import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLACES: Final = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
_START_S: Final = 10.0


@dataclass
class Sink:
    """A running mail server that keeps nothing."""

    name: str
    """``smtp-sink`` or ``bundled sink``."""
    port: int
    """Where it listens on 127.0.0.1."""
    taken: int | None = None
    """Letters it took, known once the bundled one has stopped."""


def tool(name: str) -> str | None:
    """Return the path of one of postfix's programs; None where it is not installed."""
    return shutil.which(name, path=_PLACES)


@contextmanager
def open_sink(*, bundled: bool = False) -> Iterator[Sink]:
    """Run a sink in a process of its own; ``bundled`` takes ours even where there is postfix's."""
    program = None if bundled else tool("smtp-sink")
    if program:
        yield from _postfix(program)
    else:
        yield from _bundled()


def _postfix(program: str) -> Iterator[Sink]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with subprocess.Popen([program, *user, f"127.0.0.1:{port}", "100"]) as running:
        try:
            _wait_for(port, running)
            yield Sink("smtp-sink", port)
        finally:
            running.terminate()


def _bundled() -> Iterator[Sink]:
    command = [sys.executable, "-m", "benchmarks.bundled_sink"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        sink = Sink("bundled sink", int(running.stdout.readline()))
        try:
            yield sink
        finally:
            running.terminate()
            sink.taken = int(running.stdout.read() or 0)


def _wait_for(port: int, running: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + _START_S
    while running.poll() is None and time.monotonic() < give_up:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    raise SystemExit("smtp-sink does not start")
