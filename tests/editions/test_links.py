"""UTM parameters: added once, to our own pages only, without disturbing what is there."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.editions.links import LinkTags, own_hosts

TAGS = LinkTags(
    "newsletter", "email", "autumn", own_hosts(["https://www.rivers.example/x", "", "mailto:a@b.c"])
)
UTM = "utm_source=newsletter&utm_medium=email&utm_campaign=autumn"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://rivers.example", f"https://rivers.example?{UTM}"),
        ("https://WWW.rivers.example/a", f"https://WWW.rivers.example/a?{UTM}"),
        ("https://rivers.example:8443/a", f"https://rivers.example:8443/a?{UTM}"),
        ("https://rivers.example/a?b=1&a=2#top", f"https://rivers.example/a?b=1&a=2&{UTM}#top"),
        ("https://rivers.example/a?", f"https://rivers.example/a?{UTM}"),
        ("https://rivers.example/#/page?x=1", f"https://rivers.example/?{UTM}#/page?x=1"),
        (
            "https://rivers.example/a?utm_source=poster",
            "https://rivers.example/a?utm_source=poster&utm_medium=email&utm_campaign=autumn",
        ),
        (f"https://rivers.example/a?{UTM}", f"https://rivers.example/a?{UTM}"),
    ],
)
def test_own_links_are_tagged_and_keep_what_they_have(url: str, expected: str) -> None:
    """Parameters, their order, the fragment, and utm_* that somebody wrote."""
    assert TAGS.tag(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "#top",
        "/relative",
        "mailto:news@rivers.example",
        "tel:+441179000000",
        "ftp://rivers.example/a",
        "https://partner.example/a",
        "https://notrivers.example/a",
        "https://rivers.example.evil.example/a",
        "https://rivers.example/a?who=qzmerge0001zq",
        "https://rivers.example/{{ merge.first_name }}",
        "https://[rivers.example/a",
    ],
)
def test_everything_else_is_left_alone(url: str) -> None:
    """Other people's pages, other schemes, merge tags, and what is no address."""
    assert TAGS.tag(url) == url


def test_a_campaign_without_tags_changes_nothing() -> None:
    """No hosts, no tags."""
    none = LinkTags("newsletter", "email", "autumn", frozenset())

    assert none.tag("https://rivers.example/a") == "https://rivers.example/a"


def test_words_of_a_campaign_are_escaped() -> None:
    """A campaign's own utm name may be anything."""
    tags = LinkTags("news letter", "email", "50% & more", TAGS.hosts)

    assert tags.tag("https://rivers.example/").endswith(
        "?utm_source=news%20letter&utm_medium=email&utm_campaign=50%25%20%26%20more"
    )


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("[a](https://rivers.example/a)", f"[a](https://rivers.example/a?{UTM})"),
        ('[a](https://rivers.example/a "T")', f'[a](https://rivers.example/a?{UTM} "T")'),
        ("[a](<https://rivers.example/a>)", f"[a](<https://rivers.example/a?{UTM}>)"),
        ("[a](https://rivers.example/a_(b))", f"[a](https://rivers.example/a_(b)?{UTM})"),
        ("[a][1]\n\n[1]: https://rivers.example/a", f"[a][1]\n\n[1]: https://rivers.example/a?{UTM}"),
        ("<https://rivers.example/a>", f"[https://rivers.example/a](https://rivers.example/a?{UTM})"),
        ("![river](https://rivers.example/r.jpg)", "![river](https://rivers.example/r.jpg)"),
        (
            "[![river](https://rivers.example/r.jpg)](https://rivers.example/a)",
            f"[![river](https://rivers.example/r.jpg)](https://rivers.example/a?{UTM})",
        ),
        ("[a](mailto:a@rivers.example)", "[a](mailto:a@rivers.example)"),
        ("<https://partner.example>", "<https://partner.example>"),
        ("Plain https://rivers.example/a is no link.", "Plain https://rivers.example/a is no link."),
    ],
)
def test_links_in_a_story_are_tagged_but_not_pictures(markdown: str, expected: str) -> None:
    """Every way Markdown writes a link; the words that are shown stay."""
    assert TAGS.tag_markdown(markdown) == expected


PARAMETERS = st.lists(
    st.tuples(st.text("abcxyz_", min_size=1, max_size=6), st.text("abc123%20", max_size=6)), max_size=4
)


@given(PARAMETERS, st.text("abc/-", max_size=12), st.text("abc123", max_size=5))
def test_tagging_twice_is_tagging_once_and_loses_nothing(
    parameters: list[tuple[str, str]], path: str, fragment: str
) -> None:
    """Whatever the address looks like."""
    query = "&".join(f"{key}={value}" for key, value in parameters)
    url = (
        f"https://rivers.example/{path}"
        + (f"?{query}" if query else "")
        + (f"#{fragment}" if fragment else "")
    )
    before = parse_qsl(query, keep_blank_values=True)

    tagged = TAGS.tag(url)

    assert TAGS.tag(tagged) == tagged
    assert parse_qsl(urlsplit(tagged).query, keep_blank_values=True)[: len(before)] == before
    assert (urlsplit(tagged).path, urlsplit(tagged).fragment) == (urlsplit(url).path, fragment)
