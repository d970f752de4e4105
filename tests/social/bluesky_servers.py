"""An account of ours on the real PDS or on our fake, in one form for both."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from newsletter import tokens
from newsletter.model import Card, Snippet
from newsletter.secret import Secret
from newsletter.social.base import Posting
from newsletter.social.bluesky import Bluesky
from tests.fakes import bluesky as fakes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.fakes.stand_bluesky import BlueskyStand
    from tests.servers.pds import Pds


LINK: Final = "https://rivertrust.example/rivers/otters-are-back?utm_source=bluesky&utm_campaign=autumn"
CARD: Final = Card(LINK, "Otters are back", "After forty years.")
AT: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass
class Played:
    """A server with an account of ours."""

    account: Bluesky
    """As we have it in config.toml."""
    did: str
    """Its identity."""
    friend: tuple[str, str]
    """Handle and identity of another account."""
    records: Callable[[], list[dict[str, Any]]]
    """What stands, ``{"uri", "cid", "value"}``, the oldest first."""
    ended: Callable[[str], str]
    """A token as if its time were over."""
    lose_answer: Callable[[], None]
    """Breaks the next request that publishes, once the server has done it."""

    def hold(self, access: str, refresh: str = "") -> None:
        """Change what we keep of the session."""
        held = self.held
        changed = dataclasses.replace(held, access=access, refresh=refresh or held.refresh)
        self.drawer.replace(held, changed)

    @property
    def held(self) -> tokens.Tokens:
        """Return what we keep of the session."""
        held = self.drawer.read()
        assert held is not None
        return held

    @property
    def drawer(self) -> tokens.Drawer:
        """Return where the session is kept."""
        return drawer(self.account)


def on_the_fake(stand: BlueskyStand) -> Played:
    """Return our fake."""
    fake = stand.fake
    return Played(
        account=stand.account,
        did=fakes.DID,
        friend=fakes.FRIEND,
        records=lambda: [record for _, record in sorted(fake.records.items())],
        ended=fake.ended,
        lose_answer=lambda: stand.fail("lost after commit"),
    )


def on_the_pds(pds: Pds, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Played:
    """Return an account of its own on the real server."""
    ours, friend = pds.open_account(), pds.open_account()
    monkeypatch.setenv("PLANTED_BLUESKY", ours.app_password)
    monkeypatch.setenv("NEWSLETTER_TOKENS", str(folder / "tokens"))
    return Played(
        account=Bluesky("river", ours.handle, Secret("env", "PLANTED_BLUESKY"), server=pds.url, timeout_s=20),
        did=ours.did,
        friend=(friend.handle, friend.did),
        records=lambda: pds.records(ours.did),
        ended=pds.ended,
        # Words of a body, for a head may come by itself.
        lose_answer=lambda: pds.wire.lose_answer_to(b'"app.bsky.feed.post"'),
    )


def drawer(account: Bluesky) -> tokens.Drawer:
    """Return where the session of an account is kept."""
    return tokens.drawer("bluesky", account.server, account.handle)


def posting(*texts: str, key: str = "edition-1", card: Card | None = None, **more: Any) -> Posting:
    """Return what an account is to publish; ``more``: ``image``, ``card_image``, ``done``, ``note``."""
    words = texts or ("Otters!",)
    snippet = Snippet(
        "river",
        "bluesky",
        "\n\n".join(words),
        parts=words if len(words) > 1 else (),
        language="en-GB",
        alt="An otter on a stone" if "image" in more else "",
        card=card,
    )
    return Posting(snippet, key, AT, **more)
