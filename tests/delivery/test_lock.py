"""One running scheduler per workspace."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.delivery import lock
from newsletter.errors import NewsletterError

NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)


def test_a_second_holder_is_told_who_the_first_is(tmp_path: Path) -> None:
    """With its process and since when."""
    path = tmp_path / ".newsletter.lock"

    with (
        lock.hold(path, now=NOW),
        pytest.raises(NewsletterError) as caught,
        lock.hold(path, now=NOW),
    ):
        pass

    said = f"already active here (pid {os.getpid()} since 2026-11-23 18:00 UTC)"
    assert said in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_the_next_one_may_hold_it_when_the_block_ends(tmp_path: Path) -> None:
    """Also when it ends with an error; the file then names the new holder alone."""
    path = tmp_path / ".newsletter.lock"
    with pytest.raises(RuntimeError), lock.hold(path, now=NOW):
        raise RuntimeError

    with lock.hold(path, now=NOW.replace(year=2027)):
        assert path.read_text() == f"pid {os.getpid()} since 2027-11-23 18:00 UTC\n"


@pytest.mark.skipif(sys.platform == "win32", reason="kills with SIGKILL")
def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    """No file has to be removed by hand after a crash."""
    path = tmp_path / ".newsletter.lock"
    program = (
        "import sys, pathlib; from newsletter import clock; from newsletter.delivery import lock\n"
        "with lock.hold(pathlib.Path(sys.argv[1]), now=clock.now()):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(NewsletterError, match=f"pid {holder.pid} since"), lock.hold(path, now=NOW):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()

        with lock.hold(path, now=NOW):
            assert str(os.getpid()) in path.read_text()
