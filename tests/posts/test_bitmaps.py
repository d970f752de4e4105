"""Only harmless formats of bearable size are opened as pictures."""

from __future__ import annotations

import io

import pytest
from PIL import EpsImagePlugin, Image

from newsletter.errors import ContentError
from newsletter.posts import bitmaps


def bitmap_bytes(kind: str, size: tuple[int, int] = (6, 4), mode: str = "RGB") -> bytes:
    """Return a picture's file."""
    written = io.BytesIO()
    Image.new(mode, size).save(written, kind)
    return written.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])
def test_pictures_are_opened(kind: str) -> None:
    """Whatever people send that Pillow reads by itself."""
    with bitmaps.open_bitmap(bitmap_bytes(kind)) as opened:
        assert opened.size == (6, 4)


def test_a_file_that_would_start_a_program_is_not_even_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow hands EPS to Ghostscript."""
    raw = bitmap_bytes("EPS")
    with Image.open(io.BytesIO(raw)) as known:
        assert known.format == "EPS"
    touched: list[str] = []
    monkeypatch.setattr(EpsImagePlugin.EpsImageFile, "_open", lambda _self: touched.append("EPS"))

    with pytest.raises(ContentError, match="no picture that can be read"):
        bitmaps.open_bitmap(raw)
    assert touched == []


def test_a_file_above_the_limit_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """In bytes, and in the pixels that it claims."""
    raw = bitmap_bytes("PNG")
    monkeypatch.setattr(bitmaps, "MAX_PIXELS", 23)
    with pytest.raises(ContentError, match="million pixels"):
        bitmaps.open_bitmap(raw)

    monkeypatch.setattr(bitmaps, "MAX_BYTES", len(raw) - 1)
    with pytest.raises(ContentError, match="larger than"):
        bitmaps.open_bitmap(raw)
