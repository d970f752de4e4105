"""The fast HMAC is the standard library's, byte for byte."""

import hmac

from hypothesis import given
from hypothesis import strategies as st

from newsletter.audience.mac import keyed


@given(key=st.binary(max_size=200), message=st.binary(max_size=200))
def test_every_key_and_message_gives_what_hmac_gives(key: bytes, message: bytes) -> None:
    """Keys shorter and longer than a block, and a key used twice."""
    mac = keyed(key)

    assert mac(message) == mac(message) == hmac.digest(key, message, "sha256")
