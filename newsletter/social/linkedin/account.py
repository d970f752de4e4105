"""How an account on LinkedIn stands: whose it is, what its token may do, and what ends when."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from newsletter import clock
from newsletter.errors import RefusedSenderError
from newsletter.social.base import Standing
from newsletter.social.linkedin import login
from newsletter.social.linkedin.api import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.social.linkedin import LinkedIn
    from newsletter.tokens import Tokens

NOTICE: Final = timedelta(days=60)
"""How long before a version of the API ends people hear of it."""
STEPS: Final = (1, 7, 14)
"""Days before the end of a token at which the warning changes."""


def sunset(version: str) -> datetime:
    """Return when LinkedIn ends a version of its API at the earliest, aware UTC.

    That is a year after its month, https://learn.microsoft.com/en-us/linkedin/marketing/versioning.

    >>> sunset("202610").isoformat()
    '2027-10-01T00:00:00+00:00'
    """
    return datetime(int(version[:4]) + 1, int(version[4:]), 1, tzinfo=UTC)


def standing(settings: LinkedIn) -> Standing:
    """Return how the account stands; publishes nothing.

    Raises:
        ConfigError: a secret cannot be read.
        DeliveryError: the token is refused, or LinkedIn cannot be asked now.
    """
    api = Api.open(settings)
    told, troubles = _introspected(settings, api.token)
    kept = login.kept(settings)
    who, doubts = _owner(api)
    expires_at, renews = _end(told, kept)
    scopes = _scopes(told, kept)
    return Standing(
        who,
        expires_at=expires_at,
        facts=tuple(_facts(settings, scopes, renews=renews, known=expires_at is not None)),
        warnings=(*troubles, *doubts, *_lacks(settings, scopes), *_ends(settings, expires_at)),
    )


def _introspected(settings: LinkedIn, token: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return what LinkedIn says about the token, where there is an app to ask it with."""
    if settings.client_secret is None:
        return {}, ()
    try:
        told = login.introspected(settings, token)
    except RefusedSenderError as error:
        # Publishing needs the token alone.
        return {}, (f"client_id and client_secret are not taken ({error.why}): correct them",)
    if not told["active"]:
        state = str(told.get("status") or "no token of this app")
        raise RefusedSenderError(f"the token is {state}; make a new one or log in again", code="token")
    return told, ()


def _owner(api: Api) -> tuple[str, tuple[str, ...]]:
    """Return who posts, by name where the token may read it, and what is wrong with that."""
    urn = api.settings.urn
    _, _, number = urn.rpartition(":")
    is_page = urn.startswith("urn:li:organization:")
    path, name = (f"/rest/organizations/{number}", "localizedName") if is_page else ("/v2/userinfo", "sub")
    try:
        told = api.call("GET", path, repeatable=True, needs=(name,)).body
    except RefusedSenderError as error:
        if error.code != "403":
            raise
        return urn, ()
    if is_page:
        return f"{told['localizedName']}, {urn}", ()
    owner = f"urn:li:person:{told['sub']}"
    who = f"{told.get('name') or 'somebody'}, {owner}"
    return who, () if owner == urn else (f"author is {urn}: a token cannot post for anybody else",)


def _end(told: dict[str, Any], kept: Tokens | None) -> tuple[datetime | None, bool]:
    """Return when publishing ends without a person, and whether tokens are renewed until then."""
    # Opening the API has renewed what could be renewed.
    if kept is not None and login.renews(kept) and not login.is_due(kept):
        return kept.refresh_expires_at, True
    seconds = told.get("expires_at")
    if isinstance(seconds, int) and 0 < seconds < 1e11:
        return datetime.fromtimestamp(seconds, UTC), False
    return (kept.expires_at if kept else None), False


def _scopes(told: dict[str, Any], kept: Tokens | None) -> frozenset[str]:
    """Return the scopes of the token; empty when nobody tells."""
    said = str(told.get("scope") or (kept.facts.get("scope", "") if kept else ""))
    return frozenset(filter(None, re.split(r"[,\s]+", said)))


def _facts(settings: LinkedIn, scopes: frozenset[str], *, renews: bool, known: bool) -> Iterator[str]:
    yield f"texts of {settings.limit} characters; escapes and the marks of hashtags count"
    yield f"version {settings.version} of the API, until {sunset(settings.version):%Y-%m-%d} at least"
    if scopes:
        yield f"scopes: {', '.join(sorted(scopes))}"
    if renews:
        yield "the access token is renewed by itself until then"
    elif not known:
        yield "when the token ends is told with client_id and client_secret only"
    if settings.urn.startswith("urn:li:person:"):
        yield "a person's posts can hardly be read: after a lost answer, look at the profile"


def _lacks(settings: LinkedIn, scopes: frozenset[str]) -> Iterator[str]:
    """Yield what the token may not do, when its scopes are known."""
    write = login.write_scope(settings)
    if scopes and write not in scopes:
        yield f"it cannot publish: the scope {write} is missing; log in again, or make a token with it"
    if scopes and write == "w_organization_social" and login.READ_PAGE not in scopes:
        yield f"after a lost answer nobody can tell what stands: the scope {login.READ_PAGE} is missing"


def _ends(settings: LinkedIn, expires_at: datetime | None) -> Iterator[str]:
    """Yield what ends soon, and what to do."""
    now, last = clock.now(), sunset(settings.version)
    if now >= last - NOTICE:
        when = "may be off since" if now >= last else "may be switched off from"
        yield f"version {settings.version} {when} {last:%Y-%m-%d} on: set version to a newer month"
    if expires_at is None:
        return
    left = expires_at - now
    if step := next((days for days in STEPS if left <= timedelta(days=days)), 0):
        again = "make a new one" if settings.token else f"run newsletter accounts login {settings.name}"
        span = "a day" if step == 1 else f"{step} days"
        yield f"the token ends within {span}, on {expires_at:%Y-%m-%d %H:%M} UTC: {again}"
