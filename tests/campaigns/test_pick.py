"""Which posts a campaign carries, and in which order."""

import random
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import tomlfile
from newsletter.campaigns.campaign import Campaign, PostChoice
from newsletter.campaigns.pick import call_to_action, pick
from newsletter.errors import ConfigError, ContentError
from newsletter.model import CallToAction, Post

POSTS = [
    Post("old", "Old", "", published_at=date(2026, 1, 1), tags=("Rivers",)),
    Post("new", "New", "", published_at=date(2026, 9, 2), tags=("Otters",)),
    Post("noon", "Noon", "", published_at=datetime(2026, 9, 1, 12, tzinfo=UTC), tags=("rivers", "otters")),
    Post("dawn", "Dawn", "", published_at=date(2026, 9, 1)),
    Post("undated", "Undated", "", tags=("rivers",)),
]


def picked(**choice: object) -> list[str]:
    """Return the slugs that a choice takes."""
    campaign = Campaign("autumn", "Hello", posts=PostChoice(**choice))  # type: ignore[arg-type]
    return [post.slug for post in pick(campaign, POSTS)]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"include": ("old", "new")}, ["old", "new"]),
        ({"newest": 2}, ["new", "noon"]),
        ({"newest": 9}, ["new", "noon", "dawn", "old", "undated"]),
        ({"tags": ("RIVERS",)}, ["noon", "old", "undated"]),
        ({"tags": ("rivers", "otters"), "newest": 2}, ["new", "noon"]),
        ({"pinned": ("undated",), "include": ("old",), "newest": 1}, ["undated", "old", "new"]),
        ({"pinned": ("new",), "include": ("new", "old"), "newest": 2}, ["new", "old", "noon", "dawn"]),
        ({"newest": 3, "exclude": ("noon",)}, ["new", "dawn", "old"]),
        ({"include": ("old", "new"), "exclude": ("old",)}, ["new"]),
        ({"newest": 5, "limit": 2}, ["new", "noon"]),
    ],
)
def test_pinned_then_named_then_newest(choice: dict[str, object], expected: list[str]) -> None:
    """No post twice, none that is excluded, at most the limit."""
    assert picked(**choice) == expected


@given(st.randoms(use_true_random=False))
def test_the_order_on_disk_does_not_matter(chance: random.Random) -> None:
    """Equal dates are ordered by slug."""
    posts = [*POSTS, Post("aaa", "A", "", published_at=date(2026, 9, 1))]
    shuffled = chance.sample(posts, len(posts))
    campaign = Campaign("autumn", "Hello", posts=PostChoice(newest=9))

    assert [post.slug for post in pick(campaign, shuffled)] == [
        "new",
        "noon",
        "aaa",
        "dawn",
        "old",
        "undated",
    ]


def test_an_unknown_post_names_file_and_line(tmp_path: Path) -> None:
    """In every list, excluded ones too: a typo there would send what was meant to stay."""
    path = tmp_path / "campaign.toml"
    path.write_text('subject = "x"\n[posts]\ninclude = ["nwe"]\nexclude = ["zzz"]\n', encoding="utf-8")
    campaign = Campaign("autumn", "x", posts=PostChoice(include=("nwe",), exclude=("zzz",)))

    with pytest.raises(ConfigError) as caught:
        pick(campaign, POSTS, file=tomlfile.read(path))

    first, second = map(str, caught.value.problems)
    assert first == f"{path}:3 (posts.include): there is no post 'nwe'; did you mean 'new'?"
    assert second.startswith(f"{path}:4 (posts.exclude): there is no post 'zzz'")


@pytest.mark.parametrize(
    ("choice", "posts", "advice"),
    [
        (PostChoice(), POSTS, r"write include = \[.*\] or newest"),
        (PostChoice(newest=3), [], "newsletter post add"),
        (PostChoice(tags=("weirs",)), POSTS, "no post has a tag of weirs"),
    ],
)
def test_a_campaign_that_picks_nothing_is_refused_with_advice(
    choice: PostChoice, posts: list[Post], advice: str
) -> None:
    """Named, with what to do."""
    with pytest.raises(ContentError, match=f"the campaign 'autumn' picks no posts; .*{advice}"):
        pick(Campaign("autumn", "x", posts=choice), posts)


def test_the_call_to_action_is_the_campaigns_else_a_posts_else_the_organisations() -> None:
    """And it is known where it comes from."""
    own, other, default = CallToAction("Own?"), CallToAction("Other?"), CallToAction("Default?")
    asking = Post("asking", "Asking", "", call_to_action=other)

    assert call_to_action(Campaign("a", "x", call_to_action=own), [asking], default) == (own, "the campaign")
    assert call_to_action(Campaign("a", "x"), [POSTS[0], asking], default) == (other, "the post asking")
    assert call_to_action(Campaign("a", "x"), POSTS, default) == (default, "config.toml")
    assert call_to_action(Campaign("a", "x"), POSTS, None) == (None, "")
