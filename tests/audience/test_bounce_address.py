"""An undeliverable letter says which one it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.audience import signing
from newsletter.audience.bounce_address import bounce_address, read_bounce_address

KEY = bytes(range(32))
IDS = st.integers(min_value=1, max_value=2**63 - 1)


@given(delivery_id=IDS)
def test_the_address_names_its_delivery_whatever_servers_do_to_capitals(delivery_id: int) -> None:
    """It fits a local part, with the longest name before the token."""
    address = bounce_address("fifteen-letters@news.example", KEY, delivery_id)

    assert len(address.rpartition("@")[0]) <= 64
    assert address.startswith("fifteen-letters+")
    assert address.endswith("@news.example")
    for form in (address, address.upper(), f"<{address}>", f" {address}\r\n"):
        assert read_bounce_address(form, KEY) == delivery_id


@given(delivery_id=IDS)
def test_nobody_else_can_make_one(delivery_id: int) -> None:
    """A token of another purpose, key or number is no bounce address."""
    address = bounce_address("bounces@news.example", KEY, delivery_id)
    other = signing.seal(KEY, "unsubscribe", delivery_id).hex()

    assert read_bounce_address(address, bytes(32)) is None
    assert read_bounce_address(f"bounces+{other}@news.example", KEY) is None
    assert read_bounce_address(address.replace("+", "+0", 1), KEY) is None
    assert signing.read(KEY, "unsubscribe", signing.token(KEY, "bounce", delivery_id)) is None


@pytest.mark.parametrize(
    "address",
    ["", "<>", "@", "bounces@news.example", "bounces+@news.example", "bounces+zz@news.example", "é+é@é"],
)
def test_any_other_address_is_none(address: str) -> None:
    """Nothing raises."""
    assert read_bounce_address(address, KEY) is None


@given(st.text(max_size=80))
def test_any_text_is_none(text: str) -> None:
    """Whatever a mailbox may hold."""
    assert read_bounce_address(text, KEY) is None
