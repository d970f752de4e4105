"""Pictures for social networks: real files in, JPEGs of the right size out."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image as Pillow

from newsletter.editions import images, renditions
from newsletter.errors import ContentError

if TYPE_CHECKING:
    from pathlib import Path


def picture(
    folder: Path, name: str, size: tuple[int, int], mode: str = "RGB", **options: Any
) -> images.Picture:
    """Return what the edition makes of a noisy picture, the worst there is for an encoder."""
    Pillow.effect_noise(size, 120).convert(mode).save(folder / name, **options)
    return images.measure(folder / name)


def opened(made: images.Picture) -> Pillow.Image:
    """Return what the edition would carry."""
    return Pillow.open(io.BytesIO(made.encoded()))


def test_a_picture_of_the_letter_is_taken_where_it_surely_fits(tmp_path: Path) -> None:
    """One file for both."""
    small = picture(tmp_path, "a.jpg", (300, 200))
    large = picture(tmp_path, "b.jpg", (2000, 1500))

    assert renditions.for_network(small, 1_000_000) is small
    assert renditions.for_network(large, 5_000_000) is large
    assert len(large.encoded()) < 5_000_000


@pytest.mark.parametrize("most_bytes", [20_000, 200_000, 976_560])
@pytest.mark.parametrize(("name", "mode"), [("a.jpg", "RGB"), ("a.png", "RGBA"), ("a.webp", "RGB")])
def test_a_picture_is_made_as_small_as_a_network_takes(
    tmp_path: Path, name: str, mode: str, most_bytes: int
) -> None:
    """By quality, then by size; as JPEG of the same shape."""
    whole = picture(tmp_path, name, (1600, 1200), mode)

    made = renditions.for_network(whole, most_bytes)

    assert made.name == f"{whole.name[:16]}-{most_bytes}.jpg"
    assert len(made.encoded()) <= most_bytes
    with opened(made) as bitmap:
        assert (bitmap.format, bitmap.mode) == ("JPEG", "RGB")
        assert bitmap.width / bitmap.height == pytest.approx(4 / 3, rel=0.02)


@pytest.mark.parametrize(
    ("name", "mode"), [("a.gif", "P"), ("a.jpg", "CMYK"), ("a.png", "I;16"), ("a.png", "LA")]
)
def test_whatever_is_no_plain_jpeg_or_png_can_be_shown_too(tmp_path: Path, name: str, mode: str) -> None:
    """A GIF becomes its first picture."""
    bitmap = Pillow.new("L", (60, 40), 90).convert("I;16" if mode == "I;16" else mode)
    bitmap.save(tmp_path / name)
    source = images.measure(tmp_path / name)

    made = renditions.for_network(source, 1_000_000)
    card = renditions.for_card(source)

    assert opened(made).format in {"JPEG", "PNG"}
    assert opened(card).format == "JPEG"
    assert made.name.endswith((".jpg", ".png"))


def test_a_very_tall_picture_is_made_smaller(tmp_path: Path) -> None:
    """Networks refuse infographics of ten thousand rows."""
    tall = picture(tmp_path, "a.png", (400, 6000))

    made = renditions.for_network(tall, 20_000_000)

    assert opened(made).size == (137, 2048)


def test_the_picture_of_a_card_fits_its_frame_and_tells_no_place(tmp_path: Path) -> None:
    """At most 1200 by 630 and a million bytes, upright, on white, without what the camera wrote."""
    exif = Pillow.Exif()
    exif[0x0112] = 6
    exif[0x013B] = "Somebody in hiding"
    source = picture(tmp_path, "a.jpg", (3000, 2000), exif=exif)

    made = renditions.for_card(source)

    assert made.name == f"{source.name[:16]}-card.jpg"
    with opened(made) as bitmap:
        assert bitmap.size == (made.width, made.height) == (420, 630)
        assert not bitmap.getexif()
    assert len(made.encoded()) <= renditions.CARD_BYTES
    assert b"Somebody" not in made.encoded()


def test_what_is_see_through_stands_on_white(tmp_path: Path) -> None:
    """JPEG would show black."""
    Pillow.new("RGBA", (80, 40), (0, 0, 0, 0)).save(tmp_path / "logo.png")

    with opened(renditions.for_card(images.measure(tmp_path / "logo.png"))) as bitmap:
        assert bitmap.getpixel((40, 20)) == (255, 255, 255)


def test_a_picture_that_broke_meanwhile_names_its_file(tmp_path: Path) -> None:
    """As those of letters do."""
    source = picture(tmp_path, "a.jpg", (3000, 2000))
    source.source.write_bytes(source.source.read_bytes()[:5_000])

    with pytest.raises(ContentError, match=r"a\.jpg: the picture is damaged"):
        renditions.for_card(source).encoded()
