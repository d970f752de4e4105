"""Bluesky, and other servers of the AT Protocol; see https://docs.bsky.app/docs/advanced-guides/posts.

Every post has a key that is the same on every attempt, and is only ever
created there: to publish twice changes nothing, and to read the key tells for
certain whether it stands. A thread is written whole or not at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from newsletter import http
from newsletter.errors import PermanentError
from newsletter.secret import Secret
from newsletter.social.base import Sighting, SocialNetwork, Standing
from newsletter.social.bluesky import account, embeds, posts, records, texts
from newsletter.social.bluesky.session import Login, Session

if TYPE_CHECKING:
    from newsletter.model import Receipt
    from newsletter.social.base import Posting


@dataclass(frozen=True)
class Bluesky(SocialNetwork):
    """One account on Bluesky; an app password lets us in."""

    handle: str
    """Name of the account: ``rivertrust.bsky.social``."""
    app_password: Secret
    """An app password: Settings → Privacy and security → App passwords."""
    server: str = "https://bsky.social"
    """Where the account logs in; another one for an account on a server of its own."""
    timeout_s: float = 30
    """How long to wait for an answer; what became of a post is looked up afterwards."""

    max_alt: ClassVar[int] = 2000
    max_posts: ClassVar[int] = 20
    makes_cards: ClassVar[bool] = True
    max_image_bytes: ClassVar[int] = embeds.MAX_BYTES

    def __post_init__(self) -> None:
        """Refuse settings that cannot work."""
        http.check_address(self.server)
        if self.timeout_s <= 0:
            raise ValueError("timeout_s must be more than 0")
        if not re.fullmatch(r"did:[a-z]+:\S+|[a-z0-9-]+(\.[a-z0-9-]+)+", self._identifier):
            raise ValueError(f"handle = {self.handle!r} must look like 'rivertrust.bsky.social'")

    @property
    def limit(self) -> int:
        """Return 300; `measure` sees to the limit of 3000 bytes, too."""
        return texts.GRAPHEMES

    def measure(self, text: str) -> int:
        """Return the length of what is shown: addresses are shortened, characters count as readers see them.

        Where a tenth of its bytes is more, it is that.
        """
        return texts.measure(text)

    def publish(self, posting: Posting) -> Receipt:
        """Publish one post, or a whole thread at once.

        Raises:
            PermanentError: also when another post stands at its key.
            UnknownOutcomeError: the answer was lost; `look_up` tells.
        """
        if len(posting.done) == len(posting.snippet.posts):
            return posting.done[0]
        session = Session(self._login)
        receipts = posts.write(session, posting, posts.unpublished(session, posting))
        for receipt in receipts:
            posting.note(receipt)
        return (*posting.done, *receipts)[0]

    def look_up(self, posting: Posting) -> Sighting:
        """Return what stands at the keys of the posting; that is certain.

        Raises:
            PermanentError: another post stands at one of them.
        """
        session = Session(self._login)
        found = [posts.find(session, posting, number) for number in range(len(posting.snippet.posts))]
        count = found.index(None) if None in found else len(found)
        return Sighting(tuple(filter(None, found[:count])), certain=not any(found[count:]))

    def retract(self, receipt: Receipt) -> None:
        """Delete a post; one that is gone already is fine."""
        session, place = Session(self._login), records.place_at(receipt.remote_id)
        if place is None or place.did != session.did:
            super().retract(receipt)
            return
        session.ask("POST", "com.atproto.repo.deleteRecord", repeatable=True, json=place.asked)

    def standing(self) -> Standing:
        """Return handle, identity and server of the account, and what is left of its limits."""
        return account.standing(Session(self._login), http.place(self.server))

    def login_url(self, redirect_url: str, state: str) -> str:
        """Say where app passwords are made; there is no login page."""
        del redirect_url, state
        why = (
            "Bluesky needs no login: make an app password at https://bsky.app/settings/app-passwords "
            "and put it into config.toml as app_password"
        )
        raise PermanentError(why, code="login")

    @property
    def _identifier(self) -> str:
        """Return what logs in: people write handles with an @, or copy the address of a profile."""
        return self.handle.removeprefix("@").rstrip("/").rpartition("/")[2].lower()

    @property
    def _login(self) -> Login:
        return Login(self.server, self._identifier, self.app_password, self.timeout_s)
