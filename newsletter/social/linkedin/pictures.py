"""Upload pictures to LinkedIn.

See https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/images-api.
"""

from __future__ import annotations

import mimetypes
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from newsletter import http
from newsletter.errors import DeliveryError, PermanentError

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.social.linkedin.api import Api


def upload(api: Api, image: Path) -> str:
    """Upload a picture and return its URN; one that no post shows is seen by nobody, so it may be repeated.

    Raises:
        DeliveryError: it cannot be read or is not taken.
    """
    try:
        content = image.read_bytes()
    except OSError as error:
        why = f"the picture cannot be read: {error.strerror}"
        raise PermanentError(why, where=str(image), code="picture") from None
    answer = api.call(
        "POST",
        "/rest/images?action=initializeUpload",
        repeatable=True,
        json={"initializeUploadRequest": {"owner": api.settings.urn}},
        needs=("value",),
    )
    told = answer.body["value"] if isinstance(answer.body["value"], dict) else {}
    url, urn = str(told.get("uploadUrl", "")), str(told.get("image", ""))
    if not urn.startswith("urn:li:image:") or not _is_safe(api, url):
        raise http.unanswered(http.NOT_OURS, repeatable=True, where=api.where, code="broken")
    kind = mimetypes.guess_type(image.name)[0] or "image/jpeg"
    http.call(
        "PUT",
        url,
        repeatable=True,
        headers={"Content-Type": kind, **_authorization(api, url)},
        data=content,
        timeout_s=api.timeout_s,
        # Whoever knows the address can put a picture there.
        secrets=(api.token, urlsplit(url).path),
    )
    return urn


def thumbnail(api: Api, image: Path | None) -> str:
    """Return the URN of a card's picture; empty when there is none or it fails: the post matters more."""
    try:
        return upload(api, image) if image is not None else ""
    except DeliveryError:
        return ""


def _is_safe(api: Api, url: str) -> bool:
    """Return whether a picture may go there: by https, or to this machine when the API is on it too."""
    try:
        http.check_address(url.partition("?")[0])
    except ValueError:
        return False
    return url.startswith("https://") or http.is_loopback(api.settings.api_url)


def _authorization(api: Api, url: str) -> dict[str, str]:
    """Return the header with the token, for LinkedIn's own hosts only; others trust the address itself."""
    there, here = urlsplit(url), urlsplit(api.settings.api_url)
    own = there.scheme == "https" and f".{there.hostname}".endswith(".linkedin.com")
    if own or there[:2] == here[:2]:
        return {"Authorization": f"Bearer {api.token}"}
    return {}
