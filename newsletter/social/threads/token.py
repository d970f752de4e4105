"""The token of an account: the one in config.toml, and those it is refreshed to before it ends.

A token lives for 60 days and can be refreshed from its second day on, see
https://developers.facebook.com/docs/threads/get-started/long-lived-tokens.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from newsletter import clock, http, tokens
from newsletter.errors import ConfigError, DeliveryError
from newsletter.tokens import Tokens

if TYPE_CHECKING:
    from newsletter.secret import Secret

REFRESH_BEFORE: Final = timedelta(days=30)
"""A token with less than this is refreshed."""
UNSAVED: Final = "unsaved"
"""Fact of a token that could not be kept, with the reason."""


def current(configured: Secret, api_url: str, timeout_s: float) -> Tokens:
    """Return the token that holds now; one that nears its end is refreshed and kept.

    Another token in config.toml starts anew. A refusal to refresh is not told:
    the token may be too young for it, and one that has ended fails by itself.

    Raises:
        ConfigError: the secret or the kept token cannot be read.
    """
    first = configured.reveal()
    drawer = tokens.drawer("threads", api_url, first)
    kept = drawer.read()
    held = kept or Tokens(first)
    if held.expires_at is not None and held.expires_at - clock.now() > REFRESH_BEFORE:
        return held
    try:
        fresh = _refreshed(held.access, api_url, timeout_s)
    except DeliveryError:
        return held
    try:
        return drawer.replace(kept, fresh)
    except ConfigError as error:
        return replace(fresh, facts={UNSAVED: str(error)})


def _refreshed(access: str, api_url: str, timeout_s: float) -> Tokens:
    """Return the next token; the service wants the last one in the address, which no message shows."""
    query = urlencode({"grant_type": "th_refresh_token", "access_token": access})
    answer = http.call(
        "GET",
        f"{api_url}/refresh_access_token?{query}",
        repeatable=True,
        needs=("access_token", "expires_in"),
        timeout_s=(http.TIMEOUT_S[0], timeout_s),
        secrets=(access,),
    )
    lives_s = answer.body["expires_in"]
    expires_at = clock.now() + timedelta(seconds=lives_s) if isinstance(lives_s, int) else None
    return Tokens(str(answer.body["access_token"]), expires_at=expires_at)
