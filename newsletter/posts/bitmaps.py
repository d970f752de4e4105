"""The one door to Pillow: which files are opened as pictures, and how large they may be."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Final

from newsletter.errors import ContentError

if TYPE_CHECKING:
    from PIL.Image import Image as Bitmap

MAX_BYTES: Final = 40_000_000
"""Larger files are not read."""
MAX_PIXELS: Final = 60_000_000
"""A camera's largest; a small file that claims more would fill the memory."""
# EPS and others start programs; these are read by Pillow itself. MPO comes with JPEG.
_FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "ICO")


def open_bitmap(raw: bytes) -> Bitmap:
    """Return the picture in ``raw``, for a ``with`` statement; only its header is decoded.

    Raises:
        ContentError: it is no picture of the formats we read, damaged, or too large.
    """
    from PIL import Image, UnidentifiedImageError

    require_size(len(raw))
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures too; the limit below is the stricter one.
            warnings.simplefilter("ignore")
            bitmap = Image.open(io.BytesIO(raw), formats=_FORMATS)
    except UnidentifiedImageError:
        raise ContentError("this is no picture that can be read; save it as JPEG or PNG") from None
    except Image.DecompressionBombError:
        raise _too_many_pixels() from None
    except (OSError, SyntaxError, ValueError):
        raise damaged() from None
    if bitmap.width * bitmap.height > MAX_PIXELS:
        bitmap.close()
        raise _too_many_pixels()
    return bitmap


def require_size(size_bytes: int) -> None:
    """Let a file of this size pass.

    Raises:
        ContentError: it is too large to be read.
    """
    if size_bytes > MAX_BYTES:
        raise ContentError(f"the picture is larger than {MAX_BYTES // 1_000_000} MB; make it smaller")


def damaged() -> ContentError:
    """Return the error for a picture that begins well and cannot be decoded."""
    return ContentError("the picture is damaged; save it again")


def _too_many_pixels() -> ContentError:
    return ContentError(
        f"the picture has more than {MAX_PIXELS // 1_000_000} million pixels; make it smaller"
    )
