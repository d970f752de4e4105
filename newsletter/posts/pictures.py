"""The files of pictures: looked into, measured, and turned into what mail clients show."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import Final

from newsletter.errors import ContentError

MAX_PICTURE_BYTES: Final = 25_000_000
MAX_PIXELS: Final = 60_000_000
"""A camera's largest; a file that claims more would fill the memory."""
# MPO is what phones write: a JPEG with a second one behind it.
_KEPT: Final = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "GIF": ".gif"}
# EPS and others start programs; these are read by Pillow itself.
_READ: Final = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "ICO")
_ORIENTATION: Final = 0x0112
_TURNED: Final = frozenset({5, 6, 7, 8})


@dataclass(frozen=True)
class Picture:
    """One file, ready to be stored."""

    content: bytes
    """JPEG, PNG or GIF; unchanged when it came as one of these."""
    ending: str
    """``.jpg``, ``.png`` or ``.gif``."""
    width: int
    """Pixels, as shown."""
    height: int
    """Pixels, as shown."""


def read_picture(raw: bytes, where: str) -> Picture:
    """Return the picture in ``raw``; other formats than JPEG, PNG and GIF are converted.

    Raises:
        ContentError: it is no picture that can be read, damaged, or too large.
    """
    from PIL import Image, UnidentifiedImageError

    if len(raw) > MAX_PICTURE_BYTES:
        message = f"the picture is larger than {MAX_PICTURE_BYTES // 1_000_000} MB"
        raise ContentError(message, where=where)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(raw), formats=_READ) as opened:
                width, height = opened.size
                if width * height > MAX_PIXELS:
                    raise ContentError(f"the picture has {width} by {height} pixels", where=where)
                opened.load()
                turned = opened.getexif().get(_ORIENTATION) in _TURNED
                shown = (height, width) if turned else (width, height)
                if opened.format in _KEPT:
                    return Picture(raw, _KEPT[opened.format], *shown)
                return _converted(opened)
    except UnidentifiedImageError:
        raise ContentError("this is no picture that can be read", where=where) from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise ContentError("the picture is damaged", where=where) from None


def _converted(opened: object) -> Picture:
    """Return the picture as JPEG, or as PNG when parts of it are transparent; turned upright."""
    from PIL import Image, ImageOps

    assert isinstance(opened, Image.Image)
    upright = ImageOps.exif_transpose(opened)
    written = io.BytesIO()
    if upright.has_transparency_data:
        upright.convert("RGBA").save(written, "PNG", optimize=True)
        return Picture(written.getvalue(), ".png", *upright.size)
    upright.convert("RGB").save(written, "JPEG", quality=88, optimize=True, progressive=True)
    return Picture(written.getvalue(), ".jpg", *upright.size)
