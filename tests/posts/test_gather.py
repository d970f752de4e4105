"""Any source becomes posts; every bad one becomes one line."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PIL import Image as Drawing

from newsletter.errors import ContentError
from newsletter.model import Image
from newsletter.posts import store
from newsletter.posts.gather import gather

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_httpserver import HTTPServer

    Write = Callable[[str, str | bytes], Path]
    Draw = Callable[..., bytes]

TEXT = "Eels are back\n\nBy Ana Ruiz\n\nIn May they came.\n\nThey stayed."
FEED = "<rss><channel><item><title>Eels</title><description>In May.</description></item></channel></rss>"


def refusal(source: str | Path) -> str:
    """Return the one line that a bad source gives."""
    with pytest.raises(ContentError) as caught:
        gather(str(source))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(source))
    return str(caught.value)


def page(article: str, head: str = "") -> str:
    """Return a web page."""
    start = f"<!DOCTYPE html><html><head><title>Eels</title>{head}</head>"
    return f"{start}<body><article>{article}</article></body></html>"


@pytest.mark.parametrize(
    ("name", "content", "title"),
    [
        ("story.txt", TEXT, "Eels are back"),
        ("story", TEXT, "Eels are back"),
        ("story.txt", "---\ntitle: From YAML\n---\nIn May.", "From YAML"),
        ("story.txt", '+++\ntitle = "From TOML"\n+++\nIn May.', "From TOML"),
        ("story.md", "# From *a* heading\n\nIn May.", "From a heading"),
        ("feed.txt", f'<?xml version="1.0"?>\n<!-- x -->{FEED}', "Eels"),
        ("feed.xml", FEED.encode("utf-16"), "Eels"),
    ],
)
def test_the_content_says_what_a_file_is(write: Write, name: str, content: str | bytes, title: str) -> None:
    """Not its name alone."""
    [found] = gather(str(write(name, content)))
    assert found.post.title == title
    assert found.post.body.startswith("In May")


def test_a_page_on_disk_is_recognised_by_its_markup(write: Write, article: str) -> None:
    """Whatever it is called."""
    [found] = gather(str(write("saved.txt", page(article))))
    assert found.post.title == "Eels"
    assert found.post.body.startswith("The count began")


def test_a_folder_is_read_by_its_index(write: Write, draw: Draw) -> None:
    """The stored form, from another workspace, pictures and all."""
    path = write(
        "eels/index.md",
        "---\ntitle: Eels\nimages:\n  - file: My Weir.PNG\n    alt: Weir\n---\n![Weir](<My Weir.PNG>)",
    )
    picture = draw("PNG")
    write("eels/My Weir.PNG", picture)
    [found] = gather(str(path.parent))
    assert found.pictures == {"my-weir.png": picture}
    assert found.post.images == (Image("Weir", "my-weir.png", width=64, height=48),)
    assert found.post.body == "![Weir](my-weir.png)"


def test_what_is_gathered_can_be_stored_and_gathered_again(write: Write, draw: Draw, tmp_path: Path) -> None:
    """Every source is converted into the form that staff edit."""
    write("weir.png", draw("PNG"))
    source = write("s.md", '---\ntitle: Eels\n---\nIn May.\n\n![At the *weir*](weir.png "x")\n\nEnd.')
    [found] = gather(str(source))
    saved = store.save(found.post, found.pictures, tmp_path / "posts")
    stored = store.load(saved.path.parent)
    [again] = gather(str(saved.path))
    assert replace(again.post, slug="", folder=None) == replace(stored, slug="", folder=None)
    assert store.save(again.post, again.pictures, tmp_path / "posts").updated


@pytest.mark.parametrize("charset", ["utf-8", "windows-1252"])
def test_a_page_on_the_web_brings_its_pictures(
    site: HTTPServer, article: str, draw: Draw, charset: str
) -> None:
    """Measured, named, and pointed at from the text."""
    picture = draw()
    caption = "<figcaption>“At the weir” | Ana</figcaption>"
    figure = f"<figure><img src='/up/Weir%20one.JPG?w=9' alt='Weir'>{caption}</figure>"
    site.expect_request("/eels").respond_with_data(
        page(article + figure + article).encode(charset), content_type=f"text/html; charset={charset}"
    )
    site.expect_request("/up/Weir one.JPG").respond_with_data(picture, content_type="image/jpeg")
    [found] = gather(site.url_for("/eels"))
    assert found.warnings == ()
    assert found.pictures == {"weir-one.jpg": picture}
    assert found.post.images == (
        Image("Weir", "weir-one.jpg", site.url_for("/up/Weir%20one.JPG?w=9"), "“At the weir”", "Ana", 64, 48),
    )
    assert "![Weir](weir-one.jpg)" in found.post.body


def test_a_picture_that_cannot_be_had_is_a_warning(site: HTTPServer, article: str) -> None:
    """The story is stored, the picture stays on the web."""
    site.expect_request("/eels").respond_with_data(
        page(f"{article}<img src='/gone.jpg' alt='Weir'>"), content_type="text/html"
    )
    site.expect_request("/gone.jpg").respond_with_data(status=404)
    [found] = gather(site.url_for("/eels"))
    assert found.post.images == (Image("Weir", url=site.url_for("/gone.jpg")),)
    assert f"![Weir]({site.url_for('/gone.jpg')})" in found.post.body
    [warning] = found.warnings
    assert "no such page (HTTP 404)" in warning
    assert "/gone.jpg" in warning


def test_pictures_beside_a_saved_page_are_read(write: Write, article: str, draw: Draw) -> None:
    """Browsers put them into a folder."""
    write("eels_files/w.jpg", draw())
    head = "<link rel='canonical' href='https://river.example/eels'>"
    source = write(
        "eels.html",
        page(f"{article}<p><a href='/give'>Give</a></p><img src='eels_files/w.jpg'>{article}", head),
    )
    [found] = gather(str(source))
    assert list(found.pictures) == ["w.jpg"]
    assert "![](w.jpg)" in found.post.body
    assert "(https://river.example/give)" in found.post.body


@pytest.mark.parametrize(
    "name", ["../secret.png", "/etc/hostname", "a/../../secret.png", "%2e%2e/secret.png", "link.png"]
)
def test_nothing_outside_of_the_sources_folder_is_read(write: Write, draw: Draw, name: str) -> None:
    """Not upwards, not absolute, not through a link."""
    secret = write("secret.png", draw("PNG"))
    source = write("in/s.md", f"---\ntitle: Eels\n---\nIn May.\n\n![x]({name})\n\nEnd.")
    (source.parent / "link.png").symlink_to(secret)
    [found] = gather(str(source))
    assert found.pictures == {}
    assert len(found.warnings) == 1
    assert found.post.body == "In May.\n\nEnd."


@pytest.mark.parametrize(
    ("kind", "mode", "name"),
    [
        ("WEBP", "RGB", "p.jpg"),
        ("WEBP", "RGBA", "p.png"),
        ("AVIF", "RGB", "p.jpg"),
        ("TIFF", "RGB", "p.jpg"),
        ("BMP", "RGB", "p.jpg"),
    ],
)
def test_formats_that_mail_does_not_show_are_converted(
    write: Write, draw: Draw, kind: str, mode: str, name: str
) -> None:
    """To JPEG, or to PNG where something shines through."""
    write("p.jpg", draw(kind, mode=mode))
    [found] = gather(str(write("s.md", "# Eels\n\n![x](p.jpg)\n\nIn May.")))
    assert list(found.pictures) == [name]
    with Drawing.open(io.BytesIO(found.pictures[name])) as drawn:
        assert drawn.format == {"p.jpg": "JPEG", "p.png": "PNG"}[name]
    assert (found.post.images[0].width, found.post.images[0].height) == (64, 48)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture that can be read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "no picture that can be read"),
        (b"", "no picture that can be read"),
        (b"damaged", "the picture is damaged"),
    ],
)
def test_what_pillow_cannot_open_is_not_stored(write: Write, draw: Draw, content: bytes, reason: str) -> None:
    """A page would show a broken frame."""
    write("p.jpg", draw(size=(200, 200))[:400] if content == b"damaged" else content)
    [found] = gather(str(write("s.md", "# Eels\n\n![x](p.jpg)\n\nIn May.")))
    assert found.pictures == {}
    assert reason in found.warnings[0]


def test_a_picture_that_claims_to_be_enormous_is_not_unpacked(write: Write) -> None:
    """A few bytes can ask for gigabytes."""
    drawn = io.BytesIO()
    Drawing.new("1", (9000, 9000)).save(drawn, "PNG")
    write("p.png", drawn.getvalue())
    [found] = gather(str(write("s.md", "# Eels\n\n![x](p.png)\n\nIn May.")))
    assert "more than 60 million pixels" in found.warnings[0]


def test_a_phone_picture_has_the_size_it_is_shown_in(write: Write) -> None:
    """EXIF says that it lies on its side; the bytes stay."""
    exif = Drawing.Exif()
    exif[0x0112] = 6
    drawn = io.BytesIO()
    Drawing.new("RGB", (64, 48)).save(drawn, "JPEG", exif=exif)
    write("p.jpg", drawn.getvalue())
    [found] = gather(str(write("s.md", "# Eels\n\n![x](p.jpg)\n\nIn May.")))
    assert found.pictures == {"p.jpg": drawn.getvalue()}
    assert (found.post.images[0].width, found.post.images[0].height) == (48, 64)


def test_a_tracking_pixel_without_a_stated_size_goes(write: Write, draw: Draw) -> None:
    """Its file tells."""
    write("p.gif", draw("GIF", size=(1, 1)))
    [found] = gather(str(write("s.md", "# Eels\n\nIn May.\n\n![](p.gif)\n\nEnd.")))
    assert (found.post.images, found.pictures, found.warnings) == ((), {}, ())
    assert found.post.body == "In May.\n\nEnd."


def test_two_pictures_of_one_name_stay_two(write: Write, draw: Draw) -> None:
    """In one folder."""
    write("a/p.png", draw("PNG"))
    write("b/p.png", draw("PNG", size=(10, 10)))
    [found] = gather(str(write("s.md", "# Eels\n\n![x](a/p.png) ![y](b/p.png)\n\nIn May.")))
    assert sorted(found.pictures) == ["p-2.png", "p.png"]
    assert found.post.body.startswith("![x](p.png) ![y](p-2.png)")


def test_only_so_many_pictures_are_stored(write: Write, draw: Draw) -> None:
    """An album stays on the web."""
    shown = ""
    for number in range(22):
        write(f"{number}.png", draw("PNG"))
        shown += f"![x]({number}.png)\n\n"
    [found] = gather(str(write("s.md", f"# Eels\n\n{shown}In May.")))
    assert len(found.pictures) == 20
    assert found.warnings == ("2 more pictures not stored: a post takes the first 20",)
    assert found.post.body.count("![") == 20


def test_a_feed_on_the_web_is_read(site: HTTPServer) -> None:
    """Whatever type the server calls it."""
    site.expect_request("/feed").respond_with_data(FEED, content_type="text/plain")
    assert [found.post.title for found in gather(site.url_for("/feed"))] == ["Eels"]


def test_the_front_page_of_a_site_leads_to_its_feed(site: HTTPServer) -> None:
    """Any site that names one."""
    head = "<link rel='alternate' type='application/atom+xml' href='/atom.xml'>"
    site.expect_request("/").respond_with_data(page("<p>Welcome</p>", head), content_type="text/html")
    site.expect_request("/atom.xml").respond_with_data(FEED, content_type="application/xml")
    assert [found.post.title for found in gather(site.url_for("/"))] == ["Eels"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.txt", b"", "it is empty"),
        ("blank.txt", b"\xef\xbb\xbf \r\n\r\n", "it is empty"),
        ("binary.txt", bytes(range(256)), "it is not text"),
        ("photo.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0", "it is not text"),
        ("wrong.txt", b"caf\xe9 \x81\x8d\x9d and more", "encoding that cannot be told"),
        ("story.docx", b"PK\x03\x04\x14\0", "Word document or an archive"),
        ("story.pdf", b"%PDF-1.7\n", "this is a PDF"),
        ("title.txt", b"Only a headline", "no story under it"),
        ("cut.xml", FEED[:-20].encode(), "cut off"),
        ("entity.xml", b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss>&x;</rss>', "entities"),
        ("other.xml", b"<?xml version='1.0'?><opml></opml>", "neither a feed nor a web page"),
        ("page.html", b"<html><title>Menu</title><nav><a href=/>x</a></nav></html>", "no article"),
        ("bare.md", b"---\ntitle: x\n---\n", "no text under the front matter"),
        ("open.md", b"---\ntitle: x\n\nIn May.", "is not closed"),
    ],
)
def test_a_bad_file_is_one_line(write: Write, name: str, content: bytes, reason: str) -> None:
    """With its name and the reason."""
    assert reason in refusal(write(name, content))


def test_a_file_of_fifty_megabytes_is_not_read(write: Write) -> None:
    """Its size is asked for first."""
    path = write("big.txt", b"")
    with path.open("r+b") as file:
        file.truncate(50_000_000)
    assert "it has 50 MB" in refusal(path)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("nowhere.txt", "there is no such file; a web address starts with https://"),
        ("nowhere.md", "there is no such file"),
        ("river.example/eels", "there is no such file"),
        ("ftp://river.example/x", "only http and https"),
        ("file:///etc/passwd", "only http and https"),
        ("x" * 5000, "it cannot be read"),
        ("~nobody-here/x.txt", "it cannot be read"),
        ("a\0b", "it cannot be read"),
        ("http://127.0.0.1:9/", "only the ports 80 and 443"),
        ("http://127.0.0.1/", "private network"),
    ],
)
def test_a_source_that_is_not_there_is_one_line(
    source: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On disk or on the web."""
    monkeypatch.delenv("NEWSLETTER_ALLOW_PRIVATE_FETCH", raising=False)
    assert reason in refusal(source)


def test_a_folder_without_an_index_is_one_line(tmp_path: Path) -> None:
    """Nobody knows which of its files is meant."""
    assert "holds no index.md" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"\x89PNG\r\n\x1a\n\0", "image/png", "not text"),
        (b"%PDF-1.7", "application/pdf", "a PDF"),
        (b"", "text/html", "it is empty"),
        (b"<p>Hi</p>", "text/html", "no headline"),
    ],
)
def test_a_web_address_without_a_story_is_one_line(
    site: HTTPServer, body: bytes, content_type: str, reason: str
) -> None:
    """The type the server states is not believed, the bytes are looked at."""
    site.expect_request("/x").respond_with_data(body, content_type=content_type)
    assert reason in refusal(site.url_for("/x"))


def test_all_mistakes_of_a_markdown_source_are_told(write: Write) -> None:
    """With their lines, as for stored posts."""
    source = write("s.md", "---\ntitle: x\nautor: y\ndate: May\n---\nx")
    with pytest.raises(ContentError) as caught:
        gather(str(source))
    assert [problem.where for problem in caught.value.problems] == [f"{source}:3", f"{source}:4"]
