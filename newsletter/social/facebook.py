"""Facebook: posts of a Page through the Graph API, see https://developers.facebook.com/docs/pages-api/posts.

Facebook knows no key for repeats and makes the preview of a link itself. What
became of a post whose answer was lost is read from the Page.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import mimetypes
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

from newsletter import clock, http
from newsletter.errors import PermanentError
from newsletter.graph import DUPLICATE, GONE, Graph, Meaning, moment_of, same_words
from newsletter.model import Receipt
from newsletter.secret import Secret
from newsletter.social.base import Sighting, SocialNetwork, Standing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from newsletter.social.base import Posting

LIMIT: Final = 63_206
"""Longest text; Facebook's own figure of 2011, which the documentation of the API does not repeat."""
PERMISSIONS: Final = ("pages_manage_posts", "pages_read_engagement")
"""What a token must be allowed, https://developers.facebook.com/docs/pages-api/posts#before-you-start."""
WARN_BEFORE: Final = timedelta(days=14)
"""A token that ends sooner is warned about."""
_PHOTO: Final = "Facebook does not take this picture"
_LINK: Final = "Facebook cannot read the page of the link; look at it with its Sharing Debugger"
MEANINGS: Final = (
    Meaning((100,), "us", "this is the token of a person; make one of the Page", phrase="nonexisting field"),
    Meaning((), "picture", _PHOTO, (1366046,)),
    Meaning((), "duplicate", "", (1366051,)),
    Meaning((), "post", _LINK, (1609005,)),
    Meaning((324,), "picture", _PHOTO),
    Meaning((1500,), "post", _LINK),
)
"""Errors that only Facebook has; those of all services with this API are in `newsletter.graph`."""


@dataclass(frozen=True)
class Facebook(SocialNetwork):
    """One Page on Facebook."""

    token: Secret
    """Access token of the Page, with ``pages_manage_posts`` and ``pages_read_engagement``."""
    page: str = "me"
    """Number of the Page; ``me`` stands for the one that the token belongs to."""
    app_id: str = ""
    """Number of the app that the token was made with; `accounts check` tells more with it."""
    app_secret: Secret | None = None
    """Secret of that app; every request is signed with it, as apps can demand."""
    version: str = "v23.0"
    """Version of the Graph API; each lives for two years."""
    api_url: str = "https://graph.facebook.com"
    """Address of the API; another one only for trying things out."""
    timeout_s: float = 30
    """How long to wait for an answer; whether the post stands is looked up afterwards."""

    max_image_bytes: ClassVar[int] = 4_000_000
    fold: ClassVar[int] = 477

    def __post_init__(self) -> None:
        """Refuse settings that cannot work."""
        http.check_address(self.api_url)
        if not re.fullmatch(r"me|[0-9]+", self.page):
            raise ValueError(f"page = {self.page!r} is not the number of a Page; its settings show it")
        if not re.fullmatch(r"v[0-9]+\.[0-9]+", self.version):
            raise ValueError(f"version = {self.version!r} must look like 'v23.0'")
        if self.app_id and self.app_secret is None:
            raise ValueError("app_id says nothing without app_secret")
        if self.timeout_s <= 0:
            raise ValueError("timeout_s must be more than 0")

    @property
    def limit(self) -> int:
        """Return 63206; readers see the first 477 of them."""
        return LIMIT

    def measure(self, text: str) -> int:
        """Return the length in UTF-16 units: no way of counting characters finds it longer."""
        return len(text.encode("utf-16-le", "surrogatepass")) // 2

    def publish(self, posting: Posting) -> Receipt:
        """Publish the text with its picture, or with the preview of its link, which Facebook makes.

        What Facebook calls a duplicate is our own post when it came to the Page after the edition was frozen.
        """
        snippet, graph = posting.snippet, self._graph()
        fields = {"message": snippet.text}
        if posting.image is not None:
            photo = {"media_fbid": _upload(graph, self.page, posting.image, snippet.alt)}
            fields["attached_media[0]"] = json.dumps(photo)
        elif snippet.link:
            fields["link"] = snippet.link
        try:
            path = f"{self.page}/feed"
            made = graph.ask("POST", path, fields, repeatable=False, needs=("id",)).body
            receipt = _receipt(made)
        except PermanentError as error:
            if error.code != DUPLICATE or not (found := self.look_up(posting).receipts):
                raise
            receipt = found[0]
        posting.note(receipt)
        return receipt

    def look_up(self, posting: Posting) -> Sighting:
        """Return the Page's post with the same words since the edition was frozen.

        Visitors' posts are not looked at. What is not there surely is not when all posts were read.
        """
        fields = "id,message,created_time,permalink_url"
        rows, is_all = self._graph().since(f"{self.page}/posts", fields, posting.at, moment="created_time")
        for row in rows:
            if same_words(str(row.get("message", "")), posting.snippet.text):
                return Sighting((_receipt(row),), certain=True)
        return Sighting(certain=is_all)

    def retract(self, receipt: Receipt) -> None:
        """Delete a post of the Page."""
        remote_id = receipt.remote_id
        if not re.fullmatch(r"[0-9]+(_[0-9]+)?", remote_id):
            super().retract(receipt)
        graph = self._graph()
        try:
            gone = graph.ask("DELETE", remote_id, repeatable=True, needs=("success",)).body["success"]
        except PermanentError as error:
            # The same error is for posts of another Page, and for those that the token may not delete.
            gone = error.code == GONE and self._is_ours(graph, remote_id) and not graph.has(remote_id)
            if not gone:
                raise
        if not gone:
            super().retract(receipt)

    def standing(self) -> Standing:
        """Return the Page and, with the app's secret, what the token may do and when it ends."""
        graph = self._graph()
        answer = graph.ask("GET", "me", {"fields": "id,name,category"}, repeatable=True, needs=("id", "name"))
        page, spoken = answer.body, answer.headers.get("facebook-api-version", self.version)
        warnings = []
        if self.page not in {"me", str(page["id"])}:
            warnings.append(
                f"the token belongs to Page {page['id']}, not to {self.page}: make one of that Page"
            )
        if spoken != self.version:
            warnings.append(
                f"Graph API {self.version} has ended, {spoken} answers: put a later one into version"
            )
        facts = (f"Page {page['id']}, Graph API {spoken}",)
        who = f"{page['name']} on Facebook"
        if not self.app_id:
            hint = "with app_id and app_secret this shows when the token ends and what it may do"
            return Standing(who, facts=(*facts, hint), warnings=tuple(warnings))
        token = self._inspected(graph)
        scopes = [str(scope) for scope in token.get("scopes") or ()]
        return Standing(
            who,
            expires_at=min(filter(None, _ends(token)), default=None),
            facts=(*facts, f"may: {', '.join(scopes) or 'nothing'}"),
            warnings=(*warnings, *_weaknesses(token, scopes)),
        )

    def _graph(self) -> Graph:
        token = self.token.reveal()
        graph = Graph(f"{self.api_url.rstrip('/')}/{self.version}", token, MEANINGS, timeout_s=self.timeout_s)
        if self.app_secret is None:
            return graph
        # https://developers.facebook.com/docs/graph-api/guides/secure-requests#appsecret_proof
        proof = hmac.new(self.app_secret.reveal().encode(), token.encode(), hashlib.sha256).hexdigest()
        return replace(graph, always={"appsecret_proof": proof})

    def _is_ours(self, graph: Graph, remote_id: str) -> bool:
        """Return whether a post is one of the Page that the token belongs to."""
        page = graph.ask("GET", "me", {"fields": "id"}, repeatable=True, needs=("id",)).body["id"]
        return remote_id.startswith(f"{page}_")

    def _inspected(self, graph: Graph) -> Mapping[str, Any]:
        """Return what Facebook says of the token, asked in the name of the app.

        The token goes in the body: a POST can say that it stands for a GET.
        https://developers.facebook.com/docs/graph-api/reference/debug_token
        """
        assert self.app_secret is not None
        secret = self.app_secret.reveal()
        app = replace(graph, token=f"{self.app_id}|{secret}", always={"input_token": graph.token})
        told = app.ask("POST", "debug_token", {"method": "GET"}, repeatable=True, needs=("data",)).body[
            "data"
        ]
        return told if isinstance(told, dict) else {}


def _upload(graph: Graph, page: str, image: Path, alt: str) -> str:
    """Upload a picture that nobody sees before a post has it, with its description; return its number."""
    try:
        content = image.read_bytes()
    except OSError as error:
        why = f"the picture cannot be read: {error.strerror}"
        raise PermanentError(why, where=str(image), code="picture") from None
    kind = mimetypes.guess_type(image.name)[0] or "image/jpeg"
    fields = {"published": "false", **({"alt_text_custom": alt} if alt else {})}
    files = {"source": (f"picture{image.suffix}", content, kind)}
    made = graph.ask("POST", f"{page}/photos", fields, repeatable=True, needs=("id",), files=files).body
    return str(made["id"])


def _receipt(post: Mapping[str, Any]) -> Receipt:
    remote_id = str(post["id"])
    return Receipt(remote_id, url=str(post.get("permalink_url") or f"https://www.facebook.com/{remote_id}"))


def _ends(token: Mapping[str, Any]) -> list[datetime | None]:
    """Return when the token ends, and when its access to the Page does."""
    return [moment_of(token.get(name)) for name in ("expires_at", "data_access_expires_at")]


def _weaknesses(token: Mapping[str, Any], scopes: list[str]) -> list[str]:
    """Return what will go wrong with a token, one line each."""
    found = []
    if token.get("type") != "PAGE":
        found.append("this is the token of a person, not of a Page: take the one that /me/accounts lists")
    if missing := [scope for scope in PERMISSIONS if scope not in scopes]:
        found.append(f"the token lacks {' and '.join(missing)}: make one that has it")
    expires_at, access_ends_at = _ends(token)
    if expires_at is not None and expires_at - clock.now() < WARN_BEFORE:
        found.append(
            f"the token ends on {expires_at:%Y-%m-%d}: make a new one, see the how-to for one that lasts"
        )
    if access_ends_at is not None and access_ends_at - clock.now() < WARN_BEFORE:
        found.append(f"the app may read the Page until {access_ends_at:%Y-%m-%d}: log in to it again before")
    return found
