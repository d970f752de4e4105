"""Tokens of LinkedIn: the login of a person, and a new token before the old one ends.

See https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow and
https://learn.microsoft.com/en-us/linkedin/shared/authentication/programmatic-refresh-tokens.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from newsletter import clock, http
from newsletter import tokens as drawers
from newsletter.errors import DeliveryError, PermanentError, RefusedSenderError
from newsletter.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.social.linkedin import LinkedIn
    from newsletter.tokens import Drawer

RENEW_AHEAD: Final = timedelta(days=7)
"""How long before its end a token is renewed."""
_NOTHING_GAINED: Final = timedelta(hours=1)
READ_PAGE: Final = "r_organization_social"
"""Scope to read a page's posts; what `LinkedIn.look_up` needs."""


def write_scope(settings: LinkedIn) -> str:
    """Return the scope that the author's posts need."""
    return "w_organization_social" if settings.urn.startswith("urn:li:organization:") else "w_member_social"


def kept(settings: LinkedIn) -> Tokens | None:
    """Return the tokens of the last login; None when there was none, or config.toml has the token.

    Raises:
        ConfigError: they cannot be read.
    """
    return None if settings.token else _drawer(settings).read()


def access_token(settings: LinkedIn) -> str:
    """Return the token that goes with a request, renewed when it is about to end.

    Raises:
        ConfigError: it cannot be read.
        RefusedSenderError: there is none, or it has ended.
        TransientError: it has ended and cannot be renewed now.
    """
    if settings.token is not None:
        return settings.token.reveal()
    found, again = kept(settings), f"run newsletter accounts login {settings.name}"
    if found is None:
        raise RefusedSenderError(f"nobody has logged in; {again}", code="login")
    if renews(found) and is_due(found):
        found = _renewed(settings, found)
    if _ends_within(found.expires_at, timedelta()):
        raise RefusedSenderError(f"the login ended on {found.expires_at:%Y-%m-%d}; {again}", code="login")
    return found.access


def renews(found: Tokens) -> bool:
    """Return whether a renewal gets a token that ends later; the token for renewals has an end that stays."""
    if not found.refresh or found.expires_at is None:
        return False
    return found.refresh_expires_at is None or found.refresh_expires_at > found.expires_at + _NOTHING_GAINED


def is_due(found: Tokens) -> bool:
    """Return whether it is time to renew."""
    return _ends_within(found.expires_at, RENEW_AHEAD)


def page(settings: LinkedIn, redirect_url: str, state: str) -> str:
    """Return the address where a person lets the app in.

    Raises:
        PermanentError: there is no app, or the token in config.toml would hide the login.
    """
    if settings.token is not None:
        raise PermanentError("token in config.toml is what counts; take it out to log in", code="login")
    if settings.client_secret is None:
        why = "set client_id and client_secret to log in, or token to the token of the developer portal"
        raise PermanentError(why, code="login")
    write = write_scope(settings)
    scopes = (write, READ_PAGE) if write == "w_organization_social" else (write, "openid", "profile")
    asked = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": redirect_url,
        "state": state,
        "scope": " ".join(scopes),
    }
    return f"{settings.oauth_url.rstrip('/')}/oauth/v2/authorization?{urlencode(asked)}"


def trade(settings: LinkedIn, code: str, redirect_url: str) -> None:
    """Trade the code of the login page for tokens and keep them.

    Raises:
        DeliveryError: the code is not taken.
    """
    drawer = _drawer(settings)
    old = drawer.read()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_url}
    drawer.replace(old, _tokens(_asked(settings, "accessToken", form, needs=("access_token",))))


def introspected(settings: LinkedIn, token: str) -> dict[str, Any]:
    """Return what LinkedIn says about a token: ``active``, ``status``, ``expires_at``, ``scope``.

    See https://learn.microsoft.com/en-us/linkedin/shared/authentication/token-introspection.

    Raises:
        DeliveryError: client_id and client_secret are not taken, or it cannot be asked now.
    """
    return _asked(settings, "introspectToken", {"token": token}, needs=("active",))


def _drawer(settings: LinkedIn) -> Drawer:
    return drawers.drawer("linkedin", settings.client_id, settings.urn)


def _renewed(settings: LinkedIn, old: Tokens) -> Tokens:
    """Return new tokens, or the old ones as long as they are good when there are no new ones."""
    drawer = _drawer(settings)
    try:
        form = {"grant_type": "refresh_token", "refresh_token": old.refresh}
        body = _asked(settings, "accessToken", form, needs=("access_token",))
    except DeliveryError:
        standing = drawer.read() or old
        if _ends_within(standing.expires_at, timedelta()):
            raise
        return standing
    return drawer.replace(old, _tokens(body, old))


def _asked(settings: LinkedIn, path: str, form: dict[str, str], *, needs: Sequence[str]) -> dict[str, Any]:
    """Ask LinkedIn's login in the name of the app; doing it twice does no harm."""
    if settings.client_secret is None:
        raise RefusedSenderError("client_id and client_secret are missing", code="login")
    secret = settings.client_secret.reveal()
    hidden = (secret, *(form[name] for name in ("code", "refresh_token", "token") if name in form))
    url = f"{settings.oauth_url.rstrip('/')}/oauth/v2/{path}"
    answer = http.call(
        "POST",
        url,
        repeatable=True,
        data={"client_id": settings.client_id, "client_secret": secret, **form},
        needs=needs,
        takes=(400, 401, 403),
        timeout_s=(http.TIMEOUT_S[0], settings.timeout_s),
        secrets=hidden,
    )
    if answer.status >= 300:
        words = http.words_of(json.dumps(answer.body).encode(), hidden)
        why = f"HTTP {answer.status}: {words}" if words else f"HTTP {answer.status}"
        raise RefusedSenderError(why, where=http.place(url), code="login")
    body: dict[str, Any] = answer.body
    return body


def _tokens(body: dict[str, Any], old: Tokens | None = None) -> Tokens:
    """Return the tokens of an answer; what it leaves out of a renewal stays as it was."""
    scope = str(body.get("scope") or (old.facts.get("scope", "") if old else ""))
    return Tokens(
        access=str(body["access_token"]),
        refresh=str(body.get("refresh_token") or (old.refresh if old else "")),
        expires_at=_end(body.get("expires_in")),
        refresh_expires_at=_end(body.get("refresh_token_expires_in"))
        or (old.refresh_expires_at if old else None),
        facts={"scope": scope} if scope else {},
    )


def _end(seconds: Any) -> datetime | None:
    if not isinstance(seconds, int) or not 0 < seconds < 1e9:
        return None
    return clock.now() + timedelta(seconds=seconds)


def _ends_within(moment: datetime | None, span: timedelta) -> bool:
    return moment is not None and moment <= clock.now() + span
