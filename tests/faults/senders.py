"""Start senders, watch them, kill them: the trial's side of `tests.faults.sender`."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from tests.faults.sender import Order

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""
PATIENCE_S = 60.0
"""A sender that takes longer hangs, and is killed."""


class StuckError(AssertionError):
    """A sender did not come to an end."""


class Sender:
    """One forked sender."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.words = ""
        """What it said at its end."""
        self.code: int | None = None
        """Its exit code, negative for a signal; None while it lives."""
        self.ended = threading.Event()
        """Set when it is over and was waited for."""

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; one that has ended gets none."""
        if not self.ended.is_set():
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                self.ended.wait(PATIENCE_S)

    def kill(self) -> bool:
        """End it with SIGKILL; False when it had ended by itself before."""
        self.signal(signal.SIGKILL)
        return self.wait() == -signal.SIGKILL

    def wait(self) -> int:
        """Wait for its end; return its exit code.

        Raises:
            StuckError: it did not come.
        """
        if not self.ended.wait(PATIENCE_S):
            self.signal(signal.SIGKILL)
            raise StuckError(f"a sender did not end within {PATIENCE_S:.0f} s")
        assert self.code is not None
        return self.code


class Senders:
    """The parent of all senders, running while the block does."""

    def __init__(self, preloaded_library: Path | None = None) -> None:
        """``preloaded_library`` is loaded in front of the C library in every sender."""
        more = {"LD_PRELOAD": str(preloaded_library)} if preloaded_library else {}
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.sender"],
            cwd=ROOT,
            env={**os.environ, **more},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._born: queue.Queue[Sender] = queue.Queue()
        self._alive: dict[int, Sender] = {}
        self._ordering = threading.Lock()
        self._listener = threading.Thread(target=self._listen, name="senders")

    def __enter__(self) -> Self:
        self._listener.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        for sender in list(self._alive.values()):
            sender.signal(signal.SIGKILL)
        self._program.stdin.close()
        self._program.wait(PATIENCE_S)
        self._listener.join(PATIENCE_S)
        self._program.stdout.close()

    def start(self, order: Order) -> Sender:
        """Start a sender and return it at once."""
        assert self._program.stdin is not None
        with self._ordering:
            self._program.stdin.write(json.dumps(asdict(order)).encode() + b"\n")
            self._program.stdin.flush()
            return self._born.get(timeout=PATIENCE_S)

    def _listen(self) -> None:
        assert self._program.stdout is not None
        for line in self._program.stdout:
            told = json.loads(line)
            if pid := told.get("born"):
                # A fast child may have spoken before its parent.
                self._born.put(self._sender(pid))
            elif pid := told.get("said"):
                self._sender(pid).words = told["words"]
            else:
                sender = self._sender(told["ended"])
                del self._alive[sender.pid]
                sender.code = told["code"]
                sender.ended.set()

    def _sender(self, pid: int) -> Sender:
        return self._alive.setdefault(pid, Sender(pid))
