"""One session for many calls: kept on disk, renewed when it has ended, made anew when it cannot be.

A server makes 300 sessions a day and no more:
https://docs.bsky.app/docs/advanced-guides/rate-limits.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from newsletter import clock, http, tokens
from newsletter.errors import PermanentError, RefusedSenderError
from newsletter.social.bluesky import verdicts
from newsletter.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from newsletter.secret import Secret

MARGIN: Final = timedelta(minutes=2)
"""A session that ends sooner is renewed first."""
_MADE: Final = ("accessJwt", "refreshJwt", "did")


@dataclass(frozen=True)
class Login:
    """Who logs in, and where."""

    server: str
    """The server that knows the password."""
    handle: str
    """Name of the account."""
    password: Secret
    """An app password."""
    timeout_s: float
    """How long to wait for an answer."""


class Session:
    """The calls of one account."""

    def __init__(self, login: Login) -> None:
        """Ask nothing yet.

        Raises:
            ConfigError: the tokens on disk cannot be read.
        """
        self._login = login
        self._server = login.server.rstrip("/")
        self._drawer = tokens.drawer("bluesky", self._server, login.handle)
        self._tokens = self._drawer.read()

    @property
    def did(self) -> str:
        """Return who the account is, whatever its handle."""
        return self._open().facts.get("did", "")

    @property
    def home(self) -> str:
        """Return the address of the account's own server, which need not be the one to log in at."""
        return self._open().facts.get("home", "") or self._server

    @property
    def held(self) -> Tokens:
        """Return the tokens; they have not ended."""
        held = self._open()
        if held.expires_at is not None and held.expires_at - clock.now() < MARGIN:
            held = self._renew(held)
        return held

    def ask(
        self,
        verb: str,
        method: str,
        *,
        repeatable: bool,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> http.Answer:
        """Call a method of the account's own server, once more when the session had ended.

        Args:
            verb: ``GET`` or ``POST``.
            method: ``com.atproto.repo.putRecord``.
            repeatable: as in `http.call`.
            headers: further headers.
            more: ``json``, ``data`` or ``needs`` of `http.call`.

        Raises:
            DeliveryError: as `verdicts.check`.
        """
        held = self.held
        parts = {"repeatable": repeatable, **more}
        answer = self._call(self.home, verb, method, held.access, headers, **parts)
        if verdicts.ended(answer):
            held = self._renew(held)
            answer = self._call(self.home, verb, method, held.access, headers, **parts)
        return self._checked(answer, self.home, method, repeatable=repeatable)

    def find(self, method: str, query: Mapping[str, str], *, needs: Sequence[str]) -> http.Answer | None:
        """Return what everybody may read, or None when there is no such record.

        Raises:
            DeliveryError: the server cannot be asked now.
        """
        named = f"{method}?{urlencode(query)}"
        answer = self._call(self.home, "GET", named, "", repeatable=True, needs=needs)
        try:
            return self._checked(answer, self.home, method, repeatable=True)
        except PermanentError as error:
            # Older servers have no name for it.
            if error.code == verdicts.MISSING or "Could not locate record" in error.why:
                return None
            raise

    def _open(self) -> Tokens:
        if self._tokens is None:
            self._tokens = self._log_in(None)
        return self._tokens

    def _log_in(self, old: Tokens | None) -> Tokens:
        """Make a new session, in place of one that cannot be renewed."""
        method = "com.atproto.server.createSession"
        who = {"identifier": self._login.handle, "password": self._login.password.reveal()}
        # To be let in twice does no harm.
        answer = self._call(self._server, "POST", method, "", repeatable=True, json=who, needs=_MADE)
        answer = self._checked(answer, self._server, method, repeatable=True)
        return self._drawer.replace(old, _made(answer.body, self._server))

    def _renew(self, held: Tokens) -> Tokens:
        """Return the session that follows one, which another program of ours may have got already."""
        standing = self._drawer.read()
        if standing is None or standing == held:
            standing = self._refreshed(held)
        self._tokens = standing
        return standing

    def _refreshed(self, held: Tokens) -> Tokens:
        method = "com.atproto.server.refreshSession"
        answer = self._call(self._server, "POST", method, held.refresh, repeatable=True, needs=_MADE)
        try:
            answer = self._checked(answer, self._server, method, repeatable=True)
        except RefusedSenderError:
            # An app password that was replaced ends its sessions; the new one makes another.
            return self._log_in(held)
        return self._drawer.replace(held, _made(answer.body, self.home))

    def _call(
        self,
        address: str,
        verb: str,
        named: str,
        bearer: str,
        headers: Mapping[str, str] | None = None,
        **parts: Any,
    ) -> http.Answer:
        return http.call(
            verb,
            f"{address}/xrpc/{named}",
            headers={**({"Authorization": f"Bearer {bearer}"} if bearer else {}), **(headers or {})},
            takes=range(300, 600),
            timeout_s=(http.TIMEOUT_S[0], self._login.timeout_s),
            secrets=self._secrets(),
            **parts,
        )

    def _checked(self, answer: http.Answer, address: str, method: str, *, repeatable: bool) -> http.Answer:
        where = f"{http.place(address)}/xrpc/{method}"
        verdicts.check(answer, where=where, repeatable=repeatable, secrets=self._secrets())
        return answer

    def _secrets(self) -> tuple[str, ...]:
        held = self._tokens
        return (self._login.password.reveal(), *((held.access, held.refresh) if held else ()))


def claims(token: str) -> dict[str, Any]:
    """Return what a token says of itself, unverified; nothing when it is no JWT (RFC 7519)."""
    try:
        middle = token.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (ValueError, IndexError):
        return {}
    return said if isinstance(said, dict) else {}


def _made(body: dict[str, Any], home: str) -> Tokens:
    """Return the tokens of a session, and where its account lives."""
    access, refresh = str(body["accessJwt"]), str(body["refreshJwt"])
    facts = {"did": str(body["did"]), "home": _home(body.get("didDoc")) or home}
    return Tokens(access, refresh, _ends(access), _ends(refresh), facts)


def _ends(token: str) -> datetime | None:
    seconds = claims(token).get("exp")
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) and 0 < seconds < 1e11 else None


def _home(document: Any) -> str:
    """Return the server that a DID document names, when tokens may be sent there; else nothing.

    See https://atproto.com/specs/did#did-documents.
    """
    services = document.get("service") if isinstance(document, dict) else None
    for service in services if isinstance(services, list) else ():
        if isinstance(service, dict) and str(service.get("id", "")).endswith("#atproto_pds"):
            address = str(service.get("serviceEndpoint", "")).rstrip("/")
            try:
                http.check_address(address)
            except ValueError:
                return ""
            return address
    return ""
