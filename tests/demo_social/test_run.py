"""``make demo-social``: every network shows the post once, although the program was killed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.postings import stands


@pytest.mark.pds
@pytest.mark.timeout(900)  # it may have to install the PDS
def test_the_demonstration_succeeds(tmp_path: Path) -> None:
    """On the real Bluesky server; where that is missing it says so, in CI it fails."""
    command = [sys.executable, "-m", "tests.demo_social.run", str(tmp_path)]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, check=False, env=dict(os.environ)
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert re.search(r"^@atproto/pds \S+ listens at|^The real Bluesky server is missing: ", done.stdout)
    assert "\nkilled by signal 9 while the answers were awaited of " in done.stdout
    assert "\nEvery network shows the post exactly once." in done.stdout
    receipts = done.stdout.partition("Receipts ")[2]
    for kind in stands():
        assert re.search(rf"^  {kind} +1 post: ", done.stdout, re.MULTILINE), kind
        # Nobody can ask Telegram, and so nobody has an address.
        assert (re.search(rf"^  {kind} +\S+ +\$\S+ +https?://", receipts, re.MULTILINE) is None) == (
            kind == "telegram"
        )
