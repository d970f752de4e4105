"""How an account on Bluesky stands."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from newsletter.social.base import Standing
from newsletter.social.bluesky.session import claims

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from newsletter.social.bluesky.session import Session

_WHOLE_ACCOUNT: Final = "com.atproto.access"
"""Scope of a session that was opened with the account's own password."""


def standing(session: Session, server: str) -> Standing:
    """Return who the account is on ``server``, and what is left of its limits.

    Raises:
        DeliveryError: it cannot be asked now, or does not let us in.
    """
    answer = session.ask("GET", "com.atproto.server.getSession", repeatable=True, needs=("handle", "did"))
    handle = str(answer.body["handle"])
    scope = claims(session.held.access).get("scope")
    return Standing(
        f"@{handle} on {server}",
        facts=tuple(_facts(session, answer.headers, own_password=scope == _WHOLE_ACCOUNT)),
        warnings=tuple(_warnings(answer.body, handle, own_password=scope == _WHOLE_ACCOUNT)),
    )


def _facts(session: Session, headers: Mapping[str, str], *, own_password: bool) -> Iterator[str]:
    yield session.did
    yield f"logged in with {'its own password' if own_password else 'an app password'}"
    if ends_at := session.held.refresh_expires_at:
        yield f"the session lasts until {ends_at:%Y-%m-%d} and is renewed by itself"
    limit, left, reset = (headers.get(f"RateLimit-{name}", "") for name in ("Limit", "Remaining", "Reset"))
    if limit.isdecimal() and left.isdecimal() and re.fullmatch(r"\d{9,11}", reset):
        until = datetime.fromtimestamp(int(reset), UTC)
        yield f"{left} of {limit} requests are left until {until:%H:%M} UTC"


def _warnings(body: dict[str, Any], handle: str, *, own_password: bool) -> Iterator[str]:
    if body.get("active") is False:
        yield f"the account is {body.get('status') or 'not active'}; log in at bsky.app to see why"
    if handle == "handle.invalid":
        yield "the handle does not lead to the account any more; look at the DNS record of its domain"
    if own_password:
        yield "this is the account's own password; make an app password at https://bsky.app/settings/app-passwords"
