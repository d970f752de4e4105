"""Posts are written at their keys, and found there again."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from newsletter.errors import DeliveryError, PermanentError, UnknownOutcomeError
from newsletter.model import Receipt
from newsletter.social.bluesky import cids, embeds, records, texts, verdicts
from newsletter.social.bluesky.records import COLLECTION, Place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.social.base import Posting
    from newsletter.social.bluesky.session import Session

_RECORD: Final = ("value", "cid")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Draft:
    """A post that is ready to be written."""

    number: int
    """Its place in the thread."""
    place: Place
    """Where it belongs."""
    record: dict[str, Any]
    """What it is."""

    @property
    def reference(self) -> dict[str, str]:
        """Return what the posts below it name it by."""
        return {"uri": self.place.uri, "cid": cids.cid_of(self.record)}

    @property
    def receipt(self) -> Receipt:
        """Return what it is known by once it stands."""
        return _receipt(self.place, cids.cid_of(self.record))


def unpublished(session: Session, posting: Posting) -> list[Draft]:
    """Return the posts that are not done; uploads their pictures.

    Raises:
        PermanentError: a picture cannot be read, or the posts that were done are gone.
        DeliveryError: the server cannot be asked now.
    """
    done = len(posting.done)
    before = [_reference(session, posting.done[number]) for number in sorted({0, done - 1}) if done]
    drafts: list[Draft] = []
    for number in range(done, len(posting.snippet.posts)):
        record = _record(session, posting, number)
        if before:
            record["reply"] = {"root": before[0], "parent": before[-1]}
        draft = Draft(number, records.place_of(session.did, posting, number), record)
        drafts.append(draft)
        before.append(draft.reference)
    return drafts


def write(session: Session, posting: Posting, drafts: Sequence[Draft]) -> list[Receipt]:
    """Write posts that are nowhere yet, all of them or none; return their receipts.

    Raises:
        DeliveryError: as `SocialNetwork.publish`.
    """
    if len(drafts) == 1:
        return [_create(session, posting, drafts[0])]
    writes = [
        {
            "$type": "com.atproto.repo.applyWrites#create",
            "collection": COLLECTION,
            "rkey": draft.place.rkey,
            "value": draft.record,
        }
        for draft in drafts
    ]
    session.ask(
        "POST",
        "com.atproto.repo.applyWrites",
        repeatable=False,
        json={"repo": session.did, "writes": writes},
        needs=("results",),
    )
    return [draft.receipt for draft in drafts]


def find(session: Session, posting: Posting, number: int) -> Receipt | None:
    """Return the receipt of a post that stands at its key, or None when there is none.

    It is ours when words and time are: which handles and pictures could be had
    may have been different when it was written.

    Raises:
        PermanentError: something else stands there.
        DeliveryError: the server cannot be asked now.
    """
    place = records.place_of(session.did, posting, number)
    answer = session.find("com.atproto.repo.getRecord", place.asked, needs=_RECORD)
    if answer is None:
        return None
    found = answer.body["value"]
    ours = (texts.show(posting.snippet.posts[number]).text, records.created_at(posting, number))
    if not isinstance(found, dict) or (found.get("text"), found.get("createdAt")) != ours:
        why = f"another post stands in its place; look at {place.url}"
        raise PermanentError(why, code=verdicts.TAKEN)
    return _receipt(place, str(answer.body["cid"]))


def _create(session: Session, posting: Posting, draft: Draft) -> Receipt:
    """Write one post at its key, if nothing stands there."""
    try:
        session.ask(
            "POST",
            "com.atproto.repo.putRecord",
            repeatable=False,
            # swapRecord null: only to create.
            json={**draft.place.asked, "record": draft.record, "swapRecord": None},
            needs=("uri", "cid"),
        )
    except PermanentError as error:
        if error.code != verdicts.TAKEN:
            raise
    else:
        return draft.receipt
    try:
        found = find(session, posting, draft.number)
    except DeliveryError as error:
        if error.code == verdicts.TAKEN:
            raise
        why = f"it seems to stand there already, and that cannot be read now: {error.why}"
        raise UnknownOutcomeError(why, where=error.where, code=error.code) from None
    if found is None:
        why = "something stood at its key and is gone again; look at the account"
        raise UnknownOutcomeError(why, code=verdicts.TAKEN)
    return found


def _record(session: Session, posting: Posting, number: int) -> dict[str, Any]:
    """Return a post without the posts that it answers."""
    shown = texts.show(posting.snippet.posts[number])
    record: dict[str, Any] = {
        "$type": COLLECTION,
        "text": shown.text,
        "createdAt": records.created_at(posting, number),
    }
    if posting.snippet.language:
        record["langs"] = [posting.snippet.language]
    if facets := texts.facets(shown, lambda handle: _did_of(session, handle)):
        record["facets"] = facets
    if embed := _embed(session, posting, number):
        record["embed"] = embed
    return record


def _embed(session: Session, posting: Posting, number: int) -> dict[str, Any] | None:
    """Return the picture of the first post, or the card of the post with its link."""
    card, thread = posting.snippet.card, posting.snippet.posts
    if posting.image is not None:
        return embeds.images(session, posting.image, posting.snippet.alt) if number == 0 else None
    if card is None:
        return None
    linking = next((place for place, text in enumerate(thread) if card.url in text), 0)
    return embeds.external(session, card, posting.card_image) if number == linking else None


def _did_of(session: Session, handle: str) -> str:
    """Return the account of a handle; empty when it has none that can be found."""
    try:
        answer = session.find("com.atproto.identity.resolveHandle", {"handle": handle}, needs=("did",))
    except DeliveryError as error:
        _log.warning("the mention of %s stays plain text: %s", handle, error)
        return ""
    return str(answer.body["did"]) if answer else ""


def _reference(session: Session, receipt: Receipt) -> dict[str, str]:
    """Return what a post that stands is named by in the posts below it."""
    place = records.place_at(receipt.remote_id)
    answer = session.find("com.atproto.repo.getRecord", place.asked, needs=_RECORD) if place else None
    if place is None or answer is None:
        why = "the first posts of the thread are gone from the account: publish the rest by hand"
        raise PermanentError(why, code="thread")
    return {"uri": place.uri, "cid": str(answer.body["cid"])}


def _receipt(place: Place, cid: str) -> Receipt:
    return Receipt(remote_id=place.uri, url=place.url, reply=cid)
