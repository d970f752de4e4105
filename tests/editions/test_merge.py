"""Merge tags: the same tag has the same token, and no tag leaves a hole."""

import pytest

from newsletter.editions.merge import ALWAYS_KNOWN, TOKEN, MergeTags, fallback
from newsletter.errors import ContentError


def test_the_same_name_and_fallback_print_the_same_token() -> None:
    """Others print others; each finds its tag again."""
    tags = MergeTags()
    one, other = tags.tag("first_name", "friend"), tags.tag("first_name", "reader")

    assert str(one) == str(fallback(tags.first_name, "friend"))
    assert str(one) != str(other)
    match = TOKEN.fullmatch(str(other))
    assert match
    assert tags.named(match) is other


def test_a_rehearsal_takes_the_value_else_the_fallback() -> None:
    """An empty value is no value."""
    tags = MergeTags()
    line = f"Dear {tags.tag('first_name', 'friend')}"

    assert tags.rehearse(line, {"first_name": "Ana"}) == "Dear Ana"
    assert tags.rehearse(line, {"first_name": ""}) == "Dear friend"


@pytest.mark.parametrize("name", sorted(ALWAYS_KNOWN))
def test_what_everybody_has_needs_no_fallback(name: str) -> None:
    """An address and the links."""
    tags = MergeTags()

    tags.refuse_holes(f"{getattr(tags, name)}", where="x")


def test_a_tag_without_a_fallback_is_refused() -> None:
    """With the words to write."""
    tags = MergeTags()

    with pytest.raises(ContentError, match=r'digest.html.j2: merge.first_name needs a fallback: .*"friend"'):
        tags.refuse_holes(f"Dear {tags.first_name}", where="digest.html.j2")


@pytest.mark.parametrize(
    "change", [str.upper, lambda token: token[:-1], lambda token: token.replace("0", "9")]
)
def test_a_tag_that_another_filter_has_changed_is_refused(change: object) -> None:
    """It could never be filled."""
    tags = MergeTags()
    assert callable(change)

    with pytest.raises(ContentError, match="no filter but fallback"):
        tags.refuse_holes(change(str(tags.email)), where="x")


def test_a_tag_cannot_be_tested_in_a_template() -> None:
    """A letter is rendered once for everybody."""
    with pytest.raises(ContentError, match="cannot be tested"):
        bool(MergeTags().first_name)


def test_a_fallback_belongs_behind_a_tag() -> None:
    """Elsewhere it is a mistake."""
    with pytest.raises(ContentError, match="belongs behind a merge tag"):
        fallback("friend", "x")
