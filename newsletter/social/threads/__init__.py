"""Threads, Meta's network of short posts; see https://developers.facebook.com/docs/threads/posts.

A post is prepared first, as a container that nobody sees, and then published.
When the answer to the second step is lost, the container says what became of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Final

import regex

from newsletter import clock, http
from newsletter.errors import PermanentError
from newsletter.graph import GONE, Graph
from newsletter.secret import Secret
from newsletter.social.base import Sighting, SocialNetwork, Standing, graphemes
from newsletter.social.threads import posts
from newsletter.social.threads.token import UNSAVED, current

if TYPE_CHECKING:
    from newsletter.model import Receipt, Snippet
    from newsletter.social.base import Posting
    from newsletter.tokens import Tokens

LIMIT: Final = 500
"""Longest text, https://developers.facebook.com/docs/threads/posts#limitations."""
MOST_LINKS: Final = 5
"""A post with more is refused, https://developers.facebook.com/docs/threads/create-posts/text-attachments."""
WARN_BEFORE: Final = timedelta(days=14)
"""A token that ends sooner is warned about: it should have been refreshed."""
_EMOJI: Final = regex.compile(
    r"[\p{Extended_Pictographic}\p{Regional_Indicator}\p{Emoji_Modifier}\uFE0F\u20E3]"
)
_LINK: Final = regex.compile(r"(?:https?://|\bwww\.)[^\s<>\"]*[^\s<>\".,;:!?'()\[\]]", regex.IGNORECASE)


@dataclass(frozen=True)
class Threads(SocialNetwork):
    """One profile on Threads."""

    token: Secret
    """Token that lives for 60 days; it is refreshed by itself, and the next ones are kept on this machine."""
    pictures_url: str = ""
    """Where the web finds pictures of editions: ``public_url`` and ``/v/images``; empty: posts have none."""
    api_url: str = "https://graph.threads.net"
    """Address of the API; another one only for trying things out."""
    timeout_s: float = 30
    """How long to wait for an answer; whether the post stands is looked up afterwards."""

    max_hashtags: ClassVar[int] = 1
    max_alt: ClassVar[int] = 1000
    max_posts: ClassVar[int] = 10
    max_image_bytes: ClassVar[int] = 8_000_000

    def __post_init__(self) -> None:
        """Refuse settings that cannot work."""
        http.check_address(self.api_url)
        if self.pictures_url:
            http.check_address(self.pictures_url)
        if self.timeout_s <= 0:
            raise ValueError("timeout_s must be more than 0")

    @property
    def limit(self) -> int:
        """Return 500."""
        return LIMIT

    def measure(self, text: str) -> int:
        """Return the length in UTF-16 units, where an emoji counts its bytes in UTF-8.

        Addresses count in full. Threads says no more than that, so this is the most it can mean.
        """
        return sum(
            len(character.encode("utf-8", "surrogatepass"))
            if _EMOJI.search(character)
            else len(character.encode("utf-16-le", "surrogatepass")) // 2
            for character in graphemes(text)
        )

    def objections(self, snippet: Snippet) -> tuple[str, ...]:
        """Return what becomes of a picture without an address, and which posts have too many links."""
        found = []
        if snippet.image and not self.pictures_url:
            instead = "the preview of its link" if snippet.link else "nothing"
            why = f"the picture stays away and {instead} stands in its place: "
            found.append(f"{why}Threads fetches pictures from the web, say where with pictures_url")
        for number, text in enumerate(snippet.posts, start=1):
            if (links := len(set(_LINK.findall(text)))) > MOST_LINKS:
                found.append(f"post {number} has {links} links and Threads takes {MOST_LINKS}")
        return tuple(found)

    def publish(self, posting: Posting) -> Receipt:
        """Publish what is not there yet, each post as an answer to the one before it."""
        graph, _ = self._opened()
        receipts = list(posting.done)
        for number in range(len(receipts), len(posting.snippet.posts)):
            receipt = posts.put(graph, posting, receipts, self._contents(posting, number))
            posting.note(receipt)
            receipts.append(receipt)
        return receipts[0]

    def look_up(self, posting: Posting) -> Sighting:
        """Return the posts with the same words since the edition was frozen, each answering the one before.

        What is not there surely is not when all of the account's posts and answers were read.
        """
        graph, _ = self._opened()
        receipts = list(posting.done)
        rows, is_all = graph.since("me/threads", posts.FIELDS, posting.at, moment="timestamp")
        if len(posting.snippet.posts) > 1:
            answers, are_all = graph.since("me/replies", posts.FIELDS, posting.at, moment="timestamp")
            rows, is_all = rows + answers, is_all and are_all
        for text in posting.snippet.posts[len(receipts) :]:
            if (found := posts.matching(rows, text, receipts)) is None:
                break
            receipts.append(found)
        return Sighting(tuple(receipts), certain=is_all)

    def retract(self, receipt: Receipt) -> None:
        """Delete a post; the token needs ``threads_delete``, and 100 posts a day can be deleted."""
        if not receipt.remote_id.isdecimal():
            super().retract(receipt)
        graph, _ = self._opened()
        try:
            done = graph.ask("DELETE", receipt.remote_id, repeatable=True, needs=("success",)).body["success"]
        except PermanentError as error:
            # The same error is for posts of others, and for those that the token may not delete.
            done = error.code == GONE and self._is_ours(graph, receipt) and not graph.has(receipt.remote_id)
            if not done:
                raise
        if not done:
            super().retract(receipt)

    def standing(self) -> Standing:
        """Return ``@name``, when the token ends, and how many posts are left for today."""
        graph, held = self._opened()
        name = graph.ask("GET", "me", {"fields": "id,username"}, repeatable=True, needs=("username",))
        facts, warnings = [], []
        if (quota := _quota(graph)) is not None:
            facts.append(f"{quota[0]} of {quota[1]} posts in 24 hours are left")
            if quota[0] <= 0:
                warnings.append("no post is left: the next ones wait until a day has passed")
        if held.expires_at is None:
            facts.append("when the token ends shows after its first day, when it can be refreshed")
        elif held.expires_at - clock.now() < WARN_BEFORE:
            warnings.append(
                f"the token ends on {held.expires_at:%Y-%m-%d} and is not refreshed: make a new one"
            )
        if unsaved := held.facts.get(UNSAVED):
            warnings.append(f"the refreshed token is lost again: {unsaved}")
        who = f"@{name.body['username']} on Threads"
        return Standing(who, held.expires_at, facts=tuple(facts), warnings=tuple(warnings))

    def _opened(self) -> tuple[Graph, Tokens]:
        """Return the API as the account sees it, and the token that it is asked with."""
        url = self.api_url.rstrip("/")
        held = current(self.token, url, self.timeout_s)
        return Graph(f"{url}/v1.0", held.access, posts.MEANINGS, timeout_s=self.timeout_s), held

    def _contents(self, posting: Posting, number: int) -> dict[str, str]:
        """Return the fields of a container; the picture goes with the first post."""
        snippet, image = posting.snippet, posting.image
        text = snippet.posts[number]
        if number == 0 and image is not None and self.pictures_url:
            try:
                image.open("rb").close()
            except OSError as error:
                why = f"the picture cannot be read: {error.strerror}"
                raise PermanentError(why, where=str(image), code="picture") from None
            url = f"{self.pictures_url.rstrip('/')}/{image.name}"
            described = {"alt_text": snippet.alt} if snippet.alt else {}
            return {"media_type": "IMAGE", "text": text, "image_url": url, **described}
        # Else the preview would be of the first address in the text, whichever that is.
        preview = {"link_attachment": snippet.link} if snippet.link and snippet.link in text else {}
        return {"media_type": "TEXT", "text": text, **preview}

    def _is_ours(self, graph: Graph, receipt: Receipt) -> bool:
        """Return whether a post is one of the profile that the token belongs to; its address says so."""
        name = graph.ask("GET", "me", {"fields": "username"}, repeatable=True, needs=("username",))
        return f"/@{name.body['username']}/" in receipt.url


def _quota(graph: Graph) -> tuple[int, int] | None:
    """Return how many posts are left and how many there are in 24 hours; None when Threads does not say.

    https://developers.facebook.com/docs/threads/troubleshooting#retrieve-publishing-quota-limit
    """
    fields = {"fields": "quota_usage,config"}
    rows = graph.ask("GET", "me/threads_publishing_limit", fields, repeatable=True, needs=("data",)).body
    try:
        told = rows["data"][0]
        total = int(told["config"]["quota_total"])
        return total - int(told["quota_usage"]), total
    except (LookupError, TypeError, ValueError):
        return None
