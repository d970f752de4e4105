"""One post: prepared as a container that nobody sees, published, and found again when the answer was lost.

See https://developers.facebook.com/docs/threads/posts and, for the states of a
container, https://developers.facebook.com/docs/threads/troubleshooting.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from newsletter import http
from newsletter.errors import DeliveryError, PermanentError, TransientError, UnknownOutcomeError
from newsletter.graph import GONE, Graph, Meaning, same_words
from newsletter.model import Receipt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from newsletter.social.base import Posting

FIELDS: Final = "id,text,timestamp,permalink,replied_to"
"""What is read of a timeline."""
WAITS_S: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Pauses between the questions whether a container is ready."""
_PICTURE: Final = "Threads cannot fetch or read the picture; open its address in a private window"
MEANINGS: Final = (
    Meaning((), "picture", _PICTURE, (2207004, 2207005, 2207009, 2207052)),
    Meaning((), "later", "the posts of these 24 hours are used up", (2207042,)),
    Meaning((), "us", "the account is restricted; look in the app what it says", (2207051, 4279013)),
    Meaning((24,), "gone", "it is not there"),
    Meaning((), "post", "it has more links than Threads takes", phrase="LINK_LIMIT"),
)
"""Errors that only Threads has; those of all services with this API are in `newsletter.graph`."""


def put(graph: Graph, posting: Posting, before: Sequence[Receipt], fields: Mapping[str, str]) -> Receipt:
    """Publish the post after those ``before``; a container that is never published is gone after a day.

    Raises:
        DeliveryError: as `newsletter.social.base.SocialNetwork.publish`.
    """
    parent = {"reply_to_id": before[-1].remote_id} if before else {}
    made = graph.ask("POST", "me/threads", {**fields, **parent}, repeatable=True, needs=("id",)).body
    container = str(made["id"])
    _wait_for(graph, container, has_picture="image_url" in fields)
    step = {"creation_id": container}
    try:
        post = graph.ask("POST", "me/threads_publish", step, repeatable=False, needs=("id",)).body
    except UnknownOutcomeError:
        if (found := _published(graph, container, posting, before)) is None:
            raise
        return found
    except PermanentError as error:
        if error.code != GONE:
            raise
        # What was prepared a moment ago is not known everywhere yet.
        raise TransientError(error.why, where=error.where, code=error.code) from None
    return Receipt(str(post["id"]), url=_address(graph, str(post["id"])))


def _status(graph: Graph, container: str) -> Mapping[str, Any]:
    fields = {"fields": "status,error_message"}
    body: Mapping[str, Any] = graph.ask("GET", container, fields, repeatable=True, needs=("status",)).body
    return body


def _wait_for(graph: Graph, container: str, *, has_picture: bool) -> None:
    """Return when a container can be published.

    Raises:
        PermanentError: it never can be, for its picture.
        TransientError: it cannot be yet; another one may do better.
    """
    where = http.place(graph.url)
    for wait_s in (*WAITS_S, 0.0):
        told = _status(graph, container)
        status = told["status"]
        if status == "FINISHED":
            return
        if status == "ERROR" and has_picture:
            why = f"{_PICTURE}: {told.get('error_message') or 'no reason is given'}"
            raise PermanentError(why, where=where, code="picture")
        if status != "IN_PROGRESS":
            break
        time.sleep(wait_s)
    raise TransientError(f"Threads has not prepared the post: {status}", where=where, code="container")


def _published(graph: Graph, container: str, posting: Posting, before: Sequence[Receipt]) -> Receipt | None:
    """Return the receipt of a post whose answer was lost, when its container was published."""
    try:
        if _status(graph, container)["status"] != "PUBLISHED":
            return None
        path = "me/replies" if before else "me/threads"
        rows, _ = graph.since(path, FIELDS, posting.at, moment="timestamp")
    except DeliveryError:
        return None
    return matching(rows, posting.snippet.posts[len(before)], before)


def matching(rows: Sequence[Mapping[str, Any]], text: str, before: Sequence[Receipt]) -> Receipt | None:
    """Return the oldest post with the same words that answers the last one ``before``, if there is one."""
    known = {receipt.remote_id for receipt in before}
    parent = before[-1].remote_id if before else None
    for row in rows:
        answered = row.get("replied_to")
        answers = str(answered.get("id")) if isinstance(answered, dict) else None
        fits = answers == parent or answers is None
        if fits and str(row.get("id")) not in known and same_words(str(row.get("text", "")), text):
            return Receipt(str(row["id"]), url=str(row.get("permalink") or ""))
    return None


def _address(graph: Graph, remote_id: str) -> str:
    """Return where a post can be seen; empty when Threads does not say so now."""
    try:
        told = graph.ask(
            "GET", remote_id, {"fields": "permalink"}, repeatable=True, needs=("permalink",)
        ).body
    except DeliveryError:
        return ""
    return str(told["permalink"])
