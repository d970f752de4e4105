"""X, through tweepy: POST /2/tweets, see https://docs.x.com/x-api/posts/create-post.

tweepy signs the requests; what its Client lacks is added here: time-outs, no
redirects, pictures through the v2 endpoints, and errors that say whether the
post may be public.
"""

from __future__ import annotations

import base64
import mimetypes
import unicodedata
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

import regex

from newsletter import http
from newsletter.errors import DeliveryError, PermanentError
from newsletter.model import Receipt
from newsletter.secret import Secret
from newsletter.social.base import WEB_ADDRESS, SocialNetwork, Standing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from newsletter.social.base import Posting

LIMIT: Final = 280
URL_LENGTH: Final = 23
API_URL: Final = "https://api.twitter.com"
"""The address tweepy signs and calls."""
_LIGHT: Final = regex.compile(r"[\u0000-\u10FF\u2000-\u200D\u2010-\u201F\u2032-\u2037]")
"""Characters that count 1; every other one counts 2."""
_DOMAIN: Final = regex.compile(
    r"(?<![\p{L}\p{N}])[\p{L}\p{N}][\p{L}\p{N}-]*+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}"
)
_GAP: Final = "\n"
"""Stands where an address was, so that what was apart does not join."""
_EMOJI: Final = regex.compile(
    r"""(?V1)
    \p{Regional_Indicator}{2}
    | [0-9#*]\uFE0F?\u20E3
    | [\p{Emoji_Modifier_Base}--[\U0001F46F\U0001F90C\U0001F91D\U0001F93C\U0001F977\U0001FA70-\U0001FAFF]]
      \p{Emoji_Modifier}
    | \p{Extended_Pictographic}\uFE0F?
    """,
    regex.VERBOSE,
)
"""Emoji that X's tables are sure to know as one; a newer or a joined one counts as its parts."""


@dataclass(frozen=True)
class X(SocialNetwork):
    """One account on X; the app needs "Read and write" and OAuth 1.0a keys of that account."""

    api_key: Secret
    """Consumer key of the app."""
    api_secret: Secret
    """Consumer secret of the app."""
    access_token: Secret
    """Access token of the account."""
    access_token_secret: Secret
    """Access token secret of the account."""
    api_url: str = API_URL
    """Address of the API; another one than X's own only for trying things out."""

    max_hashtags: ClassVar[int] = 2
    max_alt: ClassVar[int] = 1000

    @property
    def limit(self) -> int:
        """Return 280."""
        return LIMIT

    def measure(self, text: str) -> int:
        """Return the weighted length, never less than X finds it.

        Latin letters and most punctuation count 1, other characters 2, an
        emoji 2, an address 23; emoji joined to one picture count as their
        parts, a bare domain at least 23. Source: twitter-text configuration v3,
        https://docs.x.com/fundamentals/counting-characters.
        """
        text, addresses = WEB_ADDRESS.subn(_GAP, unicodedata.normalize("NFC", text))
        domains: list[str] = _DOMAIN.findall(text)
        rest = _DOMAIN.sub(_GAP, text)
        return (
            int(addresses) * URL_LENGTH
            + sum(max(URL_LENGTH, _weight(domain)) for domain in domains)
            + _weight(rest)
            - (int(addresses) + len(domains)) * _weight(_GAP)
        )

    def publish(self, posting: Posting) -> Receipt:
        """Publish one post, with at most one picture.

        Raises:
            PermanentError: also when X finds the same text on the account already.
        """
        snippet, image = posting.snippet, posting.image
        with closing(_Api(self)) as api:
            media = [api.upload(image, snippet.alt)] if image else None
            made = api.ask(
                lambda client: client.create_tweet(text=snippet.text, media_ids=media), repeatable=False
            )
        receipt = Receipt(remote_id=made, url=f"https://x.com/i/web/status/{made}")
        posting.note(receipt)
        return receipt

    def standing(self) -> Standing:
        """Return ``@name`` of the account."""
        with closing(_Api(self)) as api:
            name = api.ask(lambda client: client.get_me(user_auth=True), repeatable=True, member="username")
        return Standing(f"@{name}")


class _Api:
    """A tweepy client for one call or two."""

    def __init__(self, account: X) -> None:
        """Open it with the account's keys."""
        import tweepy
        from requests.adapters import HTTPAdapter

        http.quiet_libraries()
        keys = (account.api_key, account.api_secret, account.access_token, account.access_token_secret)
        self.secrets = tuple(key.reveal() for key in keys)
        self.where = http.place(account.api_url)
        names = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
        self.client = tweepy.Client(**dict(zip(names, self.secrets, strict=True)), return_type=dict)
        session = self.client.session
        session.trust_env = not http.is_loopback(account.api_url)
        session.max_redirects = 0
        session.mount("https://", _Guarded(HTTPAdapter(), account.api_url))

    def close(self) -> None:
        """End the connections."""
        self.client.session.close()

    def upload(self, image: Path, alt: str) -> str:
        """Upload a picture and its description; return its id."""
        try:
            content = base64.b64encode(image.read_bytes()).decode()
        except OSError as error:
            why = f"the picture cannot be read: {error.strerror}"
            raise PermanentError(why, where=str(image), code="picture") from None
        picture = {
            "media": content,
            "media_category": "tweet_image",
            "media_type": mimetypes.guess_type(image.name)[0] or "image/jpeg",
        }
        # A picture nobody posts vanishes after a day, so an upload may be repeated.
        media = self.ask(lambda client: _post(client, "/2/media/upload", picture), repeatable=True)
        if alt:
            described = {"id": media, "metadata": {"alt_text": {"text": alt}}}
            self.ask(lambda client: _post(client, "/2/media/metadata", described), repeatable=True, member="")
        return media

    def ask(self, question: Callable[[Any], Any], *, repeatable: bool, member: str = "id") -> str:
        """Ask X, and return the named member of its answer's ``data``."""
        from requests import RequestException
        from tweepy import HTTPException

        try:
            answer = question(self.client)
            return str(answer["data"][member]) if member else ""
        except HTTPException as error:
            failed = self._refusal(error, repeatable=repeatable)
        except (KeyError, TypeError):
            failed = http.unanswered(http.NOT_OURS, repeatable=repeatable, where=self.where, code="broken")
        except (RequestException, OSError, ValueError) as error:
            failed = http.lost(error, repeatable=repeatable, where=self.where)
        raise failed

    def _refusal(self, error: Any, *, repeatable: bool) -> DeliveryError:
        response = error.response
        words = http.words_of(response.content, self.secrets)
        if response.status_code == 403 and "duplicate" in words.lower():
            return PermanentError(f"HTTP 403: {words}", where=self.where, code="duplicate")
        return http.refusal(
            response.status_code, response.headers, words, repeatable=repeatable, where=self.where
        )


class _Guarded:
    """The transport that tweepy's session sends through: time-outs always, and another host for trials."""

    def __init__(self, inner: Any, api_url: str) -> None:
        self.inner = inner
        self.api_url = api_url.rstrip("/")

    def send(self, request: Any, **options: Any) -> Any:
        """Send a prepared and signed request."""
        request.url = self.api_url + request.url.removeprefix(API_URL)
        return self.inner.send(request, **{**options, "timeout": http.TIMEOUT_S})

    def close(self) -> None:
        """Close its connections."""
        self.inner.close()


def _post(client: Any, route: str, body: dict[str, Any]) -> Any:
    return client.request("POST", route, json=body, user_auth=True).json()


def _weight(text: str) -> int:
    rest, emoji = _EMOJI.subn("", text)
    light: list[str] = _LIGHT.findall(rest)
    return 2 * int(emoji) + 2 * len(rest) - len(light)
