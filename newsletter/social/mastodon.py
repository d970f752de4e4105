"""Mastodon, and servers that speak its API; see https://docs.joinmastodon.org/methods/statuses/."""

from __future__ import annotations

import mimetypes
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal
from urllib.parse import quote

from newsletter import http
from newsletter.errors import DeliveryError, PermanentError, TransientError, UnknownOutcomeError
from newsletter.model import Receipt
from newsletter.secret import Secret
from newsletter.social.base import WEB_ADDRESS, SocialNetwork, Standing, graphemes

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.social.base import Posting

URL_LENGTH: Final = 23
"""What an address counts, whatever its length: ``characters_reserved_per_url`` of GET /api/v2/instance."""
_MENTION = re.compile(r"(?<![=/\w])(@[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*)@[\w.-]+\w", re.IGNORECASE)
_MEDIA_WAITS_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Pauses between the questions whether a picture is ready."""


@dataclass(frozen=True)
class Mastodon(SocialNetwork):
    """One account on any Mastodon server; its token needs ``write:statuses write:media read:accounts``."""

    server: str
    """Address of the server: ``https://social.example``."""
    token: Secret
    """Access token: Preferences → Development → Your application."""
    visibility: Literal["public", "unlisted", "private", "direct"] = "public"
    """Who sees the post."""
    max_characters: int = 500
    """Longest post the server takes; some servers allow more than 500."""

    # "stored for up to 1 hour", https://docs.joinmastodon.org/methods/statuses/#create
    honours_key_for_s: ClassVar[int] = 3600

    def __post_init__(self) -> None:
        """Refuse an address that is not one of a server."""
        local = http.is_loopback(self.server) and self.server.startswith("http://")
        if not re.fullmatch(r"https?://[^/\s?#@]+/?", self.server) or not (
            local or self.server.startswith("https://")
        ):
            raise ValueError(f"server = {self.server!r} must look like 'https://social.example'")

    @property
    def limit(self) -> int:
        """Return ``max_characters``."""
        return self.max_characters

    def measure(self, text: str) -> int:
        """Return the length as Mastodon counts: characters as readers see them.

        An http(s) address counts 23, ``@user@server`` counts as ``@user``.
        """
        short = _MENTION.sub(r"\1", WEB_ADDRESS.sub("x" * URL_LENGTH, text))
        return len(graphemes(short))

    def publish(self, posting: Posting) -> Receipt:
        """Publish; when the answer is lost, ask once more with the same Idempotency-Key.

        The server answers a key it has seen with the status it made then, so
        most lost answers are found again at once.

        Raises:
            UnknownOutcomeError: both answers were lost. The key is good for an
                hour; later only a look at the account can tell.
        """
        snippet, image = posting.snippet, posting.image
        media = [self._upload(image, snippet.alt)] if image else []
        status = {
            "status": snippet.text,
            "visibility": self.visibility,
            "language": snippet.language,
            "media_ids": media,
        }
        # The server keeps keys per account; a digest is a header whatever the key is made of.
        identity = {"Idempotency-Key": posting.identity(0)}
        try:
            made = self._post_status(status, identity)
        except UnknownOutcomeError as first:
            try:
                made = self._post_status(status, identity)
            except DeliveryError:
                raise first from None
        receipt = Receipt(remote_id=str(made["id"]), url=str(made["url"] or ""))
        posting.note(receipt)
        return receipt

    def standing(self) -> Standing:
        """Return ``@name`` and server of the token's account."""
        account = self._call("GET", "/api/v1/accounts/verify_credentials", repeatable=True, needs=("acct",))
        return Standing(f"@{account.body['acct']} on {http.place(self.server)}")

    def _post_status(self, status: dict[str, Any], identity: dict[str, str]) -> Any:
        return self._call(
            "POST",
            "/api/v1/statuses",
            repeatable=False,
            headers=identity,
            json=status,
            needs=("id", "url"),
        ).body

    def _upload(self, image: Path, alt: str) -> str:
        """Upload a picture, wait until the server has made its sizes, and return its id."""
        try:
            content = image.read_bytes()
        except OSError as error:
            why = f"the picture cannot be read: {error.strerror}"
            raise PermanentError(why, where=str(image), code="picture") from None
        kind = mimetypes.guess_type(image.name)[0] or "application/octet-stream"
        # A picture that was uploaded twice but attached once is dropped by the server.
        answer = self._call(
            "POST",
            "/api/v2/media",
            repeatable=True,
            data={"description": alt},
            files={"file": (image.name, content, kind)},
            needs=("id",),
        )
        media = str(answer.body["id"])
        for wait_s in _MEDIA_WAITS_S:
            if answer.status not in {202, 206}:
                return media
            time.sleep(wait_s)
            answer = self._call("GET", f"/api/v1/media/{quote(media, safe='')}", repeatable=True)
        if answer.status in {202, 206}:
            raise TransientError(
                "the server is still working on the picture", where=self.server, code="picture"
            )
        return media

    def _call(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **body: Any
    ) -> http.Answer:
        token = self.token.reveal()
        sent = {"Authorization": f"Bearer {token}", **(headers or {})}
        return http.call(method, self.server.rstrip("/") + path, headers=sent, secrets=(token,), **body)
