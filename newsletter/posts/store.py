"""Posts on disk: ``posts/<slug>/index.md`` and the pictures beside it, for staff to correct by hand."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from newsletter import files
from newsletter.errors import ContentError, Problem
from newsletter.posts import front_matter
from newsletter.posts.body import with_pictures
from newsletter.posts.decoding import decode
from newsletter.posts.fields import read_fields, write_fields
from newsletter.posts.slugs import is_slug, unused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from newsletter.model import Post
    from newsletter.posts.front_matter import FrontMatter

INDEX: Final = "index.md"


@dataclass(frozen=True)
class Saved:
    """What became of a post that was stored."""

    post: Post
    """The post with its final slug and folder."""
    path: Path
    """Its index.md."""
    updated: bool
    """Whether the post was there already."""


def load(folder: Path) -> Post:
    """Return the post in ``folder``; pictures that only its text shows are among its images.

    Raises:
        ContentError: with one `Problem`, naming file and line, for every mistake.
    """
    path = folder / INDEX
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ContentError(f"there is no post here: {INDEX} is missing", where=str(folder)) from None
    except OSError as error:
        raise ContentError(f"the post cannot be read: {error.strerror}", where=str(path)) from None
    text = decode(raw, where=str(path))
    front = front_matter.split(text, str(path))
    post, problems = read_fields(front, folder.name)
    if not is_slug(folder.name):
        why = f"rename the folder {folder.name!r}: only a-z, 0-9 and single hyphens between them"
        problems.append(Problem(why, str(path)))
    post = with_pictures(replace(post, folder=folder))
    problems += _missing_pictures(post, front, text)
    if problems:
        raise ContentError("", where=str(path), problems=problems)
    return post


def load_all(posts: Path) -> list[Post]:
    """Return every post of a workspace, in the order of their slugs.

    Raises:
        ContentError: with one `Problem` for every mistake in all of them.
    """
    found: list[Post] = []
    problems: list[Problem] = []
    for folder in _folders(posts):
        try:
            found.append(load(folder))
        except ContentError as error:
            problems += error.problems
    if problems:
        raise ContentError("", where=str(posts), problems=problems)
    return found


def save(post: Post, pictures: Mapping[str, bytes], posts: Path) -> Saved:
    """Store a post and its pictures (file name → bytes), or update the same post in place.

    The same post has the same canonical link, else the same title and date. A different post
    under a taken slug gets ``-2``. Every file is complete before the first one is visible.

    Raises:
        OSError: the folder cannot be written; nothing has changed then.
    """
    known = list(_readable(posts))
    same = next((old for old in known if _is_same(old, post)), None)
    taken = {entry.name for entry in posts.iterdir()} if posts.is_dir() else set()
    slug = same.slug if same else unused(post.slug, taken)
    folder = posts / slug
    stored = replace(post, slug=slug, folder=folder)
    text = f"---\n{write_fields(stored)}---\n\n{stored.body.strip()}\n"
    _write_together(folder, {**pictures, INDEX: text.encode()})
    return Saved(stored, folder / INDEX, updated=same is not None)


def _folders(posts: Path) -> list[Path]:
    if not posts.is_dir():
        return []
    return sorted(path.parent for path in posts.glob(f"*/{INDEX}") if not path.parent.name.startswith("."))


def _readable(posts: Path) -> Iterator[Post]:
    """Yield the posts without mistakes: a broken neighbour must not keep a new post out."""
    for folder in _folders(posts):
        with suppress(ContentError):
            yield load(folder)


def _missing_pictures(post: Post, front: FrontMatter, text: str) -> Iterator[Problem]:
    assert post.folder is not None
    entries = enumerate(front.values.get("images") or ())
    listed = {entry["file"]: index for index, entry in entries if isinstance(entry, dict) and "file" in entry}
    for image in post.images:
        if not image.file or (post.folder / image.file).is_file():
            continue
        if image.file in listed:
            where = front.where(("images", listed[image.file], "file"))
        else:
            line = text[: max(0, text.find(image.file))].count("\n") + 1
            where = f"{post.folder / INDEX}:{line}"
        yield Problem(f"there is no picture {image.file!r} in the post's folder", where)


def _is_same(old: Post, new: Post) -> bool:
    if old.link and new.link:
        return _address(old.link) == _address(new.link)
    return (old.title.casefold(), _day(old)) == (new.title.casefold(), _day(new))


def _address(link: str) -> tuple[str, str, str]:
    parts = urlsplit(link)
    return (parts.hostname or "").removeprefix("www."), parts.path.rstrip("/"), parts.query


def _day(post: Post) -> object:
    return post.published_at.date() if isinstance(post.published_at, datetime) else post.published_at


def _write_together(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write all files before the first takes its place; the last one takes its place last."""
    fresh = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with files.drafts(*(folder / name for name in contents)) as drafts:
            for draft, content in zip(drafts, contents.values(), strict=True):
                draft.write_bytes(content)
    except OSError:
        if fresh:
            with suppress(OSError):
                folder.rmdir()
        raise
