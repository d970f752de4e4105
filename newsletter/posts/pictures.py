"""The files of pictures: looked into, measured, and turned into what mail clients show."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from newsletter.errors import ContentError
from newsletter.posts.bitmaps import damaged, open_bitmap

if TYPE_CHECKING:
    from PIL.Image import Image as Bitmap

# MPO is what phones write: a JPEG with a second one behind it.
_KEPT: Final = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "GIF": ".gif"}
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
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with open_bitmap(raw) as opened:
                opened.load()
                width, height = opened.size
                turned = opened.getexif().get(_ORIENTATION) in _TURNED
                shown = (height, width) if turned else (width, height)
                if opened.format in _KEPT:
                    return Picture(raw, _KEPT[opened.format], *shown)
                return _converted(opened)
    except ContentError as error:
        raise ContentError(error.why, where=where) from None
    except (OSError, SyntaxError, ValueError):
        raise ContentError(damaged().why, where=where) from None


def _converted(opened: Bitmap) -> Picture:
    """Return the picture as JPEG, or as PNG when parts of it are transparent; turned upright."""
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(opened)
    written = io.BytesIO()
    if upright.has_transparency_data:
        upright.convert("RGBA").save(written, "PNG", optimize=True)
        return Picture(written.getvalue(), ".png", *upright.size)
    upright.convert("RGB").save(written, "JPEG", quality=88, optimize=True, progressive=True)
    return Picture(written.getvalue(), ".jpg", *upright.size)
