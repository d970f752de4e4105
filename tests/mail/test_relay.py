"""The relay as a program of its own, whose tally outlives it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from newsletter.errors import TransientError, UnknownOutcomeError
from newsletter.model import Receipt
from tests.mail.windows import MESSAGE, kinds, letter, people, send

ROOT = Path(__file__).parents[2]


def test_the_tally_has_every_letter_before_its_answer(tmp_path: Path) -> None:
    """Killed in the middle, it still knows whom it took letters for."""
    script = {"RCPT reader0@example.org": ["451 4.7.1 greylisted"], "DOT reader1@example.org": "hang up"}
    tally = tmp_path / "tally.tsv"
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.mail.relay", "--tally", tally, "--script", json.dumps(script)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with program:
        assert program.stdout is not None
        server = SimpleNamespace(port=int(program.stdout.readline()))
        named = letter("named@example.org", b"Message-ID: <1@river.example>\r\n" + MESSAGE)
        first = send(server, *people(3), named)
        second = send(server, *people(1))
        program.kill()

    assert kinds(first) == [TransientError, UnknownOutcomeError, Receipt, Receipt]
    assert kinds(second) == [Receipt]
    assert tally.read_text(encoding="utf-8").splitlines() == [
        "reader1@example.org\t",
        "reader2@example.org\t",
        "named@example.org\t<1@river.example>",
        "reader0@example.org\t",
    ]


def test_it_ends_when_it_is_told_to() -> None:
    """With the code of a program that did its work."""
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.mail.relay", "--no-pipelining"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with program:
        assert program.stdout is not None
        server = SimpleNamespace(port=int(program.stdout.readline()))
        outcomes = send(server, *people(2))
        program.send_signal(signal.SIGTERM)

    assert kinds(outcomes) == [Receipt, Receipt]
    assert program.returncode == 0
