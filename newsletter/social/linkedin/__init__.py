"""LinkedIn: posts of an organisation's page or of a person.

See https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import quote, unquote

from newsletter import http
from newsletter.secret import Secret
from newsletter.social.base import SocialNetwork
from newsletter.social.linkedin import account, little, login, pictures, timeline
from newsletter.social.linkedin.api import Api
from newsletter.social.linkedin.refusals import AlreadyThereError

if TYPE_CHECKING:
    from newsletter.model import Card, Receipt
    from newsletter.social.base import Posting, Sighting, Standing

LIMIT: Final = 3000
"""Longest text as it is sent, escapes included; LinkedIn tells it in the errors of longer ones."""
TITLE: Final = 400
DESCRIPTION: Final = 4086
"""Longest title and description of a card, in characters."""
_AUTHOR: Final = re.compile(r"urn:li:(organization:\d+|person:[\w-]+)", re.ASCII)
_VERSION: Final = re.compile(r"20\d\d(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True)
class LinkedIn(SocialNetwork):
    """One page, or one person's profile, on LinkedIn."""

    author: str
    """Who posts: a page, ``urn:li:organization:123`` or its number alone, or ``urn:li:person:abc``."""
    token: Secret | None = None
    """Access token from LinkedIn's token generator; without it, log in with ``newsletter accounts login``."""
    client_id: str = ""
    """Client ID of the app, for the login and to ask when a token ends."""
    client_secret: Secret | None = None
    """Client secret of the app."""
    version: str = "202610"
    """Month of the API that is spoken, ``YYYYMM``; LinkedIn switches each one off after a year."""
    api_url: str = "https://api.linkedin.com"
    """Address of the API; another one than LinkedIn's own only for trying things out."""
    oauth_url: str = "https://www.linkedin.com"
    """Where people log in; another one than LinkedIn's own only for trying things out."""
    timeout_s: float = 30
    """How long to wait for an answer; whether the post stands is unknown afterwards."""

    max_alt: ClassVar[int] = 4086
    makes_cards: ClassVar[bool] = True
    fold: ClassVar[int] = 210

    def __post_init__(self) -> None:
        """Refuse settings that cannot work."""
        http.check_address(self.api_url)
        http.check_address(self.oauth_url)
        if not _AUTHOR.fullmatch(self.urn):
            raise ValueError(
                f"author = {self.author!r} must look like 'urn:li:organization:123' or 'urn:li:person:abc'"
            )
        if not _VERSION.fullmatch(self.version):
            raise ValueError(f"version = {self.version!r} must be a year and a month: '202610'")
        if bool(self.client_id) != (self.client_secret is not None):
            raise ValueError("client_id and client_secret belong together")
        if self.timeout_s <= 0:
            raise ValueError("timeout_s must be more than 0")

    @property
    def urn(self) -> str:
        """Return the author as LinkedIn names it."""
        return f"urn:li:organization:{self.author}" if self.author.isdecimal() else self.author

    @property
    def limit(self) -> int:
        """Return 3000, in the counting of `measure`."""
        return LIMIT

    def measure(self, text: str) -> int:
        """Return the length as it is sent, escapes included, in UTF-16 units: nothing counts more."""
        return len(little.written(text).encode("utf-16-le", "surrogatepass")) // 2

    def publish(self, posting: Posting) -> Receipt:
        """Publish the text with its picture, or else with its card.

        LinkedIn refuses words that stand already and names that post; it is ours when it is read there
        with the same words, not older than the edition.
        """
        api = Api.open(self)
        post = self._post(api, posting)
        try:
            answer = api.call("POST", "/rest/posts", repeatable=False, json=post)
            receipt = timeline.receipt_of(unquote(answer.headers.get("x-restli-id", "")))
        except AlreadyThereError as error:
            receipt = timeline.ours(api, posting, error)
        if receipt is None:
            raise http.unanswered(http.NOT_OURS, repeatable=False, where=api.where, code="broken")
        posting.note(receipt)
        return receipt

    def look_up(self, posting: Posting) -> Sighting:
        """Return whether a post of this author has the words, and is not older than the edition.

        A page's posts can be read with the scope ``r_organization_social``; without it, and for most
        apps with a person's posts, nothing is certain.
        """
        return timeline.find(Api.open(self), posting)

    def retract(self, receipt: Receipt) -> None:
        """Delete a post; LinkedIn says the same of one that is gone."""
        if timeline.receipt_of(receipt.remote_id) is None:
            super().retract(receipt)
        path = f"/rest/posts/{quote(receipt.remote_id, safe='')}"
        Api.open(self).call("DELETE", path, repeatable=True, takes=(404,))

    def standing(self) -> Standing:
        """Return whose the token is, what it may do, and when token and version of the API end."""
        return account.standing(self)

    def login_url(self, redirect_url: str, state: str) -> str:
        """Return LinkedIn's page for the scopes that the author needs."""
        return login.page(self, redirect_url, state)

    def log_in(self, code: str, redirect_url: str) -> None:
        """Trade the code for tokens and keep them."""
        login.trade(self, code, redirect_url)

    def _post(self, api: Api, posting: Posting) -> dict[str, Any]:
        """Return the request of a post; its picture is uploaded on the way."""
        snippet = posting.snippet
        post: dict[str, Any] = {
            "author": self.urn,
            "commentary": little.written(snippet.text),
            "visibility": "PUBLIC",
            "distribution": {
                "feedDistribution": "MAIN_FEED",
                "targetEntities": [],
                "thirdPartyDistributionChannels": [],
            },
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": False,
        }
        if posting.image is not None:
            described = {"altText": snippet.alt} if snippet.alt else {}
            post["content"] = {"media": {"id": pictures.upload(api, posting.image), **described}}
        elif snippet.card is not None:
            post["content"] = {"article": _article(api, snippet.card, posting)}
        return post


def _article(api: Api, card: Card, posting: Posting) -> dict[str, str]:
    """Return the card; LinkedIn looks nothing up on the page itself."""
    article = {"source": card.url, "title": card.title[:TITLE]}
    if card.description:
        article["description"] = card.description[:DESCRIPTION]
    if thumbnail := pictures.thumbnail(api, posting.card_image):
        article["thumbnail"] = thumbnail
    return article
