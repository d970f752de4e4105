"""Webhook: a hook of Slack, of Discord, or any address of yours that takes JSON.

See https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and
https://discord.com/developers/docs/resources/webhook#execute-webhook. The whole
address is the secret: whoever knows it can post.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import quote, urlsplit

from newsletter import http
from newsletter.errors import RefusedSenderError
from newsletter.secret import Secret
from newsletter.social.base import SocialNetwork, Standing
from newsletter.social.webhook.hook import GONE, Hook, member
from newsletter.social.webhook.shapes import LIMITS, POST, Shape, written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter.model import Receipt, Snippet
    from newsletter.social.base import Posting

HOSTS: Final[Mapping[str, Shape]] = {
    "hooks.slack.com": "slack",
    "discord.com": "discord",
    "discordapp.com": "discord",
}
"""Hosts whose hooks have one shape."""
UNKNOWN_MESSAGE: Final = 10008
"""Discord's code for a message that is not there; with 10015 it is the hook that is not there."""


@dataclass(frozen=True)
class Webhook(SocialNetwork):
    """One hook, which is one channel."""

    address: Secret
    """Whole address of the hook."""
    shape: Shape = "slack"
    """What it takes: ``slack``, ``discord``, or ``plain``: an object of text, link, alt, key and campaign."""
    max_characters: int = 0
    """Longest text; 0: what the shape takes, which is 3000, 2000 or 5000."""
    timeout_s: float = 30
    """How long to wait for the answer; whether the post stands is unknown afterwards."""

    # https://discord.com/developers/docs/resources/message#attachment-object
    max_alt: ClassVar[int] = 1024

    def __post_init__(self) -> None:
        """Refuse settings that cannot work."""
        too_many = self.shape != "plain" and self.max_characters > LIMITS[self.shape]
        if self.max_characters < 0 or too_many:
            raise ValueError(f"max_characters = {self.max_characters} is not what {self.shape} hooks take")
        if self.timeout_s <= 0:
            raise ValueError("timeout_s must be more than 0")

    @property
    def limit(self) -> int:
        """Return ``max_characters``, or what the shape takes."""
        return self.max_characters or LIMITS[self.shape]

    def measure(self, text: str) -> int:
        """Return the length with all escapes, in UTF-16 units: no way of counting finds it longer."""
        return len(written(text, self.shape).encode("utf-16-le", "surrogatepass")) // 2

    def objections(self, snippet: Snippet) -> tuple[str, ...]:
        """Return what becomes of a picture that the shape has no place for."""
        if snippet.image and self.shape != "discord":
            return (f"a hook of shape {self.shape} takes no picture: the text goes without it",)
        return ()

    def publish(self, posting: Posting) -> Receipt:
        """Publish the text; on Discord with the picture.

        A lost answer stays unknown: a hook cannot read what stands in its channel, and knows no key.
        """
        receipt = POST[self.shape](self._hook(), posting)
        posting.note(receipt)
        return receipt

    def retract(self, receipt: Receipt) -> None:
        """Delete a message on Discord; no other hook can delete."""
        if self.shape != "discord" or not receipt.remote_id:
            super().retract(receipt)
        path = f"/messages/{quote(receipt.remote_id, safe='')}"
        answer = self._hook().call("DELETE", path, repeatable=True, takes=(404,))
        if answer.status == 404 and member(answer.body, "code") != UNKNOWN_MESSAGE:
            why = f"it must be removed by hand {receipt.url}".rstrip()
            raise RefusedSenderError(f"HTTP 404: {GONE}; {why}", where=self.address.where, code="404")

    def standing(self) -> Standing:
        """Return the hook's name and channel on Discord; others tell nothing unless they are posted to."""
        hook = self._hook()
        if self.shape == "discord":
            told = hook.call("GET", repeatable=True, needs=("id", "channel_id")).body
            return Standing(f"{told.get('name') or 'hook'} in channel {told['channel_id']} at {hook.host}")
        fact = "it tells nothing about itself; whether it still lives shows with the next post"
        return Standing(f"{self.shape} hook at {hook.host}", facts=(fact,))

    def _hook(self) -> Hook:
        """Return the hook, after making sure that its address is one."""
        address, where = self.address.reveal(), self.address.where
        try:
            http.check_address(address.partition("?")[0])
            host = urlsplit(address).hostname or ""
        except ValueError:
            # The message of check_address holds the address.
            host = ""
        if not host:
            why = "the address of the hook must begin with https:// and be copied whole"
            raise RefusedSenderError(why, where=where, code="address")
        expected = HOSTS.get(host, self.shape)
        # Discord takes Slack's shape at an address of its own, Slack's workflows take plain objects.
        if self.shape not in {expected, "plain"} and not urlsplit(address).path.endswith(f"/{self.shape}"):
            raise RefusedSenderError(
                f'hooks of {host} have another shape; say shape = "{expected}"', where=where, code="shape"
            )
        return Hook(address, self.timeout_s)
