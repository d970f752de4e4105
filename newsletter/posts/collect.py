"""A post's pictures are brought to it, from the web or from beside its source."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urljoin, urlsplit

from newsletter.errors import ContentError
from newsletter.posts.bitmaps import require_size
from newsletter.posts.escaping import escape_address
from newsletter.posts.pictures import read_picture
from newsletter.posts.slugs import slug_of, unused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from newsletter.fetch import Fetched
    from newsletter.model import Image, Post

MAX_PICTURES: Final = 20
"""A story with more is an album; the rest stays on the web."""
_TRACKER_PIXELS: Final = 2
# ![alt](address "title"): the alt text may hold brackets, the address round ones.
_SHOWN = re.compile(
    r"""(?P<alt>!\[(?:\\.|\[[^\[\]]*\]|[^\[\]\\])*\])"""
    r"""\(\s*(?P<address><[^<>\n]*>|(?:[^\s()<>]|\([^\s()<>]*\))+)(?P<title>\s+(?:"[^"\n]*"|'[^'\n]*'))?\s*\)"""
)


@dataclass(frozen=True)
class Gathered:
    """A post with the files of its pictures."""

    post: Post
    """The post; pictures that were found have a ``file``."""
    pictures: Mapping[str, bytes]
    """File name → bytes."""
    warnings: tuple[str, ...] = ()
    """What could not be brought along, one line each."""


def collect(post: Post, get: Callable[[str], Fetched], *, folder: Path | None, url: str = "") -> Gathered:
    """Return the post with its pictures' files; one that cannot be had is a warning.

    ``folder`` holds the pictures of a source on disk; nothing outside of it is read. ``url`` is
    where a source on the web was found.
    """
    files: dict[str, bytes] = {}
    warned: list[str] = []
    images: list[Image] = []
    body = post.body
    for image in post.images[:MAX_PICTURES]:
        source = image.file or image.url
        if not source:
            images.append(image)
            continue
        try:
            found = read_picture(_bytes(image, get, folder, url or post.link), source)
        except ContentError as error:
            warned.append(f"picture not stored: {error}")
            images.append(replace(image, file=""))
            body = _pointed(body, source, image.url)
            continue
        name = ""
        if min(found.width, found.height) > _TRACKER_PIXELS:
            name = unused(_stem(source), set(files), found.ending)
            files[name] = found.content
            images.append(replace(image, file=name, width=found.width, height=found.height))
        body = _pointed(body, source, name)
    rest = post.images[MAX_PICTURES:]
    if rest:
        warned.append(f"{len(rest)} more pictures not stored: a post takes the first {MAX_PICTURES}")
    for image in rest:
        body = body if image.url else _pointed(body, image.file, "")
        images.append(replace(image, file=""))
    return Gathered(replace(post, body=body.strip(), images=tuple(images)), files, tuple(warned))


def _bytes(image: Image, get: Callable[[str], Fetched], folder: Path | None, base: str) -> bytes:
    if folder is not None and image.file:
        path = (folder / unquote(image.file)).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise ContentError("it lies outside of the source's folder", where=image.file)
        if path.is_file():
            return _read(path, image.file)
    address = image.url or urljoin(base, image.file)
    if not address.lower().startswith(("http://", "https://")):
        raise ContentError("there is no such file beside the source", where=image.file)
    return get(address).body


def _read(path: Path, shown: str) -> bytes:
    try:
        require_size(path.stat().st_size)
        return path.read_bytes()
    except ContentError as error:
        raise ContentError(error.why, where=shown) from None
    except OSError as error:
        raise ContentError(f"it cannot be read: {error.strerror}", where=shown) from None


def _stem(source: str) -> str:
    """Return a name for a picture's file, from its address."""
    name = PurePosixPath(unquote(urlsplit(source).path).replace("\\", "/")).stem
    return slug_of(name, otherwise="picture")


def _pointed(body: str, source: str, name: str) -> str:
    """Return the text with a picture's address replaced; without a new one its place goes."""

    def point(found: re.Match[str]) -> str:
        if unquote(found["address"].strip("<>")) != unquote(source):
            return found[0]
        return f"{found['alt']}({escape_address(name)}{found['title'] or ''})" if name else ""

    return re.sub(r"\n{3,}", "\n\n", _SHOWN.sub(point, body))
