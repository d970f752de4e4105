"""Pictures of an edition: named by what they hold, small enough for mail, free of hidden data."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from newsletter.errors import ContentError
from newsletter.posts.bitmaps import damaged, open_bitmap, require_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image as Bitmap

    from newsletter.model import Post

COPIED_WIDTH: Final = 1200
"""Wider files are made smaller."""
COPIED_BYTES: Final = 300_000
"""Heavier files are encoded again."""
SHOWN_WIDTH: Final = 1072
"""Width after encoding: twice the 536 px that a picture takes in a letter."""

_EXTENSIONS: Final = {"JPEG": "jpg", "PNG": "png", "GIF": "gif"}
_ORIENTATION: Final = 0x0112
_SIDEWAYS: Final = frozenset({5, 6, 7, 8})


@dataclass(frozen=True)
class Picture:
    """One picture of a post as the edition carries it."""

    source: Path
    """The file in the post's folder."""
    name: str
    """File name in the edition's images/ folder; depends on nothing but the source's bytes."""
    width: int
    """Pixels of the file in the edition."""
    height: int
    """Pixels of the file in the edition."""
    copied: bool
    """Whether the source is taken as it is."""
    source_size: tuple[int, int]
    """Width and height of the source, upright."""

    def encoded(self) -> bytes:
        """Return the bytes of the file in the edition; turned upright and without metadata.

        Raises:
            ContentError: the picture is damaged.
        """
        try:
            return self._made(self.source.read_bytes())
        except ContentError as error:
            raise ContentError(error.why, where=str(self.source)) from None
        except (OSError, ValueError, SyntaxError):
            raise ContentError(damaged().why, where=str(self.source)) from None

    def _made(self, content: bytes) -> bytes:
        """Return the bytes of the file in the edition, made of the source's."""
        bitmap = upright(content)
        return content if self.copied else _encoded(bitmap, self)


def of_post(post: Post) -> dict[str, Picture]:
    """Return the pictures of a post by file name, as written in the post.

    A picture whose file nobody has supplied is left out, and so is one that
    cannot be used (see `fault`); the checks report both.

    Raises:
        ContentError: a file that the post names is missing.
    """
    pictures: dict[str, Picture] = {}
    for image in post.images:
        if not image.file or post.folder is None or image.file in pictures:
            continue
        source = post.folder / image.file
        if not source.is_file():
            why = f"the picture {image.file} is missing; put the file beside index.md or take its name out"
            raise ContentError(why, where=where(post, image.file))
        if not fault(source):
            pictures[image.file] = measure(source)
    return pictures


def fault(source: Path) -> str:
    """Return why a picture's file cannot be used: no picture, damaged, too large; empty when it can."""
    try:
        changed = source.stat()
    except OSError as error:
        return f"the picture {source.name} cannot be read: {error.strerror}"
    return _fault(source, changed.st_mtime_ns, changed.st_size)


@lru_cache(maxsize=256)
def _fault(source: Path, _changed_at: int, _size_bytes: int) -> str:
    try:
        measure(source)
        with open_bitmap(source.read_bytes()) as bitmap:
            # An eighth of a JPEG's size is decoded much faster, and to the last row all the same.
            bitmap.draft(None, (bitmap.width // 8, bitmap.height // 8))
            bitmap.load()
    except ContentError as error:
        return error.why
    except (OSError, ValueError, SyntaxError):
        return f"{source.name}: {damaged().why}"
    return ""


def measure(source: Path) -> Picture:
    """Return what the edition will make of a picture file; only its header is decoded.

    Raises:
        ContentError: the file cannot be read, is too large, or not a picture.
    """
    try:
        require_size(source.stat().st_size)
        content = source.read_bytes()
        with open_bitmap(content) as bitmap:
            return _planned(source, content, bitmap)
    except ContentError as error:
        raise ContentError(f"{source.name}: {error.why}") from None
    except (OSError, ValueError, SyntaxError) as error:
        reason = getattr(error, "strerror", None) or damaged().why
        raise ContentError(f"the picture {source.name} cannot be read: {reason}") from None


def _planned(source: Path, content: bytes, bitmap: Bitmap) -> Picture:
    """Decide, from the source's bytes alone, what becomes of a picture."""
    exif = bitmap.getexif()
    width, height = bitmap.size
    if exif.get(_ORIENTATION) in _SIDEWAYS:
        width, height = height, width
    source_size = (width, height)
    # Cameras write the place into EXIF; a photo of somebody in danger must not carry it.
    copied = (
        bitmap.format in _EXTENSIONS
        and width <= COPIED_WIDTH
        and len(content) <= COPIED_BYTES
        and not exif
        and bitmap.mode != "CMYK"
    )
    if not copied and width > SHOWN_WIDTH:
        width, height = SHOWN_WIDTH, max(1, round(height * SHOWN_WIDTH / width))
    encoded_as = "png" if transparent(bitmap) else "jpg"
    extension = _EXTENSIONS[str(bitmap.format)] if copied else encoded_as
    name = f"{hashlib.sha256(content).hexdigest()[:16]}.{extension}"
    return Picture(source, name, width, height, copied, source_size)


def upright(content: bytes) -> Bitmap:
    """Return a picture decoded to its last row and turned as its camera says.

    Raises:
        ContentError, OSError, ValueError, SyntaxError: it is damaged.
    """
    from PIL import ImageOps

    with open_bitmap(content) as bitmap:
        bitmap.load()
        return ImageOps.exif_transpose(bitmap)


def _encoded(bitmap: Bitmap, picture: Picture) -> bytes:
    from PIL import Image

    bitmap = bitmap.convert("RGBA" if picture.name.endswith(".png") else "RGB")
    if bitmap.size != (picture.width, picture.height):
        bitmap = bitmap.resize((picture.width, picture.height), Image.Resampling.LANCZOS)
    # A fresh bitmap, because Pillow writes some of the metadata that came with the old one.
    clean = Image.frombytes(bitmap.mode, bitmap.size, bitmap.tobytes())
    out = io.BytesIO()
    if picture.name.endswith(".png"):
        clean.save(out, "PNG", optimize=True)
    else:
        clean.save(out, "JPEG", quality=82, progressive=True, optimize=True)
    return out.getvalue()


def transparent(bitmap: Bitmap) -> bool:
    """Return whether a picture has places that show what is behind it."""
    return bitmap.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in bitmap.info


def where(post: Post, file: str) -> str:
    """Return the first line of the post that names the file."""
    index = (post.folder or Path()) / "index.md"
    for number, line in enumerate(_lines(index), start=1):
        if file in line:
            return f"{index}:{number}"
    return str(index)


def _lines(path: Path) -> Iterator[str]:
    try:
        yield from path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
