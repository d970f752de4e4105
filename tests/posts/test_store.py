"""Posts on disk: what staff may write, what they are told, and that nothing is lost."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter.errors import ContentError
from newsletter.model import CallToAction, Image, Post, RelatedPost
from newsletter.posts import store
from newsletter.posts.slugs import slug_of

if TYPE_CHECKING:
    from collections.abc import Callable

WHOLE = Post(
    slug="eels",
    title="Eels: “back” at last",
    body="In May they came.\n\n![At the weir](weir.jpg)",
    excerpt="How the eels came back: a story.",
    author="Ana Ruiz",
    published_at=datetime(2026, 3, 5, 9, 30, tzinfo=UTC),
    images=(Image("At the weir", "weir.jpg", "https://x.example/w.jpg", "The weir", "Ana", 64, 48),),
    link="https://river.example/eels",
    tags=("Eels", "1.10", "NO"),
    language="en-GB",
    call_to_action=CallToAction("Can you help?", "Give", "https://river.example/give"),
    related=(RelatedPost("Otters", "They came too.", "https://river.example/otters"), RelatedPost("Drains")),
)


def hand_written(posts: Path, text: str, slug: str = "eels") -> Path:
    """Write an index.md as staff would."""
    folder = posts / slug
    folder.mkdir(parents=True)
    (folder / "index.md").write_text(text, encoding="utf-8")
    return folder


def mistakes(posts: Path, text: str) -> str:
    """Return what staff are told about an index.md."""
    with pytest.raises(ContentError) as caught:
        store.load(hand_written(posts, text))
    return str(caught.value).replace(f"{posts}/eels/", "")


def test_a_stored_post_is_read_back_whole(tmp_path: Path, draw: Callable[..., bytes]) -> None:
    """Every field."""
    saved = store.save(WHOLE, {"weir.jpg": draw()}, tmp_path)
    assert store.load(saved.path.parent) == WHOLE
    assert not saved.updated


def test_what_is_written_is_for_people_to_read(tmp_path: Path) -> None:
    """Plain keys in a fixed order, empty ones left out, no escapes."""
    saved = store.save(
        Post("eels", "“Ölfish”", "In May.", published_at=date(2026, 3, 5), tags=("Eels",)), {}, tmp_path
    )
    assert saved.path.read_text(encoding="utf-8") == (
        "---\ntitle: “Ölfish”\ndate: 2026-03-05\ntags:\n  - Eels\n---\n\nIn May.\n"
    )


def test_moments_are_written_in_iso_with_their_zone(tmp_path: Path, draw: Callable[..., bytes]) -> None:
    """No naive time reaches a file."""
    saved = store.save(WHOLE, {"weir.jpg": draw()}, tmp_path)
    assert "\ndate: 2026-03-05T09:30:00Z\n" in saved.path.read_text(encoding="utf-8")


def test_yaml_words_stay_words(tmp_path: Path) -> None:
    """NO is a country, 1.10 a version, 0123 a number on a door."""
    post = store.load(
        hand_written(tmp_path, "---\ntitle: NO\nauthor: 0123\ntags: [1.10, yes, null]\nexcerpt: ~\n---\nx")
    )
    assert (post.title, post.author, post.tags, post.excerpt) == ("NO", "0123", ("1.10", "yes"), "")


def test_toml_front_matter_is_read_too(tmp_path: Path) -> None:
    """With TOML's own dates and numbers."""
    text = (
        '+++\ntitle = "Eels"\ndate = 2026-03-05\ntags = ["a"]\n[call_to_action]\nquestion = "Help?"\n+++\nx'
    )
    post = store.load(hand_written(tmp_path, text))
    assert (post.published_at, post.tags) == (date(2026, 3, 5), ("a",))
    assert post.call_to_action == CallToAction("Help?")


def test_shorthand_that_staff_write_is_understood(tmp_path: Path) -> None:
    """Tags between commas, a question alone."""
    post = store.load(hand_written(tmp_path, "---\ntitle: a\ntags: x, y\ncall_to_action: Help?\n---\nx"))
    assert (post.tags, post.call_to_action) == (("x", "y"), CallToAction("Help?"))


def test_a_picture_that_only_the_text_shows_is_among_the_images(tmp_path: Path) -> None:
    """Staff need not list it."""
    folder = hand_written(tmp_path, "---\ntitle: a\n---\n![Weir](w.png)")
    (folder / "w.png").write_bytes(b"x")
    assert store.load(folder).images == (Image("Weir", "w.png"),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("---\ntitel: x\n---\nx", "index.md:2: there is no key 'titel'; did you mean 'title'?"),
        ("---\nauthor: x\n---\nx", "index.md: the title is missing; add a line title: …"),
        ("x", "index.md: the title is missing; add a line title: …"),
        ("---\ntitle: [a]\n---\nx", "index.md:2: title must be text"),
        ("---\ntitle: a\ndate: May\n---\nx", "index.md:3: 'May' is not a date; write 2026-03-05"),
        ("---\ntitle: a\nlink: x.org\n---\nx", "index.md:3: 'x.org' is not a whole web address"),
        ("---\ntitle: a\nlanguage: english!\n---\nx", "index.md:3: 'english!' is not a language"),
        ("---\ntitle: a\ntags:\n  a: b\n---\nx", "index.md:3: tags must be a list of words"),
        (
            "---\ntitle: a\nimages:\n  - alt: b\n    widht: 3\n---\nx",
            "index.md:5: there is no key 'widht'; did",
        ),
        ("---\ntitle: a\nimages:\n  - width: 1.5\n---\nx", "index.md:4: width must be a number of pixels"),
        ("---\ntitle: a\nimages: x.jpg\n---\nx", "index.md:3: images must be a list"),
        ("---\ntitle: a\nimages:\n  - x.jpg\n---\nx", "index.md:4: an entry of images must have keys: file"),
        ("---\ntitle: a\nimages:\n  - file: ../x.jpg\n---\nx", "index.md:4: the picture '../x.jpg' must lie"),
        ("---\ntitle: a\nimages:\n  - file: no.jpg\n---\nx", "index.md:4: there is no picture 'no.jpg'"),
        ("---\ntitle: a\n---\n\n![a](no.jpg)", "index.md:5: there is no picture 'no.jpg'"),
        ("---\ntitle: a\nrelated:\n  - url: https://x.y\n---\nx", "index.md:4: a related story has no title"),
        (
            "---\ntitle: a\ncall_to_action:\n  label: b\n---\nx",
            "index.md:3: the call to action has no question",
        ),
        (
            "---\ntitle: a\ncall_to_action:\n  question: b\n  url: javascript:x\n---\nx",
            "index.md:5: 'javascript:x' is not a whole web address",
        ),
        ("---\ntitle: a\ntitle: b\n---\nx", "index.md:3: the key 'title' is written twice"),
        ("---\ntitle: 'a\n---\nx", "index.md:3: the front matter is not valid YAML"),
        ("---\ntitle: a: b\n---\nx", "index.md:2: the front matter is not valid YAML"),
        ("---\n- a\n---\nx", "index.md:2: the front matter must be lines of the form key: value"),
        ("---\ntitle: a\nx", "index.md:1: the front matter that --- opens is not closed"),
        ("---\ntitle: &a a\ntags: &b [*b]\n---\nx", "index.md:3: anchors"),
        (
            "---\ntitle: a\ntags: " + "[" * 3000 + "\n---\nx",
            "index.md:1: the front matter is nested too deep",
        ),
        ("+++\ntitle = 'a'\nauthor = \n+++\nx", "index.md:3: the front matter is not valid TOML"),
        (
            "+++\ntitle = 'a'\nautor = 'b'\n+++\nx",
            "index.md:3 (autor): there is no key 'autor'; did you mean",
        ),
        ("", "index.md: it is empty"),
    ],
)
def test_every_mistake_is_named_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    """In words that say what to do."""
    lines = mistakes(tmp_path, text).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(told)


def test_all_mistakes_of_all_posts_are_told_at_once(tmp_path: Path) -> None:
    """Nobody mends one file at a time."""
    hand_written(tmp_path, "---\ntitle: a\ndate: May\nlink: x\n---\nx", "one")
    hand_written(tmp_path, "---\ntitel: a\n---\nx", "two")
    hand_written(tmp_path, "---\ntitle: a\n---\nx", "Three Posts")
    hand_written(tmp_path, "---\ntitle: fine\n---\nx", "four")
    with pytest.raises(ContentError) as caught:
        store.load_all(tmp_path)
    assert len(caught.value.problems) == 4
    assert "rename the folder 'Three Posts'" in str(caught.value)


def test_posts_are_listed_by_slug_and_other_folders_are_left_alone(tmp_path: Path) -> None:
    """Hidden folders and folders without index.md are none."""
    hand_written(tmp_path, "---\ntitle: b\n---\nx", "b")
    hand_written(tmp_path, "---\ntitle: a\n---\nx", "a")
    hand_written(tmp_path, "broken", ".hidden")
    (tmp_path / "drafts").mkdir()
    assert [post.slug for post in store.load_all(tmp_path)] == ["a", "b"]
    assert store.load_all(tmp_path / "nowhere") == []


def test_the_same_post_is_updated_in_place(tmp_path: Path) -> None:
    """The same link, whatever became of the title; staff's other files stay."""
    first = store.save(Post("a", "A", "One.", link="https://www.river.example/a/"), {}, tmp_path)
    (first.path.parent / "notes.txt").write_text("mine", encoding="utf-8")
    again = store.save(Post("b", "B", "Two.", link="https://river.example/a#top"), {}, tmp_path)
    assert (again.updated, again.post.slug, again.path) == (True, "a", first.path)
    assert store.load(first.path.parent).body == "Two."
    assert (first.path.parent / "notes.txt").exists()


def test_without_a_link_title_and_day_say_what_is_the_same(tmp_path: Path) -> None:
    """Upper case and the time of day make no difference."""
    store.save(Post("a", "Eels", "One.", published_at=date(2026, 3, 5)), {}, tmp_path)
    moment = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
    assert store.save(Post("a", "EELS", "x", published_at=moment), {}, tmp_path).updated
    other = store.save(Post("a", "Eels", "x", published_at=date(2026, 3, 6)), {}, tmp_path)
    assert (other.updated, other.post.slug) == (False, "a-2")


def test_a_different_post_with_a_taken_slug_gets_a_number(tmp_path: Path) -> None:
    """A broken neighbour or a folder of something else takes a slug too."""
    hand_written(tmp_path, "broken", "a")
    (tmp_path / "a-2").mkdir()
    assert store.save(Post("a", "A", "x"), {}, tmp_path).post.slug == "a-3"


def test_nothing_is_written_when_something_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fills up at the second file."""
    store.save(Post("a", "A", "Old."), {"p.jpg": b"old"}, tmp_path)
    write = Path.write_bytes

    def fill_up(path: Path, content: bytes) -> int:
        if path.name.startswith(".index.md"):
            raise OSError(28, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", fill_up)
    for slug, title in (("a", "A"), ("b", "B")):
        with pytest.raises(OSError, match="No space"):
            store.save(Post(slug, title, "New."), {"p.jpg": b"new"}, tmp_path)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == [
        "a", "a/index.md", "a/p.jpg",
    ]  # fmt: skip
    assert (tmp_path / "a" / "p.jpg").read_bytes() == b"old"


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Café Anna's “big” day", "cafe-annas-big-day"),
        ("../../etc/passwd", "etc-passwd"),
        ("word " * 30, "word-word-word-word-word-word-word-word-word-word-word-word"),
        (
            "Nine words that end where a cut would leave the of them",
            "nine-words-that-end-where-a-cut-would-leave-the-of-them",
        ),
        ("x" * 99, "x" * 60),
    ],
)
def test_slugs_are_safe_and_short(title: str, slug: str) -> None:
    """Letters, digits and hyphens only."""
    assert slug_of(title) == slug


def test_a_title_without_latin_letters_has_a_slug_too() -> None:
    """The same one each time."""
    assert slug_of("河流") == slug_of("河流") != slug_of("森林")
    assert slug_of("河流").startswith("post-")
