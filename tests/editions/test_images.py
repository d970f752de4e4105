"""Pictures: real files in, real files out."""

import io
import re
import warnings
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from newsletter.editions import images
from newsletter.errors import ContentError
from newsletter.model import Image, Post


def picture_file(folder: Path, name: str, size: tuple[int, int], mode: str = "RGB", **options: Any) -> Path:
    """Write a picture with some detail in it."""
    bitmap = Pillow.effect_mandelbrot(size, (-2, -1.5, 1, 1.5), 40).convert(mode)
    path = folder / name
    bitmap.save(path, **options)
    return path


def noisy_file(folder: Path, name: str, size: tuple[int, int]) -> Path:
    """Write a picture that hardly compresses."""
    path = folder / name
    Pillow.effect_noise(size, 90).convert("RGB").save(path, quality=98)
    return path


def opened(picture: images.Picture) -> Pillow.Image:
    """Return what the edition would carry."""
    return Pillow.open(io.BytesIO(picture.encoded()))


@pytest.mark.parametrize(("name", "mode"), [("a.jpg", "RGB"), ("a.png", "RGBA"), ("a.gif", "P")])
def test_a_picture_that_fits_is_copied_byte_for_byte(tmp_path: Path, name: str, mode: str) -> None:
    """JPEG, PNG and GIF up to 1200 px and 300 kB."""
    path = picture_file(tmp_path, name, (1200, 300), mode)

    picture = images.measure(path)

    assert picture.encoded() == path.read_bytes()
    assert (picture.width, picture.height) == (1200, 300)
    assert picture.name.endswith(path.suffix)
    assert len(picture.name.partition(".")[0]) == 16


def test_a_wide_picture_is_made_as_wide_as_a_letter_shows_it(tmp_path: Path) -> None:
    """Twice 536 px, in proportion, as progressive JPEG."""
    picture = images.measure(picture_file(tmp_path, "wide.jpg", (2400, 1201)))

    made = opened(picture)
    assert made.format == "JPEG"
    assert made.info["progressive"]
    assert made.size == (picture.width, picture.height) == (1072, 536)


def test_a_heavy_picture_is_made_lighter(tmp_path: Path) -> None:
    """A small but noisy one is encoded again, in its size."""
    path = noisy_file(tmp_path, "heavy.jpg", (1000, 800))
    assert path.stat().st_size > images.COPIED_BYTES

    picture = images.measure(path)

    assert opened(picture).size == (1000, 800)
    assert len(picture.encoded()) < path.stat().st_size


def test_transparency_is_kept(tmp_path: Path) -> None:
    """As PNG."""
    bitmap = Pillow.new("RGBA", (2000, 100), (0, 90, 60, 128))
    bitmap.save(tmp_path / "logo.png")

    made = opened(images.measure(tmp_path / "logo.png"))

    assert (made.format, made.mode, made.size) == ("PNG", "RGBA", (1072, 54))
    assert made.getchannel("A").getextrema() == (128, 128)


@pytest.mark.parametrize("name", ["a.webp", "a.bmp", "a.tiff"])
def test_formats_that_mail_clients_do_not_show_become_jpeg(tmp_path: Path, name: str) -> None:
    """WebP above all: WordPress serves it, Outlook does not show it."""
    picture = images.measure(picture_file(tmp_path, name, (300, 200)))

    assert opened(picture).format == "JPEG"
    assert picture.name.endswith(".jpg")


def test_a_sideways_photo_is_turned_upright_and_tells_no_place(tmp_path: Path) -> None:
    """Cameras write orientation, place and owner into the file; none of it leaves."""
    exif = Pillow.Exif()
    exif[0x0112] = 6
    exif[0x013B] = "Somebody in hiding"
    exif.get_ifd(0x8825)[1] = "N"
    path = picture_file(tmp_path, "phone.jpg", (400, 300), exif=exif, comment=b"at home")

    picture = images.measure(path)

    made = opened(picture)
    assert made.size == (picture.width, picture.height) == (300, 400)
    assert not made.getexif()
    assert b"Somebody" not in picture.encoded()
    assert b"at home" not in picture.encoded()


def test_the_name_depends_on_nothing_but_the_bytes(tmp_path: Path) -> None:
    """Another name or folder is the same picture."""
    path = picture_file(tmp_path, "a.jpg", (100, 100))
    (tmp_path / "b").mkdir()
    copy = tmp_path / "b" / "other.jpeg"
    copy.write_bytes(path.read_bytes())

    assert images.measure(path).name == images.measure(copy).name
    assert images.measure(path).name != images.measure(picture_file(tmp_path, "c.jpg", (101, 100))).name


def post_with(folder: Path, *pictures: Image) -> Post:
    """Write an index.md that names the pictures, and return its post."""
    lines = "".join(f"  - file: {image.file}\n" for image in pictures)
    (folder / "index.md").write_text(f"---\ntitle: Otters\nimages:\n{lines}---\n", encoding="utf-8")
    return Post("otters", "Otters", "Body", images=pictures, folder=folder)


def test_a_missing_file_names_post_and_line(tmp_path: Path) -> None:
    """And says what to do."""
    picture_file(tmp_path, "here.jpg", (50, 50))
    post = post_with(tmp_path, Image(file="here.jpg"), Image(file="gone.jpg"))

    with pytest.raises(ContentError, match=r"index\.md:5: the picture gone\.jpg is missing"):
        images.of_post(post)


def test_a_picture_nobody_supplied_is_no_picture(tmp_path: Path) -> None:
    """The checks report it; the build goes on."""
    picture_file(tmp_path, "here.jpg", (50, 50))
    post = post_with(
        tmp_path, Image(alt="never sent"), Image(url="https://x.example/a.jpg"), Image(file="here.jpg")
    )

    assert list(images.of_post(post)) == ["here.jpg"]


def test_what_is_no_picture_is_left_out_and_said_in_one_line(tmp_path: Path) -> None:
    """Text with the name of a picture; the other pictures stay."""
    (tmp_path / "a.jpg").write_text("<svg/>", encoding="utf-8")
    picture_file(tmp_path, "b.jpg", (50, 50))

    assert list(images.of_post(post_with(tmp_path, Image(file="a.jpg"), Image(file="b.jpg")))) == ["b.jpg"]
    assert (
        images.fault(tmp_path / "a.jpg")
        == "a.jpg: this is no picture that can be read; save it as JPEG or PNG"
    )


@pytest.mark.parametrize(
    ("name", "lost"), [("cut.jpg", 2_000), ("cut.png", 2_000), ("cut.webp", 500), ("cut.gif", 2_000)]
)
def test_half_a_picture_is_left_out_and_said(tmp_path: Path, name: str, lost: int) -> None:
    """Whatever the format; a whole one has no fault."""
    path = picture_file(tmp_path, name, (600, 400), "P" if name.endswith("gif") else "RGB")
    assert images.fault(path) == ""
    path.write_bytes(path.read_bytes()[:-lost])

    assert images.of_post(post_with(tmp_path, Image(file=name))) == {}
    assert re.fullmatch(rf".*{name}.*: the picture is damaged; save it again", images.fault(path))


def test_a_file_that_is_too_large_to_read_is_said(tmp_path: Path) -> None:
    """It is not even opened."""
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(41_000_000)

    assert images.fault(path) == "huge.jpg: the picture is larger than 40 MB; make it smaller"


@pytest.mark.parametrize("side", [9_000, 60_000])
def test_a_small_file_that_claims_a_huge_picture_is_refused_unopened(tmp_path: Path, side: int) -> None:
    """Memory for it is never asked for, and Pillow's own warning reaches nobody."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return len(content).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    head = side.to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    (tmp_path / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    )

    with warnings.catch_warnings(), pytest.raises(ContentError, match="more than 60 million pixels"):
        images.measure(tmp_path / "bomb.png")


def test_a_truncated_picture_is_found_before_it_is_frozen(tmp_path: Path) -> None:
    """Half a photo would be half grey in every inbox."""
    path = picture_file(tmp_path, "cut.jpg", (600, 400))
    path.write_bytes(path.read_bytes()[:-2_000])

    with pytest.raises(ContentError, match=r"cut\.jpg: the picture is damaged"):
        images.measure(path).encoded()


def test_a_file_that_would_start_a_program_is_refused(tmp_path: Path) -> None:
    """EPS under another name; Pillow would hand it to Ghostscript."""
    Pillow.new("RGB", (6, 4)).save(tmp_path / "a.jpg", "EPS")

    with pytest.raises(ContentError, match=r"a\.jpg: this is no picture that can be read"):
        images.measure(tmp_path / "a.jpg")
