"""LinkedIn's login: codes, tokens, renewals and what a token is good for.

Written from https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow
and https://learn.microsoft.com/en-us/linkedin/shared/authentication/token-introspection.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from werkzeug import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug import Request

TOKEN: Final = "AQX-planted-linkedin-token-31"
CLIENT_ID: Final = "86rivertrust"
CLIENT_SECRET: Final = "WPL_AP1.planted-linkedin-secret-32"
CODE: Final = "AQT-planted-linkedin-code-33"
REFRESH: Final = "AQW-planted-linkedin-refresh-34"
SCOPES: Final = frozenset({"w_organization_social", "r_organization_social", "rw_organization_admin"})
DAY_S: Final = 86_400


@dataclass
class FakeLogin:
    """One app and one person who has let it in."""

    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    """Access tokens that are good."""
    scopes: frozenset[str] = SCOPES
    """What they may do."""
    expires_at: datetime = field(default_factory=lambda: datetime.now(UTC) + timedelta(days=60))
    """When they end."""
    refreshes: bool = True
    """Whether the app gets tokens for renewals."""
    outage: Response | None = None
    """What the login answers while it is out of order."""
    redirect_url: str = ""
    """Where the code was led to; a trade must name the same address."""
    complaints: list[str] = field(default_factory=list)
    """What requests had wrong."""
    _state: str = "active"
    _given: int = 0

    def revoke(self) -> None:
        """Have no token be good any more."""
        self.tokens.clear()
        self._state = "revoked"

    def lacks(self, scope: str) -> bool:
        """Return whether the tokens are without a scope."""
        return scope not in self.scopes

    def refused(self, request: Request) -> Response | None:
        """Return the refusal of a request without a good token."""
        if request.headers.get("Authorization", "").removeprefix("Bearer ") in self.tokens:
            return None
        code = "REVOKED_ACCESS_TOKEN" if self._state == "revoked" else "INVALID_ACCESS_TOKEN"
        why = (
            "The token used in the request has been revoked"
            if self._state == "revoked"
            else "Invalid access token"
        )
        return answer(401, {"status": 401, "serviceErrorCode": 65601, "code": code, "message": why})

    def answer(self, request: Request) -> Response:
        """Answer a request to the login."""
        if self.outage is not None:
            return self.outage
        form = request.form.to_dict()
        if request.method != "POST" or form.pop("client_id", "") != CLIENT_ID:
            self.complaints.append(f"{request.method} {request.path} {sorted(form)}")
        if form.pop("client_secret", "") != CLIENT_SECRET:
            return refusal("invalid_client", "Client authentication failed", 401)
        if request.path.endswith("/introspectToken"):
            return self._introspect(form)
        return self._exchange(form)

    def _introspect(self, form: dict[str, str]) -> Response:
        if set(form) != {"token"}:
            self.complaints.append(f"introspectToken: {sorted(form)}")
        if form["token"] not in self.tokens:
            return answer(200, {"active": False, "status": self._state})
        expires_at = int(self.expires_at.timestamp())
        told = {"active": True, "status": "active", "auth_type": "3L", "client_id": CLIENT_ID}
        return answer(200, {**told, "scope": ",".join(sorted(self.scopes)), "expires_at": expires_at})

    def _exchange(self, form: dict[str, str]) -> Response:
        kind = form.get("grant_type")
        if kind == "refresh_token" and set(form) == {"grant_type", "refresh_token"}:
            if form["refresh_token"] != REFRESH or not self.refreshes:
                return refusal("invalid_request", "The provided refresh token is invalid")
        elif kind == "authorization_code" and set(form) == {"grant_type", "code", "redirect_uri"}:
            if form["code"] != CODE or form["redirect_uri"] != self.redirect_url:
                return refusal("invalid_grant", f"Unable to retrieve access token: {form['code']} not found")
        else:
            self.complaints.append(f"accessToken: {sorted(form)}")
        self._given += 1
        token = f"AQX-planted-given-{self._given}"
        self.tokens.add(token)
        told: dict[str, Any] = {"access_token": token, "expires_in": 60 * DAY_S}
        if self.refreshes:
            told |= {"refresh_token": REFRESH, "refresh_token_expires_in": 365 * DAY_S}
        return answer(200, {**told, "scope": ",".join(sorted(self.scopes))})


def answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON answer."""
    return Response(json.dumps(body), status, headers, content_type="application/json")


def refusal(error: str, why: str, status: int = 400) -> Response:
    """Return a refusal in the form of OAuth."""
    return answer(status, {"error": error, "error_description": why})
