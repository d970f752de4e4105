"""`newsletter run`, as the program it is: started, asked to stop, started twice, killed."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from aiosmtpd.controller import Controller
from click.testing import CliRunner, Result

from newsletter import workspace
from newsletter.app import open_app
from newsletter.cli.demo import _use_catcher
from newsletter.cli.main import main
from newsletter.delivery import schedule
from newsletter.when import When

CAMPAIGN = "autumn-digest"
PATIENCE_S = 60
"""How long a test waits for what must come."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A fresh workspace with an audience of 25."""
    root = workspace.create(tmp_path / "ws").workspace.root
    people = root / "campaigns" / CAMPAIGN / "subscribers.csv"
    assert newsletter(root, "audience", "import", str(people), "--list", "supporters").exit_code == 0
    return root


def newsletter(root: Path, *words: str) -> Result:
    """Run a command inside this process."""
    return CliRunner().invoke(main, ["-C", str(root), *words])


class Running:
    """A `newsletter run` of its own process."""

    def __init__(self, started: subprocess.Popen[str]) -> None:
        self.started = started
        self.lines: list[str] = []

    def until(self, words: str) -> str:
        """Read lines until one has these words; return it."""
        assert self.started.stdout is not None
        for line in self.started.stdout:
            self.lines.append(line)
            if words in line:
                return line
        pytest.fail(f"it ended without saying {words!r}: {''.join(self.lines)}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop; return its exit code."""
        self.started.send_signal(number)
        output, _ = self.started.communicate(timeout=PATIENCE_S)
        self.lines += output.splitlines(keepends=True)
        return self.started.returncode


@contextmanager
def running(root: Path, *words: str) -> Iterator[Running]:
    """Start the program; what still runs at the end of the block is killed."""
    command = [sys.executable, "-m", "newsletter", "-C", str(root), "run", "--port", "0", *words]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as started:
        killer = threading.Timer(PATIENCE_S, started.kill)
        killer.start()
        try:
            yield Running(started)
        finally:
            killer.cancel()
            if started.poll() is None:
                started.kill()


def plan_due(root: Path, *, ago: timedelta = timedelta(seconds=5)) -> None:
    """Plan the campaign for a moment that has passed meanwhile."""
    # Rows hold whole minutes; the one that has just begun is due.
    wall = (datetime.now(UTC) - ago).replace(second=0, microsecond=0, tzinfo=None)
    app = open_app(root)
    with closing(app.database), app.database.write() as connection:
        schedule.add(connection, CAMPAIGN, When(wall, UTC), None, now=datetime.now(UTC))


def rows(root: Path, query: str) -> list[Any]:
    """Read the ledger with another program."""
    with closing(sqlite3.connect(root / "newsletter.db")) as connection:
        return connection.execute(query).fetchall()


def states(root: Path) -> dict[str, int]:
    """Return how many deliveries are in each state."""
    return dict(rows(root, "SELECT state, count(*) FROM delivery GROUP BY state"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_what_it_does_serves_pages_and_stops_when_asked(root: Path, number: int) -> None:
    """SIGTERM from a service manager, Ctrl-C from a person: exit code 0, no traceback."""
    newsletter(root, "schedule", CAMPAIGN, "--at", "tomorrow 9am")
    with running(root) as program:
        following = program.until("next: ")
        address = re.search(r"http://127\.0\.0\.1:\d+", program.until("public pages"))
        assert address
        assert requests.get(f"{address[0]}/u/no-such-token", timeout=PATIENCE_S).status_code == 404
        code = program.stop(number)

    assert f"{CAMPAIGN} on " in following
    assert "09:00 Europe/London" in following
    assert code == 0, program.lines
    assert "stopping" in program.lines[-1]
    assert "Traceback" not in "".join(program.lines)


def test_a_second_one_on_the_same_workspace_refuses_to_start(root: Path) -> None:
    """With the first one's process, also when it is asked to run once; afterwards it may."""
    with running(root) as program:
        program.until("public pages")
        second, once = newsletter(root, "run", "--port", "0"), newsletter(root, "run", "--once")
        first = program.started.pid
        assert program.stop() == 0

    for refused in (second, once):
        assert refused.exit_code == 1
        assert f"newsletter run is already active here (pid {first} since " in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
    assert newsletter(root, "run", "--once").exit_code == 0


def test_what_became_due_while_nothing_ran_is_sent_once(root: Path) -> None:
    """The occurrence is begun, the audience gets it, and a restart sends nothing more."""
    plan_due(root)
    with running(root) as program:
        program.until("26 sent")
        assert program.stop() == 0
    sent = sorted((root / "out" / "sent").rglob("*.eml"))
    before = [path.stat().st_mtime_ns for path in sent]

    again = newsletter(root, "run", "--once")

    assert again.exit_code == 0
    assert again.output == ""
    assert states(root) == {"sent": 26}
    assert rows(root, "SELECT state, why FROM occurrence") == [("done", "")]
    assert len(sent) == 25
    assert [path.stat().st_mtime_ns for path in sorted((root / "out" / "sent").rglob("*.eml"))] == before


def test_killed_between_build_and_send_it_goes_on_where_it_was(root: Path) -> None:
    """The restarted program finds the frozen edition and sends it."""
    plan_due(root)
    with running(root) as program:
        program.until(f"{CAMPAIGN}, due")
        program.started.send_signal(signal.SIGKILL)
        program.started.communicate()

    newsletter(root, "run", "--once")

    counts = states(root)
    assert sum(counts.values()) == 26
    assert counts.keys() <= {"sent", "unknown"}
    assert counts.get("unknown", 0) <= 11, "one window of letters and one snippet"


def test_asked_to_stop_it_finishes_the_window_on_the_wire(root: Path) -> None:
    """Letters handed over are settled, the others wait; nothing is in doubt."""
    on_wire, go_on = threading.Event(), threading.Event()

    class SlowServer:
        """Take letters when told to."""

        async def handle_DATA(self, *_: object) -> str:  # noqa: N802 - aiosmtpd's name
            """Wait for the test, then accept."""
            import asyncio

            on_wire.set()
            await asyncio.get_running_loop().run_in_executor(None, go_on.wait, PATIENCE_S)
            return "250 2.0.0 taken"

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    server = Controller(SlowServer(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        _use_catcher(root / "config.toml", port)
        plan_due(root)
        with running(root) as program:
            assert on_wire.wait(PATIENCE_S)
            program.started.send_signal(signal.SIGTERM)
            program.until("stopping")
            go_on.set()
            program.started.communicate(timeout=PATIENCE_S)
    finally:
        go_on.set()
        server.stop()

    counts = states(root)
    assert program.started.returncode == 0
    assert sum(counts.values()) == 26
    assert counts.keys() == {"sent", "pending"}
    assert counts["pending"] >= 10
    assert rows(root, "SELECT state FROM edition") == [("sending",)]


def test_once_sends_what_is_due_and_ends(root: Path) -> None:
    """For cron; nothing due is well, too, and says nothing."""
    idle = newsletter(root, "run", "--once")
    plan_due(root)

    busy = newsletter(root, "run", "--once")

    assert (idle.exit_code, idle.output) == (0, "")
    assert busy.exit_code == 0, busy.output
    assert "26 sent" in busy.output
    assert states(root) == {"sent": 26}


def test_once_says_with_its_exit_code_that_something_could_not_leave(root: Path) -> None:
    """A relay that is down, a campaign that is broken, a time that was missed: 4."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    _use_catcher(root / "config.toml", port)
    plan_due(root)
    relay_down = newsletter(root, "run", "--once")
    plan_due(root, ago=timedelta(hours=7))
    missed = newsletter(root, "run", "--once")

    assert relay_down.exit_code == 4
    assert f"127.0.0.1:{port}" in relay_down.output
    assert sum(states(root).values()) == 26
    assert missed.exit_code == 4
    assert "missed: " in missed.output
    assert "Traceback" not in relay_down.output + missed.output


def test_a_taken_port_is_one_line(root: Path) -> None:
    """And the lock is free again."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        result = newsletter(root, "run", "--port", port)

    assert result.exit_code == 1
    assert f"127.0.0.1:{port}" in result.stderr
    assert "--port" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert newsletter(root, "run", "--once").exit_code == 0


def test_a_mistake_in_the_settings_shows_before_anything_starts(root: Path) -> None:
    """Channels are checked too, though nothing is due."""
    config = root / "config.toml"
    config.write_text(config.read_text().replace('type = "folder"', 'type = "foldr"', 1))

    result = newsletter(root, "run", "--port", "0")

    assert result.exit_code == 2
    assert "did you mean 'folder'?" in result.stderr
    assert not (root / ".newsletter.lock").exists()
