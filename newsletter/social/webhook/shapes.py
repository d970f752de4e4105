"""What hooks of each shape take, and what they answer."""

from __future__ import annotations

import json as jsonlib
import mimetypes
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import parse_qs, urlsplit

import regex

from newsletter.errors import DeliveryError, PermanentError
from newsletter.model import Receipt
from newsletter.social.webhook.hook import member

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from newsletter.social.base import Posting
    from newsletter.social.webhook.hook import Hook

Shape = Literal["slack", "discord", "plain"]
LIMITS: Final[Mapping[Shape, int]] = {"slack": 3000, "discord": 2000, "plain": 5000}
"""Longest text as it is sent; that of ``plain`` is ours.

https://docs.slack.dev/reference/block-kit/composition-objects/text-object,
https://discord.com/developers/docs/resources/webhook#execute-webhook.
"""
_ADDRESS: Final = regex.compile(r"https?://[^\s<>|]*[^\s<>|.,;:!?'\"()\[\]]", regex.IGNORECASE)
_MARKUP: Final = regex.compile(r"[\\*_~`|<\[\]]|(?m:^)(?=#{1,3} |-# |>)")
"""What Discord would take for formatting (https://support.discord.com/hc/en-us/articles/210298617)."""


def _to_slack(hook: Hook, posting: Posting) -> Receipt:
    text = written(posting.snippet.text, "slack")
    # "verbatim" keeps "@channel" and names of channels from becoming mentions.
    section = {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
    message = {"text": text, "blocks": [section], "unfurl_links": True}
    answer = hook.call("POST", repeatable=False, json=message)
    if str(answer.body).strip() != "ok":
        raise hook.broken()
    return Receipt(reply="ok")


def _to_discord(hook: Hook, posting: Posting) -> Receipt:
    snippet, image = posting.snippet, posting.image
    message: dict[str, Any] = {
        "content": written(snippet.text, "discord"),
        # Else "@everyone" in a text would call everybody.
        "allowed_mentions": {"parse": []},
    }
    request: dict[str, Any] = {"json": message}
    if image is not None:
        name, content, kind = _picture(image)
        message["attachments"] = [{"id": 0, "filename": name, "description": snippet.alt}]
        request = {
            "data": {"payload_json": jsonlib.dumps(message)},
            "files": {"files[0]": (name, content, kind)},
        }
    channel = _channel(hook)
    made = hook.call("POST", query={"wait": "true"}, repeatable=False, needs=("id",), **request).body
    return Receipt(str(made["id"]), url=f"{channel}/{made['id']}" if channel else "")


def _to_plain(hook: Hook, posting: Posting) -> Receipt:
    snippet = posting.snippet
    campaign = parse_qs(urlsplit(snippet.link).query).get("utm_campaign", [""])[0]
    message = {
        "text": snippet.text,
        "link": snippet.link,
        "alt": snippet.alt,
        "key": posting.key,
        "campaign": campaign,
    }
    body = hook.call("POST", repeatable=False, json=message).body
    if isinstance(body, str) and body.lstrip().startswith("<"):
        raise hook.broken()
    url = str(member(body, "url") or "")
    return Receipt(str(member(body, "id") or ""), url=url if _ADDRESS.fullmatch(url) else "")


def _channel(hook: Hook) -> str:
    """Return the address that those of a channel's messages begin with; empty when the hook does not tell."""
    try:
        told = hook.call("GET", repeatable=True, needs=("guild_id", "channel_id")).body
    except DeliveryError:
        # What is wrong with the hook is told by publishing.
        return ""
    return f"https://discord.com/channels/{told['guild_id']}/{told['channel_id']}"


def written(text: str, shape: Shape) -> str:
    """Return a text as the shape takes it: shown as it is written, its addresses as links."""
    if shape == "plain":
        return text
    said, done = "", 0
    for found in _ADDRESS.finditer(text):
        said += _escaped(text[done : found.start()], shape)
        said += f"<{_escaped(found[0], shape)}>" if shape == "slack" else found[0]
        done = found.end()
    return said + _escaped(text[done:], shape)


def _escaped(words: str, shape: Shape) -> str:
    if shape == "slack":
        # https://docs.slack.dev/messaging/formatting-message-text#escaping
        return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return str(_MARKUP.sub(r"\\\g<0>", words))


def _picture(image: Path) -> tuple[str, bytes, str]:
    """Return name, content and media type for the upload."""
    try:
        content = image.read_bytes()
    except OSError as error:
        why = f"the picture cannot be read: {error.strerror}"
        raise PermanentError(why, where=str(image), code="picture") from None
    return f"picture{image.suffix}", content, mimetypes.guess_type(image.name)[0] or "image/jpeg"


POST: Final[Mapping[Shape, Callable[[Hook, Posting], Receipt]]] = {
    "slack": _to_slack,
    "discord": _to_discord,
    "plain": _to_plain,
}
"""Shape → what publishes a posting through a hook."""
