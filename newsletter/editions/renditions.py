"""Pictures made anew for social networks: small enough for each, in a format that all of them show."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from newsletter.editions.images import COPIED_BYTES, Picture, transparent, upright

if TYPE_CHECKING:
    from PIL.Image import Image as Bitmap

CARD_BYTES: Final = 1_000_000
"""Largest picture of a card: Bluesky takes no more, https://docs.bsky.app/docs/advanced-guides/posts."""
_CARD_SIDES: Final = (1200, 630)
_SIDES: Final = (2048, 2048)
_LONGEST_SIDE: Final = 4096
"""Longer pictures are refused here and there: X takes no side above 8192, Telegram no two above 10000."""
_QUALITIES: Final = (82, 70, 58, 46)


@dataclass(frozen=True)
class Rendition(Picture):
    """A picture as a JPEG of its own."""

    most_bytes: int
    """Its largest size."""

    def _made(self, content: bytes) -> bytes:
        """Return the JPEG; fewer pixels when a lower quality alone does not make it small enough."""
        source = upright(content)
        width, height = self.width, self.height
        while True:
            bitmap = _on_white(source, (width, height))
            for quality in _QUALITIES:
                out = io.BytesIO()
                bitmap.save(out, "JPEG", quality=quality, progressive=True, optimize=True)
                if out.tell() <= self.most_bytes or max(width, height) == 1:
                    return out.getvalue()
            width, height = max(1, width * 3 // 4), max(1, height * 3 // 4)


def for_network(picture: Picture, most_bytes: int) -> Picture:
    """Return the picture of a letter where a network surely takes it, else one made for networks like it.

    What is made depends on nothing but the source and ``most_bytes``.
    """
    shown = picture.name.endswith((".jpg", ".png"))
    if shown and _at_most(picture) <= most_bytes and max(picture.width, picture.height) <= _LONGEST_SIDE:
        return picture
    return _planned(picture, f"{most_bytes}", _SIDES, most_bytes)


def for_card(picture: Picture) -> Picture:
    """Return a JPEG for the card of a link."""
    return _planned(picture, "card", _CARD_SIDES, CARD_BYTES)


def _planned(picture: Picture, ending: str, sides: tuple[int, int], most_bytes: int) -> Rendition:
    width, height = picture.source_size
    shrunk = min(1.0, sides[0] / width, sides[1] / height)
    return Rendition(
        source=picture.source,
        name=f"{picture.name.partition('.')[0]}-{ending}.jpg",
        width=max(1, round(width * shrunk)),
        height=max(1, round(height * shrunk)),
        copied=False,
        source_size=picture.source_size,
        most_bytes=most_bytes,
    )


def _at_most(picture: Picture) -> int:
    """Return a size that the file in the edition never exceeds; encoders differ, the choice must not."""
    if picture.copied:
        return COPIED_BYTES
    # Noise takes 1.3 bytes per pixel as our JPEG, and all it has as PNG.
    return picture.width * picture.height * (4 if picture.name.endswith(".png") else 2) + 50_000


def _on_white(source: Bitmap, size: tuple[int, int]) -> Bitmap:
    """Return the picture in this size, without metadata; JPEG knows nothing transparent."""
    from PIL import Image

    paper = Image.new("RGB", size, "white")
    small = source.convert("RGBA" if transparent(source) else "RGB")
    small = small.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    paper.paste(small, mask=small.getchannel("A") if small.mode == "RGBA" else None)
    return paper
