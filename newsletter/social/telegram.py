"""Telegram: messages of a bot in a channel, see https://core.telegram.org/bots/api.

The text is sent as it is, without a parse mode: Telegram finds addresses and
hashtags by itself, and no character has to be escaped.
"""

from __future__ import annotations

import json as jsonlib
import mimetypes
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from newsletter import http
from newsletter.errors import DeliveryError, PermanentError, RefusedSenderError, TransientError
from newsletter.model import Receipt
from newsletter.secret import Secret
from newsletter.social.base import SocialNetwork, Standing

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.model import Snippet
    from newsletter.social.base import Posting

TEXT: Final = 4096
"""Longest message (https://core.telegram.org/bots/api#sendmessage)."""
CAPTION: Final = 1024
"""Longest text under a picture (https://core.telegram.org/bots/api#sendphoto)."""
_TOKEN: Final = re.compile(r"\d+:[A-Za-z0-9_-]+")

Verdict = Literal["us", "picture", "post"]
_RIGHTS: Final = "make the bot an administrator of the channel, with the right to post messages"
_CHANNEL: Final = "look at channel: '@name' of a public one, the number '-100…' of a private one"
_NO_BOT: Final = "the token is wrong or revoked; @BotFather shows the one of the bot"
VERDICTS: Final[tuple[tuple[int, str, Verdict, str], ...]] = (
    (401, "", "us", _NO_BOT),
    (404, "", "us", _NO_BOT),
    (403, "", "us", _RIGHTS),
    (400, r"rights|admin|write_forbidden|not a member|kicked|inaccessible", "us", _RIGHTS),
    (400, r"chat not found|chat_id|peer_id_invalid|supergroup chat", "us", _CHANNEL),
    (400, r"photo|image|picture|dimensions|file", "picture", "Telegram does not take this picture"),
    (413, "", "picture", "Telegram takes pictures of 10 MB at most"),
    (400, "", "post", ""),
)
"""HTTP status, what the description says, what that is about and what to do; the first row that fits holds.

429 is for later, after 5xx nobody knows. Telegram does not list its descriptions:
https://core.telegram.org/bots/api#making-requests.
"""


@dataclass(frozen=True)
class Telegram(SocialNetwork):
    """One channel on Telegram; the bot is one of its administrators and may post."""

    token: Secret
    """Token of the bot, from @BotFather."""
    channel: str
    """``@name`` of a public channel, the number ``-100…`` of a private one."""
    api_url: str = "https://api.telegram.org"
    """Address of the API; another one for a Bot API server of your own."""
    timeout_s: float = 30
    """How long to wait for the answer; whether the post stands is unknown afterwards."""

    max_image_bytes: ClassVar[int] = 10_000_000

    def __post_init__(self) -> None:
        """Refuse settings that cannot work."""
        http.check_address(self.api_url)
        if self.timeout_s <= 0:
            raise ValueError("timeout_s must be more than 0")

    @property
    def limit(self) -> int:
        """Return 4096; a text over 1024 goes without its picture, see `objections`."""
        return TEXT

    def measure(self, text: str) -> int:
        """Return the length in UTF-16 units, which is how Telegram counts."""
        return len(text.encode("utf-16-le", "surrogatepass")) // 2

    def objections(self, snippet: Snippet) -> tuple[str, ...]:
        """Return what becomes of a picture with a long text, and of its description."""
        if not snippet.image:
            return ()
        if (length := self.measure(snippet.text)) > CAPTION:
            instead = "the preview of its link" if snippet.link else "nothing"
            why = f"under a picture Telegram takes {CAPTION} characters and this text has {length}: "
            return (f"{why}it goes without the picture, {instead} stands in its place",)
        if snippet.alt:
            why = "Telegram has no descriptions of pictures: say in the text what people must know of it"
            return (why,)
        return ()

    def publish(self, posting: Posting) -> Receipt:
        """Publish a picture with the text under it, or a message where there is none or the text is too long.

        A lost answer stays unknown: a bot cannot read what stands in a channel, and Telegram knows no key.
        """
        snippet, image = posting.snippet, posting.image
        if image is not None and self.measure(snippet.text) <= CAPTION:
            result = self._ask(
                "sendPhoto",
                repeatable=False,
                data={"chat_id": self.channel, "caption": snippet.text},
                files={"photo": _picture(image)},
            )
        else:
            message: dict[str, Any] = {"chat_id": self.channel, "text": snippet.text}
            if snippet.link:
                # Else the preview would be of the first address in the text, whichever that is.
                large = {"prefer_large_media": True, "show_above_text": True} if image else {}
                message["link_preview_options"] = {"url": snippet.link, **large}
            result = self._ask("sendMessage", repeatable=False, json=message)
        receipt = self._receipt(result)
        posting.note(receipt)
        return receipt

    def retract(self, receipt: Receipt) -> None:
        """Delete a message; a bot can do so for 48 hours (https://core.telegram.org/bots/api#deletemessage)."""
        chat, _, message = receipt.remote_id.partition("/")
        if not message.isdecimal():
            super().retract(receipt)
        try:
            self._ask("deleteMessage", repeatable=True, json={"chat_id": chat, "message_id": int(message)})
        except PermanentError as error:
            if re.search(r"(?i)message to delete not found|message_id_invalid", error.why):
                return
            if not re.search(r"(?i)message can't be deleted", error.why):
                raise
            why = f"Telegram lets a bot delete for 48 hours only; remove it by hand {receipt.url}"
            raise PermanentError(why.rstrip(), code="by hand") from None

    def standing(self) -> Standing:
        """Return bot and channel, and whether the one may post in the other."""
        me = self._told("getMe")
        chat = self._told("getChat", chat_id=self.channel)
        member = self._told("getChatMember", chat_id=self.channel, user_id=me.get("id"))
        kind, role = str(chat.get("type", "")), str(member.get("status", ""))
        if kind == "channel":
            may_post = role == "creator" or bool(member.get("can_post_messages"))
        else:
            may_post = role in {"creator", "administrator", "member"}
        return Standing(
            f"@{me.get('username', '')} in {chat.get('title') or self.channel}",
            facts=(
                f"{kind}, the bot is {role} there",
                f"texts of {TEXT} characters, with a picture {CAPTION}",
                "posts can be deleted for 48 hours",
            ),
            warnings=() if may_post else (f"the bot cannot post: {_RIGHTS}",),
        )

    def _receipt(self, message: Any) -> Receipt:
        """Return identity and address of a message; it is named with its chat, for `channel` may change."""
        chat = message.get("chat") if isinstance(message, dict) else None
        if not isinstance(chat, dict) or not isinstance(message.get("message_id"), int):
            where = http.place(self.api_url)
            raise http.unanswered(http.NOT_OURS, repeatable=False, where=where, code="broken")
        number, chat_id = message["message_id"], str(chat.get("id", ""))
        url = ""
        if name := chat.get("username"):
            url = f"https://t.me/{name}/{number}"
        elif chat_id.startswith("-100"):
            # Only members can open it (https://core.telegram.org/api/links#message-links).
            url = f"https://t.me/c/{chat_id.removeprefix('-100')}/{number}"
        return Receipt(remote_id=f"{chat_id}/{number}", url=url)

    def _told(self, method: str, **fields: Any) -> dict[str, Any]:
        result = self._ask(method, repeatable=True, json=fields)
        if not isinstance(result, dict):
            where = http.place(self.api_url)
            raise http.unanswered(http.NOT_OURS, repeatable=True, where=where, code="broken")
        return result

    def _ask(self, method: str, *, repeatable: bool, **body: Any) -> Any:
        """Call a method and return its ``result``."""
        token = self.token.reveal()
        if not _TOKEN.fullmatch(token):
            why = "this is no token of a bot; one looks like 123456:AAF-x… and comes from @BotFather"
            raise RefusedSenderError(why, where=self.token.where, code="token")
        answer = http.call(
            "POST",
            f"{self.api_url.rstrip('/')}/bot{token}/{method}",
            repeatable=repeatable,
            needs=("result",),
            takes=range(300, 600),
            timeout_s=(http.TIMEOUT_S[0], self.timeout_s),
            secrets=(token, token.partition(":")[2]),
            **body,
        )
        if answer.status >= 300:
            where = f"{http.place(self.api_url)}/bot***/{method}"
            raise _refusal(answer, token, repeatable=repeatable, where=where)
        return answer.body["result"]


def _refusal(answer: http.Answer, token: str, *, repeatable: bool, where: str) -> DeliveryError:
    """Return what an answer that is no success means."""
    status, code = answer.status, str(answer.status)
    words = http.words_of(jsonlib.dumps(answer.body).encode(), (token, token.partition(":")[2]))
    why = f"HTTP {status}" + (f": {words}" if words else "")
    if status < 400:
        # Where it moved to may hold the token, so that is not told.
        return RefusedSenderError(f"{why}: it moved; look at api_url", where=where, code=code)
    for known, phrase, verdict, advice in VERDICTS:
        if status == known and re.search(phrase, words, re.IGNORECASE):
            why = f"{why}; {advice}" if advice else why
            if verdict == "us":
                return RefusedSenderError(why, where=where, code=code)
            return PermanentError(why, where=where, code="picture" if verdict == "picture" else code)
    error = http.refusal(status, answer.headers, words, repeatable=repeatable, where=where)
    parameters = answer.body.get("parameters") if isinstance(answer.body, dict) else None
    asked = parameters.get("retry_after") if isinstance(parameters, dict) else None
    if isinstance(error, TransientError) and isinstance(asked, int) and 0 <= asked < 1e9:
        error.retry_after_s = float(asked)
    return error


def _picture(image: Path) -> tuple[str, bytes, str]:
    """Return name, content and media type for the upload."""
    try:
        content = image.read_bytes()
    except OSError as error:
        why = f"the picture cannot be read: {error.strerror}"
        raise PermanentError(why, where=str(image), code="picture") from None
    kind = mimetypes.guess_type(image.name)[0] or "image/jpeg"
    return f"picture{image.suffix}", content, kind
