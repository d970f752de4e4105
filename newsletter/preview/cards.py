"""One card per account: what readers of that network will see, how long it is, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from newsletter.posts import store
from newsletter.posts.body import first_words
from newsletter.preview.looks import handle_of, look_of
from newsletter.preview.runs import folded, runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from newsletter.app import App
    from newsletter.editions.edition import Edition
    from newsletter.model import Finding, Post, Snippet
    from newsletter.preview.looks import Look
    from newsletter.preview.runs import Run
    from newsletter.social.base import SocialNetwork


@dataclass(frozen=True)
class LinkCard:
    """The preview of the linked page."""

    domain: str
    """Host of the page."""
    title: str
    """Headline; empty: only the network will know it."""
    description: str = ""
    """A sentence or two."""
    image: str = ""
    """File name of its picture in the edition; empty for none that we know."""
    ours: bool = True
    """Whether we make it; else the network does, from the page."""


@dataclass(frozen=True)
class ShownPost:
    """One post as readers see it, and its length."""

    seen: tuple[Run, ...]
    """The text before the fold."""
    behind: tuple[Run, ...]
    """The text behind "more"."""
    length: int
    """In the network's counting."""
    limit: int
    """What the network takes, in the same counting."""
    picture: bool = False
    """Whether the picture stands under it."""
    link_card: LinkCard | None = None
    """The preview under it."""

    @property
    def share(self) -> int:
        """Return how much of the limit is used, 0 to 100."""
        return min(100, round(100 * self.length / self.limit)) if self.limit else 100

    @property
    def fullness(self) -> str:
        """Return ``over``, ``close`` (the last tenth) or ``room``."""
        if self.length > self.limit:
            return "over"
        return "close" if self.share >= 90 else "room"


@dataclass(frozen=True)
class AccountCard:
    """Everything about one snippet."""

    snippet: Snippet
    """What is published."""
    look: Look
    """How the network shows it."""
    handle: str
    """The account as readers see it."""
    posts: tuple[ShownPost, ...]
    """The posts of a thread; one for a post by itself."""
    warnings: tuple[tuple[str, str], ...]
    """``error`` or ``warning``, and the reason."""
    by_hand: bool
    """Whether a person publishes it, and needs everything at hand."""


def cards(app: App, edition: Edition, findings: Sequence[Finding]) -> tuple[AccountCard, ...]:
    """Return a card for every snippet of an edition that was built just now.

    Raises:
        ContentError: the lead post cannot be read.
    """
    networks = {network.name: network for network in app.networks}
    lead = store.load(app.workspace.posts / edition.posts[0])
    return tuple(_card(networks[snippet.account], snippet, lead, findings) for snippet in edition.snippets)


def _card(network: SocialNetwork, snippet: Snippet, lead: Post, findings: Sequence[Finding]) -> AccountCard:
    look = look_of(network)
    return AccountCard(
        snippet=snippet,
        look=look,
        handle=handle_of(network),
        posts=tuple(_posts(network, snippet, look, lead)),
        warnings=tuple(_warnings(snippet, findings)),
        by_hand=network.by_hand,
    )


def _posts(network: SocialNetwork, snippet: Snippet, look: Look, lead: Post) -> Iterator[ShownPost]:
    """Yield the posts: the first one has the picture, the one with the link the preview of its page."""
    texts = snippet.posts
    linked = next((place for place, text in enumerate(texts) if snippet.link and snippet.link in text), None)
    for place, text in enumerate(texts):
        length = network.measure(text)
        takes = look.picture_up_to is None or length <= look.picture_up_to
        picture = place == 0 and bool(snippet.image) and takes
        seen, behind = folded(runs(text, look), network.fold)
        link_card = _link_card(snippet, look, lead, beside_picture=picture) if place == linked else None
        yield ShownPost(seen, behind, length, network.limit, picture, link_card)


def _link_card(snippet: Snippet, look: Look, lead: Post, *, beside_picture: bool) -> LinkCard | None:
    domain = urlsplit(snippet.link).hostname or ""
    if card := snippet.card:
        return LinkCard(domain, card.title, card.description, card.image)
    if not look.unfurls or (look.unfurls == "alone" and beside_picture):
        return None
    if _page(snippet.link) != _page(lead.link):
        return LinkCard(domain, "", ours=False)
    return LinkCard(domain, lead.title, lead.excerpt or first_words(lead.body), ours=False)


def _page(url: str) -> tuple[str | None, str]:
    """Return what two addresses of the same page have in common, whatever their parameters."""
    parts = urlsplit(url)
    return parts.hostname, parts.path.rstrip("/")


def _warnings(snippet: Snippet, findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with one snippet; notes stand among the checks only."""
    place = f"snippet for {snippet.account}"
    for finding in findings:
        detail = finding.where.removeprefix(place)
        if finding.severity != "info" and detail != finding.where and detail[:1] in {"", ":", ","}:
            detail = detail.lstrip(":, ")
            yield finding.severity, f"{finding.why} ({detail})" if detail else finding.why
