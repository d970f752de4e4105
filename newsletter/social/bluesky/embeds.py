"""What stands under the words: a picture with its description, or the card of a link.

See https://docs.bsky.app/docs/advanced-guides/posts#images-embeds.
"""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any, Final

from newsletter import http
from newsletter.errors import DeliveryError, PermanentError

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.model import Card
    from newsletter.social.bluesky.session import Session

MAX_BYTES: Final = 1_000_000
"""Largest picture, in a card and by itself (lexicons app.bsky.embed.external and app.bsky.embed.images)."""
_log = logging.getLogger(__name__)


def images(session: Session, image: Path, alt: str) -> dict[str, Any]:
    """Upload a picture and return its embed.

    Raises:
        PermanentError: with the code ``picture``: it cannot be read or is too large.
        DeliveryError: it cannot be uploaded.
    """
    blob, width, height = _uploaded(session, image)
    picture = {"alt": alt, "image": blob, "aspectRatio": {"width": width, "height": height}}
    return {"$type": "app.bsky.embed.images", "images": [picture]}


def external(session: Session, card: Card, image: Path | None) -> dict[str, Any]:
    """Return the embed of a card; without its picture when that cannot be had."""
    shown: dict[str, Any] = {"uri": card.url, "title": card.title, "description": card.description}
    if image is not None:
        try:
            shown["thumb"] = _uploaded(session, image)[0]
        except DeliveryError as error:
            _log.warning("the card goes without its picture: %s", error)
    return {"$type": "app.bsky.embed.external", "external": shown}


def _uploaded(session: Session, image: Path) -> tuple[dict[str, Any], int, int]:
    """Return the blob of a picture, and its width and height in pixels."""
    content, kind, width, height = _read(image)
    # The same bytes are the same blob, and one that no post shows is dropped.
    answer = session.ask(
        "POST",
        "com.atproto.repo.uploadBlob",
        repeatable=True,
        data=content,
        headers={"Content-Type": kind},
        needs=("blob",),
    )
    match answer.body["blob"]:
        case {"ref": {"$link": str(cid)}, "mimeType": str(named), "size": int(size)}:
            return {"$type": "blob", "ref": {"$link": cid}, "mimeType": named, "size": size}, width, height
    raise http.unanswered(http.NOT_OURS, repeatable=True, where=http.place(session.home), code="broken")


def _read(image: Path) -> tuple[bytes, str, int, int]:
    from PIL import Image

    try:
        content = image.read_bytes()
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as opened:
            kind, (width, height) = str(opened.get_format_mimetype()), opened.size
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or "it is no JPEG or PNG"
        why = f"the picture cannot be read: {reason}"
        raise PermanentError(why, where=str(image), code="picture") from None
    if len(content) > MAX_BYTES:
        why = f"the picture has {len(content)} bytes; Bluesky takes {MAX_BYTES}"
        raise PermanentError(why, where=str(image), code="picture")
    return content, kind, width, height
