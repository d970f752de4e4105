"""Fit the slots of a snippet to a network: what goes first when there is no room, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from newsletter.editions import fitting, thread
from newsletter.editions.slots import Slots, pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.editions.slots import Paper

    Fitted = tuple[tuple[str, ...], tuple[str, ...]]
    """The posts, and what was done to make them fit."""


def fit(whole: Slots, paper: Paper) -> Fitted:
    """Return the posts of a snippet, each as long as its network allows, and every step that made them so.

    Call to action and link are never cut. A thread that the author marked
    stays one. Else what does not fit goes in this order: spare hashtags, all
    hashtags; then, if the campaign allows it, the words go on in a thread; then
    the end of the text at a sentence, at a word, the whole text, the end of the
    hook, the hook. Hashtags that fit again come back.

    When call to action and link alone are too long for a post, they are all
    that is returned, too long: the checks report it, and nothing else waits for it.
    """
    network = paper.network
    if not paper.fits(ask := replace(whole, hook="", why="", hashtags=())):
        length = network.measure(text := paper.written(ask))
        return (text,), (f"call to action and link alone take {length} of {network.limit} characters",)
    marked = len(pieces(whole.why))
    if marked > 1 and network.max_posts > 1 and (made := _thread(whole, paper)):
        more = made.spoken > marked
        return made.posts, _steps(made.dropped, f"made {made.spoken} posts of {marked}" if more else "")
    joined = "put the posts of the thread together" if marked > 1 else ""
    plain = replace(whole, why="\n\n".join(pieces(whole.why)))
    posts, steps = _fitted(plain, paper, threaded=network.max_posts > 1 and (paper.thread or marked > 1))
    return posts, (*filter(None, [joined]), *steps)


def _fitted(whole: Slots, paper: Paper, *, threaded: bool) -> Fitted:
    draft = whole
    while draft.hashtags and not paper.fits(draft):
        draft = replace(draft, hashtags=draft.hashtags[:-1])
    if not paper.fits(draft):
        if threaded and (made := _thread(whole, paper)):
            return made.posts, _steps(made.dropped, f"made a thread of {len(made.posts)} posts")
        return _cut(whole, paper, threaded=threaded)
    return (paper.written(draft),), _steps(whole.hashtags[len(draft.hashtags) :])


def _cut(whole: Slots, paper: Paper, *, threaded: bool) -> Fitted:
    """Return what is left when words must go, with the hashtags that still find room."""

    def laid_out(slots: Slots) -> tuple[str, ...]:
        if paper.fits(slots):
            return (paper.written(slots),)
        made = _thread(slots, paper) if threaded else None
        return made.posts if made else ()

    draft, step = _shortened(replace(whole, hashtags=()), lambda slots: bool(laid_out(slots)))
    for count in range(len(whole.hashtags), 0, -1):
        if laid_out(more := replace(draft, hashtags=whole.hashtags[:count])):
            draft = more
            break
    return laid_out(draft), _steps(whole.hashtags[len(draft.hashtags) :], step)


@dataclass(frozen=True)
class _Thread:
    posts: tuple[str, ...]
    """What is published."""
    spoken: int
    """How many of the posts have words of their own."""
    dropped: tuple[str, ...]
    """Hashtags for which the post with the ask had no room."""


def _thread(slots: Slots, paper: Paper) -> _Thread | None:
    kept = slots
    while kept.hashtags and not paper.fits(replace(kept, hook="", why="")):
        kept = replace(kept, hashtags=kept.hashtags[:-1])
    posts = thread.split(kept, paper)
    if not posts:
        return None
    spoken = sum(bool(post.said) for post in posts)
    return _Thread(tuple(map(paper.layout, posts)), spoken, slots.hashtags[len(kept.hashtags) :])


def _shortened(draft: Slots, fits: Callable[[Slots], bool]) -> tuple[Slots, str]:
    """Return the slots with as much of their words as fits, and what was done."""
    if fits(draft):
        return draft, ""
    if cut := fitting.at_sentence(draft.why, lambda why: fits(replace(draft, why=why))):
        return replace(draft, why=cut), "ended the text at a sentence"
    if cut := fitting.at_word(
        draft.why, lambda why: fits(replace(draft, why=why)), least=fitting.LEAST_WORDS
    ):
        return replace(draft, why=cut), "ended the text at a word"
    bare = replace(draft, why="")
    if fits(bare):
        return bare, "left out the text"
    if cut := fitting.at_word(draft.hook, lambda hook: fits(replace(bare, hook=hook))):
        return replace(bare, hook=cut), "left out the text, ended the first line at a word"
    return replace(bare, hook=""), "left out the text and the first line"


def _steps(dropped: tuple[str, ...], step: str = "") -> tuple[str, ...]:
    return tuple(filter(None, (f"left out {' '.join(dropped)}" if dropped else "", step)))
