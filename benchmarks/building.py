"""How long it takes to build a digest of ten posts, the first time and when warm."""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import workspace
from newsletter.app import open_app
from newsletter.campaigns import load, pick
from newsletter.editions.build import build
from newsletter.posts import store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.campaigns.campaign import Campaign
    from newsletter.model import Post

POSTS = 10
ROUNDS = 12


def measure() -> Iterator[str]:
    """Yield the cold and the warm time, and that of reading and choosing the posts."""
    with tempfile.TemporaryDirectory() as folder:
        created = workspace.create(Path(folder))
        app = open_app(created.workspace.root)
        campaign = load.load(app.workspace, "autumn-digest")
        campaign = replace(campaign, posts=replace(campaign.posts, pinned=(), newest=POSTS, limit=POSTS))
        posts = _ten(store.load_all(app.workspace.posts))
        times = []
        for round_number in range(ROUNDS):
            # Another subject each time: an edition that exists already would not be written again.
            fresh: Campaign = replace(campaign, subject=f"Round {round_number}")
            started = time.perf_counter()
            build(app.workspace, app.loaded, fresh, pick.pick(fresh, posts), app.networks)
            times.append(time.perf_counter() - started)
    yield (
        f"build a digest of {POSTS} posts: first {times[0] * 1000:.0f} ms, "
        f"warm median {statistics.median(times[1:]) * 1000:.0f} ms (target ≤ 500 ms)"
    )


def _ten(posts: list[Post]) -> list[Post]:
    """Return ten posts made from those there are."""
    return [
        replace(posts[n % len(posts)], slug=f"story-{n}", title=f"{posts[n % len(posts)].title} ({n})")
        for n in range(POSTS)
    ]
