"""What stands on LinkedIn: the posts of an author, and whether one of them is ours.

See https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from newsletter import http
from newsletter.errors import DeliveryError, PermanentError, RefusedSenderError
from newsletter.model import Receipt
from newsletter.social.base import Sighting
from newsletter.social.linkedin import little
from newsletter.social.linkedin.refusals import POST

if TYPE_CHECKING:
    from newsletter.social.base import Posting
    from newsletter.social.linkedin.api import Api
    from newsletter.social.linkedin.refusals import AlreadyThereError

SLACK: Final = timedelta(minutes=5)
"""How far LinkedIn's clock may be behind ours."""
PAGE: Final = 50
PAGES: Final = 4
"""Posts of one question, and questions at most."""
NEVER: Final = datetime.min.replace(tzinfo=UTC)
FEED: Final = "https://www.linkedin.com/feed/update"


def receipt_of(urn: str) -> Receipt | None:
    """Return the receipt of a post, or None when ``urn`` names none."""
    return Receipt(remote_id=urn, url=f"{FEED}/{urn}/") if POST.fullmatch(urn) else None


def find(api: Api, posting: Posting) -> Sighting:
    """Return the posting's receipt when a post of the author has its words and is not older than its edition.

    Raises:
        DeliveryError: LinkedIn cannot be asked now.
    """
    since, found, certain = posting.at - SLACK, [], False
    try:
        for number in range(PAGES):
            posts = _page(api, number * PAGE)
            found += [post for post in posts if _is_ours(api, post, posting)]
            if len(posts) < PAGE or any(_created_at(post) < since for post in posts):
                certain = True
                break
    except RefusedSenderError as error:
        if error.code != "403":
            raise
        # The scope to read this author's posts is missing.
        return Sighting()
    public = [post for post in found if post.get("lifecycleState") == "PUBLISHED"]
    if public:
        receipt = receipt_of(str(min(public, key=_created_at).get("id", "")))
        return Sighting((receipt,), certain=True) if receipt else Sighting()
    # One that LinkedIn still works on may yet come out.
    return Sighting(certain=certain and not found)


def ours(api: Api, posting: Posting, error: AlreadyThereError) -> Receipt:
    """Return the receipt of the post that LinkedIn names as a duplicate, when that is surely the posting.

    Raises:
        AlreadyThereError: it cannot be read, or nobody can tell whose it is.
        PermanentError: it is older than the edition.
    """
    receipt = receipt_of(error.urn)
    if receipt is None:
        raise error
    try:
        path = f"/rest/posts/{quote(error.urn, safe='')}"
        post = api.call("GET", path, repeatable=True, needs=("author", "commentary", "createdAt")).body
    except DeliveryError:
        raise error from None
    if _is_ours(api, post, posting) and post.get("lifecycleState") == "PUBLISHED":
        return receipt
    created_at = _created_at(post)
    if NEVER < created_at < posting.at - SLACK:
        stand = f"they stand since {created_at:%Y-%m-%d} at {receipt.url}"
        why = f"LinkedIn takes the same words only once; {stand}; change them"
        raise PermanentError(why, where=api.where, code="duplicate") from None
    raise error


def _page(api: Api, start: int) -> list[dict[str, Any]]:
    """Return posts of the author, the newest first."""
    asked = {"author": api.settings.urn, "q": "author", "count": PAGE, "start": start, "sortBy": "CREATED"}
    answer = api.call(
        "GET",
        f"/rest/posts?{urlencode(asked)}",
        repeatable=True,
        headers={"X-RestLi-Method": "FINDER"},
        needs=("elements",),
    )
    posts = answer.body["elements"]
    if not isinstance(posts, list):
        raise http.unanswered(http.NOT_OURS, repeatable=True, where=api.where, code="broken")
    return [post for post in posts if isinstance(post, dict)]


def _is_ours(api: Api, post: dict[str, Any], posting: Posting) -> bool:
    return (
        post.get("author") == api.settings.urn
        and post.get("lifecycleState") != "PUBLISH_FAILED"
        and _created_at(post) >= posting.at - SLACK
        and little.same(posting.snippet.text, str(post.get("commentary", "")))
    )


def _created_at(post: dict[str, Any]) -> datetime:
    """Return when a post was made; the beginning of time when it does not say."""
    milliseconds = post.get("createdAt")
    if not isinstance(milliseconds, int) or not 0 < milliseconds < 1e14:
        return NEVER
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
