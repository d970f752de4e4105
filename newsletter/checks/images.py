"""Rules about pictures in the letter."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from newsletter.checks import css
from newsletter.checks.rule import rule
from newsletter.errors import ContentError
from newsletter.posts.bitmaps import open_bitmap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from newsletter.checks.evidence import Evidence

MAX_IMAGE_BYTES = 200 * 1024
MAX_IMAGES_BYTES = 1024 * 1024
RATIO_TOLERANCE = 0.02
MIN_LIVE_CHARACTERS = 400
MAX_ALT_CHARACTERS = 250
FORMATS = frozenset({"JPEG", "PNG", "GIF"})
UNSHOWN = frozenset({".webp", ".avif", ".svg", ".heic", ".heif", ".bmp", ".tif", ".tiff", ".ico"})

FILE_NAME = re.compile(r"(?i)[\w .-]+\.(?:jpe?g|png|gif|webp|heic|tiff?)|(?:img|dscn?|pxl|image)[-_ ]?\d+")
_EMPTY_WORDS = frozenset({"image", "photo", "picture", "img", "logo", "graphic", "untitled", "banner"})


def _pictures(evidence: Evidence) -> Iterator[HtmlElement]:
    yield from evidence.plain.body.iter("img")


def _address(image: HtmlElement) -> SplitResult:
    """Return where a picture comes from; all empty when that is no address."""
    try:
        return urlsplit(str(image.get("src", "")).strip())
    except ValueError:
        return urlsplit("")


def _name(image: HtmlElement) -> str:
    return unquote(_address(image).path.rpartition("/")[2])


def _called(image: HtmlElement) -> str:
    """Return how staff recognise a picture: its file name, else its description."""
    return f"picture {_name(image) or image.get('alt') or 'without an address'}"[:80]


def _file(evidence: Evidence, image: HtmlElement) -> Path | None:
    """Return the frozen file that a picture shows; None when it is not one of the edition's."""
    name = _name(image)
    return evidence.edition.folder / "images" / name if name in evidence.edition.images else None


@lru_cache(maxsize=256)
def _measured(path: Path, _changed_at: int) -> tuple[str, int, int] | None:
    """Return format, width and height of a picture's file; None when it is none."""
    try:
        with open_bitmap(path.read_bytes()) as picture:
            return str(picture.format), picture.width, picture.height
    except (OSError, ContentError):
        return None


def measured(path: Path) -> tuple[str, int, int] | None:
    """Return format, width and height of a picture's file; None when it is missing or no picture."""
    return _measured(path, path.stat().st_mtime_ns) if path.is_file() else None


@rule(
    "I1",
    "error",
    why="The picture would not load in the reader's mailbox.",
    mend="Use an https address; say in config.toml (media_url) where pictures are reached.",
    source="caniemail image-base64",
)
def https_pictures(evidence: Evidence) -> Iterator[str]:
    """Every picture has an absolute https address."""
    for image in _pictures(evidence):
        address = _address(image)
        if address.scheme != "https" or not address.hostname:
            yield _called(image)
    for element in evidence.plain.body.iter("*"):
        style = css.declarations(element.get("style", ""))
        behind = [element.get("background", "")] if element.get("background") else []
        behind += re.findall(r"url\(\s*[\"']?([^\"')]+)", " ".join(style.values()))
        for address_text in behind:
            if not address_text.startswith("https://"):
                yield f"background {address_text[:60]}"


@rule(
    "I2",
    "error",
    why="Outlook shows the picture at the wrong size, or squeezed.",
    mend="State width and height as whole numbers in the proportions of the file.",
    source="caniemail html-width, note 1; css-width, note 1",
)
def stated_sizes(evidence: Evidence) -> Iterator[str]:
    """Every picture states its size, in the proportions of its file."""
    for image in _pictures(evidence):
        width, height = image.get("width", ""), image.get("height", "")
        if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
            yield f"{_called(image)}: width “{width}”, height “{height}”"
            continue
        path = _file(evidence, image)
        found = measured(path) if path else None
        if found and _is_squeezed(int(width), int(height), found[1], found[2]):
            yield f"{_called(image)}: {width} by {height}, the file is {found[1]} by {found[2]}"


def _is_squeezed(width: int, height: int, own_width: int, own_height: int) -> bool:
    """Compare the proportions; whole pixels may round by one."""
    return abs(height * own_width / (width * own_height) - 1) > RATIO_TOLERANCE + 1 / height


@rule(
    "I3",
    "error",
    why="People who do not see the picture, or have pictures switched off, get nothing in its place.",
    mend="Describe what it shows: `alt` of the picture in posts/<slug>/index.md.",
    source="WCAG 2.2 success criterion 1.1.1",
)
def described(evidence: Evidence) -> Iterator[str]:
    """Every picture has a description; content and linked pictures a non-empty one."""
    for image in _pictures(evidence):
        alt = image.get("alt")
        anchor = next(image.iterancestors("a"), None)
        alone = anchor is not None and not anchor.text_content().strip()
        content = _file(evidence, image) is not None and image.get("role") not in {"presentation", "none"}
        if alt is None or (not alt.strip() and (alone or content)):
            yield _called(image)


@rule(
    "I3",
    "warning",
    why="The description does not say what the picture shows.",
    mend="Say in a sentence what can be seen; not the file's name, not “photo”.",
    source="W3C WAI, Images tutorial",
)
def useful_descriptions(evidence: Evidence) -> Iterator[str]:
    """Descriptions are words about the picture, neither file names nor essays."""
    for image in _pictures(evidence):
        alt = image.get("alt", "").strip()
        if alt and (
            FILE_NAME.fullmatch(alt)
            or alt.lower().strip(".") in _EMPTY_WORDS
            or len(alt) > MAX_ALT_CHARACTERS
        ):
            yield f"{_called(image)}: “{alt[:60]}”"


@rule(
    "I4",
    "error",
    why="Outlook or Gmail cannot show this kind of picture.",
    mend="Save it as JPEG or PNG.",
    source="caniemail image-webp, image-svg, image-avif",
)
def known_formats(evidence: Evidence) -> Iterator[str]:
    """Pictures are JPEG, PNG or GIF, and their files are there."""
    for image in _pictures(evidence):
        path = _file(evidence, image)
        if path is None:
            suffix = Path(_name(image)).suffix.lower()
            if suffix in UNSHOWN:
                yield _called(image)
            continue
        found = measured(path)
        if found is None:
            yield f"{_called(image)}: the file is missing or damaged"
        elif found[0] not in FORMATS:
            yield f"{_called(image)}: {found[0]}"


@rule(
    "I5",
    "warning",
    why="On a phone connection the picture appears late, or never.",
    mend=f"Save it smaller: at most {MAX_IMAGE_BYTES // 1024} KB each and 1 MB together.",
    source="caniemail image-gif; web.dev, image performance",
)
def light_pictures(evidence: Evidence) -> Iterator[str]:
    """Pictures are light, each and together."""
    paths = {path for image in _pictures(evidence) if (path := _file(evidence, image)) and path.is_file()}
    sizes = {path: path.stat().st_size for path in sorted(paths)}
    for path, size in sizes.items():
        if size > MAX_IMAGE_BYTES:
            yield f"picture {path.name}: {size // 1024:,} KB"
    if sum(sizes.values()) > MAX_IMAGES_BYTES:
        yield f"all pictures: {sum(sizes.values()) // 1024:,} KB"


@rule(
    "I6",
    "warning",
    why="Gmail removes this and may show nothing.",
    mend="Use a plain <img> with one address.",
    source="caniemail html-srcset, html-picture",
)
def plain_pictures(evidence: Evidence) -> Iterator[str]:
    """No ``srcset`` and no ``<picture>``."""
    for image in _pictures(evidence):
        if image.get("srcset") or next(image.iterancestors("picture"), None) is not None:
            yield _called(image)


@rule(
    "I8",
    "warning",
    why="With pictures off there is little to read, and spam filters distrust letters made of pictures.",
    mend=f"Write at least {MIN_LIVE_CHARACTERS} characters of real text.",
    source="Apache SpamAssassin, HTML_IMAGE_ONLY rules",
)
def live_text(evidence: Evidence) -> Iterator[str]:
    """The letter reads without its pictures."""
    if len(evidence.plain.visible) < MIN_LIVE_CHARACTERS:
        yield f"HTML part: {len(evidence.plain.visible)} characters"
