"""Divide words into the posts of a thread: where the author says so, else where a reader would breathe."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from newsletter.editions import fitting
from newsletter.editions.slots import Slots, pieces

if TYPE_CHECKING:
    from newsletter.editions.slots import Paper


def split(slots: Slots, paper: Paper) -> tuple[Slots, ...]:
    """Return the posts of a thread, each of which fits; empty when the network takes no such thread.

    Lines of ``---`` begin a new post; a post that is still too long ends with
    a paragraph, else a sentence, a clause, a word. Call to action, link and
    hashtags stand together in the first or the last post, or in one of their
    own. Each post is to be printed as it is.
    """
    ask = slots.ask
    posts = _divided(slots, ask, paper)
    # What the words say already may have been torn apart, and must then be said once more.
    question, link = (_torn(whole, posts, paper) for whole in (slots.call_to_action, slots.link))
    if not (question or link):
        return posts
    return _divided(
        slots,
        replace(ask, call_to_action=question or ask.call_to_action, link=link or ask.link),
        paper,
    )


def _torn(whole: str, posts: tuple[Slots, ...], paper: Paper) -> str:
    """Return what should stand in one of the posts as a whole and does not; else nothing."""
    return "" if not posts or any(whole in paper.layout(post) for post in posts) else whole


def _divided(slots: Slots, ask: Slots, paper: Paper) -> tuple[Slots, ...]:
    most = paper.network.max_posts
    # The number itself takes room: one digit for the whole is tried before two.
    for total in (9, 99) if paper.numbered else (0,):
        posts = _flowed(slots, ask, paper, total)
        if not posts or len(posts) > most or (total and len(posts) > total):
            continue
        if paper.numbered and len(posts) > 1:
            posts = [replace(post, number=f"{place}/{len(posts)}") for place, post in enumerate(posts, 1)]
        else:
            posts = [replace(post, number="") for post in posts]
        if all(_fits(post, paper) for post in posts):
            return tuple(posts)
    return ()


def _flowed(slots: Slots, ask: Slots, paper: Paper, total: int) -> list[Slots]:
    """Let the words flow through as many posts as they need; empty when a word is longer than a post."""
    made: list[Slots] = []
    head = replace(ask if paper.link_in == "first" else Slots(), hook=slots.hook)
    for piece in pieces(slots.why) or [""]:
        rest = piece
        while rest or head.said or head.asks:
            # One more than allowed shows that it is too long; a whole book would take its time.
            if len(made) > paper.network.max_posts:
                return made
            head = replace(head, number=f"{len(made) + 1}/{total}" if total else "")
            if head.hook and not _fits(head, paper):
                rest, head = replace(head, why=rest).said, replace(head, hook="")
            # A post that says something already may end there; only an empty one breaks off inside a clause.
            full = bool(head.said or head.asks)
            fits = partial(_fits_with, head, paper)
            cut, end = fitting.start(rest, fits, unbroken=full)
            if not cut and not full:
                return []
            made.append(replace(head, why=cut))
            rest, head = rest[end:].strip(), Slots()
    return made if paper.link_in == "first" else _asking_last(made, ask, paper, total)


def _asking_last(made: list[Slots], ask: Slots, paper: Paper, total: int) -> list[Slots]:
    """Return the posts with the ask in the last one, or behind it when that is full."""
    if made and _fits(asking := made[-1].asking(ask), paper):
        return [*made[:-1], asking]
    return [*made, replace(ask, number=f"{len(made) + 1}/{total}" if total else "")]


def _fits_with(head: Slots, paper: Paper, why: str) -> bool:
    return _fits(replace(head, why=why), paper)


def _fits(post: Slots, paper: Paper) -> bool:
    return paper.network.measure(paper.layout(post)) <= paper.network.limit
