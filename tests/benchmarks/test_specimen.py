"""The usual loop sends the same letter as this sender."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest

from benchmarks.naive import Letters, person
from benchmarks.people import address
from benchmarks.specimen import Specimen, specimen

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path


@pytest.fixture(scope="module")
def letter() -> Specimen:
    """Return the letter of the first subscriber."""
    return specimen()


def contents(message: EmailMessage) -> dict[str, str]:
    """Return what a person sees, without the tokens of the links that are the person's own."""
    parts = {kind: message.get_body((kind,)) for kind in ("plain", "html")}
    found = {kind: "\n".join(str(part.get_content()).splitlines()) for kind, part in parts.items() if part}
    found = {kind: re.sub(r"(/[upv]/)[\w-]+", r"\1token", words) for kind, words in found.items()}
    return {"to": str(message["To"]), "subject": str(message["Subject"]), **found}


def test_it_has_the_size_that_targets_are_set_for(letter: Specimen) -> None:
    """15 KB as transmitted."""
    assert 14_500 < len(letter.message) < 16_000


def test_the_loop_makes_the_same_letter(letter: Specimen, tmp_path: Path) -> None:
    """Recipient, subject, text and HTML agree; every personal place is filled anew."""
    letter.write_templates(tmp_path)
    theirs = Letters(tmp_path).write(person(1))
    ours = message_from_bytes(letter.message, policy=policy.default)
    words = contents(theirs)

    assert words == contents(ours)
    assert words["to"].endswith(f"<{address('supporters', 1)}>")
    assert words["plain"].count(person(1)["town"]) == words["html"].count(person(1)["town"]) == 2
    other = contents(Letters(tmp_path).write(person(2)))
    assert not any(value in "".join(other.values()) for value in ("Ben Okafor", "Todmorden", "Dear Ben"))
