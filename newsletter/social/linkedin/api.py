"""The one way to call LinkedIn's versioned API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from newsletter import http
from newsletter.social.linkedin import login, refusals

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from newsletter.social.linkedin import LinkedIn


@dataclass(frozen=True)
class Api:
    """The API for one account, with the token of this moment."""

    settings: LinkedIn
    """Whose account it is."""
    token: str = field(repr=False)
    """Goes with every request."""

    @classmethod
    def open(cls, settings: LinkedIn) -> Api:
        """Find the token.

        Raises:
            ConfigError: it cannot be read.
            RefusedSenderError: there is none, or it has ended.
            TransientError: it has ended and cannot be renewed now.
        """
        return cls(settings, login.access_token(settings))

    @property
    def where(self) -> str:
        """Return the API's host, for messages."""
        return http.place(self.settings.api_url)

    @property
    def timeout_s(self) -> tuple[float, float]:
        """Return the seconds to connect and to wait for an answer."""
        return http.TIMEOUT_S[0], self.settings.timeout_s

    def call(
        self,
        method: str,
        path: str,
        *,
        repeatable: bool,
        headers: Mapping[str, str] | None = None,
        takes: Collection[int] = (),
        **request: Any,
    ) -> http.Answer:
        """Call a path once; see `newsletter.http.call`.

        Raises:
            DeliveryError: as there, told apart by `refusals`.
        """
        sent = {
            "Authorization": f"Bearer {self.token}",
            "LinkedIn-Version": self.settings.version,
            "X-Restli-Protocol-Version": "2.0.0",
            **(headers or {}),
        }
        url = self.settings.api_url.rstrip("/") + path
        answer = http.call(
            method,
            url,
            repeatable=repeatable,
            headers=sent,
            takes=range(300, 600),
            timeout_s=self.timeout_s,
            secrets=(self.token,),
            **request,
        )
        if answer.status >= 300 and answer.status not in takes:
            where = http.place(url, (self.token,))
            raise refusals.refusal(answer, repeatable=repeatable, where=where, secrets=(self.token,))
        return answer
