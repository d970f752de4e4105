"""Nobody but the installation can make a link that does anything."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.audience import signing

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.audience.signing import Purpose
    from newsletter.storage.database import Database

KEY = bytes(range(32))
PURPOSES: tuple[Purpose, ...] = ("unsubscribe", "preferences", "view", "bounce")
IDS = st.integers(min_value=1, max_value=2**63 - 1)


@given(delivery_id=IDS, purpose=st.sampled_from(PURPOSES))
def test_a_token_names_its_delivery_and_fits_a_url(delivery_id: int, purpose: Purpose) -> None:
    """It reads back, and needs no escaping."""
    token = signing.token(KEY, purpose, delivery_id)

    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", token)
    assert signing.read(KEY, purpose, token) == delivery_id


@pytest.mark.parametrize(
    ("purpose", "delivery_id", "sent"),
    [
        ("unsubscribe", 1, "aCuT7ljbcMXFVclCbcOc0wAAAAAAAAAB"),
        ("preferences", 41, "u_ohKfuClPq6ceBE5VHBKQAAAAAAAAAp"),
        ("view", 2**63 - 1, "XZqCr7_Q1OL2gI-ELFurvn__________"),
    ],
)
def test_links_in_letters_that_were_sent_stay_the_same(purpose: Purpose, delivery_id: int, sent: str) -> None:
    """These were written by the first version of the program."""
    assert signing.token(KEY, purpose, delivery_id) == sent
    assert signing.read(KEY, purpose, sent) == delivery_id


@given(delivery_id=IDS)
def test_a_token_works_for_no_other_purpose_and_under_no_other_key(delivery_id: int) -> None:
    """A link to look at a letter cannot unsubscribe."""
    token = signing.token(KEY, "view", delivery_id)

    assert signing.read(KEY, "unsubscribe", token) is None
    assert signing.read(KEY, "preferences", token) is None
    assert signing.read(KEY, "bounce", token) is None
    assert signing.read(bytes(32), "view", token) is None


def test_no_flipped_bit_survives() -> None:
    """Every one of the 192 bits counts."""
    token = signing.token(KEY, "unsubscribe", 41)
    raw = base64.urlsafe_b64decode(token)
    for bit in range(len(raw) * 8):
        forged = bytearray(raw)
        forged[bit // 8] ^= 1 << (bit % 8)
        assert signing.read(KEY, "unsubscribe", base64.urlsafe_b64encode(forged).decode()) is None


@given(st.text(max_size=60))
def test_anything_else_is_no_token(written: str) -> None:
    """Nothing raises, nothing is accepted."""
    assert signing.read(KEY, "unsubscribe", written) is None


@pytest.mark.parametrize("tail", ["=", "A", "\n", "%3D"])
def test_a_token_has_one_spelling(tail: str) -> None:
    """Nothing may follow it."""
    assert signing.read(KEY, "view", signing.token(KEY, "view", 1) + tail) is None


def test_the_key_is_made_once(database: Database, now: datetime) -> None:
    """Links in old letters work for ever, so the key never changes."""
    with database.read() as connection:
        assert signing.known_signing_key(connection) is None
    with database.write() as connection:
        first = signing.signing_key(connection, now)
    with database.write() as connection:
        second = signing.signing_key(connection, now)

    assert first == second
    assert len(first) == signing.KEY_BYTES
