"""Every channel of a campaign on one page, and mistakes shown where staff look."""

from __future__ import annotations

import re
from typing import Any

import pytest
from lxml import html

from newsletter.app import open_app
from newsletter.editions import compiled
from newsletter.editions.edition import sample_values
from newsletter.editions.mime import CLIPPED_BYTES, html_size_bytes
from newsletter.preview.studio import build_now
from newsletter.social.folder import Folder

CAMPAIGN = "autumn-digest"
TOML = f"campaigns/{CAMPAIGN}/campaign.toml"


def words(page: Any) -> str:
    """Return what a page says."""
    return " ".join(" ".join(tree(page).itertext()).split())


def tree(page: Any) -> Any:
    """Return a page to look for elements in."""
    return html.document_fromstring(page.text)


def test_the_front_page_lists_the_campaigns(untouched: Any) -> None:
    """Each is a link."""
    assert f'href="/{CAMPAIGN}"' in untouched.get("/").text


def test_a_campaign_page_shows_every_channel_in_order(untouched: Any) -> None:
    """Verdict, inbox, letter, text, social posts, checks."""
    page = untouched.get(f"/{CAMPAIGN}")

    assert page.status_code == 200
    said = words(page)
    places = [
        said.index(part)
        for part in (
            "Ready to send",
            "the otters are back",
            "Computer, 640 px",
            "What came back this autumn",
            "of 500",
            "Worth a look",
        )
    ]
    assert places == sorted(places)


def test_the_size_shown_is_the_one_that_the_checks_count(untouched: Any) -> None:
    """The HTML part of the letter to a subscriber of whom only the address is known."""
    app = open_app(untouched.root)
    edition = build_now(app, CAMPAIGN)
    values = sample_values(app.loaded.config.organisation.public_url)
    size_bytes = html_size_bytes(compiled.fill(edition.letter, values))

    assert f"Size {size_bytes:,} of {CLIPPED_BYTES:,} bytes" in words(untouched.get(f"/{CAMPAIGN}"))


def test_the_letter_stands_in_frames_that_cannot_run_anything(untouched: Any) -> None:
    """No scripts by sandbox and by policy."""
    page = tree(untouched.get(f"/{CAMPAIGN}"))
    letter = untouched.get(f"/{CAMPAIGN}/letter")

    frames = page.findall(".//iframe")
    assert len(frames) == 2
    for frame in frames:
        assert "allow-scripts" not in frame.get("sandbox", "allow-scripts")
        assert frame.get("src", "").startswith(f"/{CAMPAIGN}/letter")
    assert "default-src 'none'" in letter.headers["Content-Security-Policy"]
    assert "script-src" not in letter.headers["Content-Security-Policy"]


def test_pictures_come_from_the_edition(untouched: Any) -> None:
    """They are on no web server yet."""
    letter = untouched.get(f"/{CAMPAIGN}/letter").text

    pictures = html.document_fromstring(letter.encode()).findall(".//img")
    assert pictures
    for picture in pictures:
        source = picture.get("src", "")
        answer = untouched.get(source)
        assert source.startswith(f"/{CAMPAIGN}/images/")
        assert answer.headers["Content-Type"].startswith("image/")


def test_no_other_file_can_be_asked_for(untouched: Any) -> None:
    """Only the names of the edition's pictures are known."""
    untouched.get(f"/{CAMPAIGN}")

    for name in ("edition.json", "..%2Fedition.json", "%2Fetc%2Fpasswd", "nothing.png"):
        assert untouched.get(f"/{CAMPAIGN}/images/{name}").status_code == 404


def test_dark_and_light_are_as_asked_whatever_the_machine_prefers(untouched: Any) -> None:
    """The letter's own dark sheet is switched on or off."""
    dark = untouched.get(f"/{CAMPAIGN}/letter?scheme=dark").text
    light = untouched.get(f"/{CAMPAIGN}/letter?scheme=light").text

    assert "prefers-color-scheme" not in re.sub(r"<meta[^>]*>", "", dark + light)
    assert "(min-width:0)" in dark
    assert "(max-width:0)" in light


def test_a_letter_follows_the_machine_until_it_is_told_otherwise(untouched: Any) -> None:
    """The sheet stays as readers get it."""
    assert "(prefers-color-scheme:dark)" in untouched.get(f"/{CAMPAIGN}/letter").text.replace(" ", "")


@pytest.mark.parametrize(
    ("query", "scheme"),
    [("", "auto"), ("?scheme=dark", "dark"), ("?scheme=light", "light"), ("?scheme=%22%3E", "auto")],
)
def test_the_chosen_colours_stay_from_page_to_page(untouched: Any, query: str, scheme: str) -> None:
    """Links and frames carry them along."""
    front = tree(untouched.get(f"/{query}"))
    page = tree(untouched.get(f"/{CAMPAIGN}{query}"))

    carried = "" if scheme == "auto" else query
    assert front.xpath("//ul[@class='campaigns']//a/@href") == [f"/{CAMPAIGN}{carried}"]
    assert page.xpath("//a[@class='home']/@href") == [f"/{carried}"]
    assert page.get("data-scheme") == scheme
    assert page.xpath("//nav//a[@aria-current]/@href") == [f"?scheme={scheme}"]
    assert {source.rpartition("=")[2] for source in page.xpath("//iframe/@src")} == {scheme}


def test_a_saved_change_shows_on_the_next_look(preview: Any) -> None:
    """Page and frame alike."""
    preview.get(f"/{CAMPAIGN}")
    preview.change(TOML, "What came back this autumn", "A river in autumn")

    assert "A river in autumn" in preview.get(f"/{CAMPAIGN}").text
    assert "A river in autumn" in preview.get(f"/{CAMPAIGN}/letter").text


def test_errors_are_counted_at_the_top(preview: Any) -> None:
    """With what to do about them below."""
    preview.change(TOML, "https://rivertrust.example/give", "http://localhost:8000/give")

    said = words(preview.get(f"/{CAMPAIGN}"))

    assert "2 problems stop this edition from leaving" in said
    assert "These stop the send" in said
    assert "Write the full address" in said


def test_a_mistake_in_a_file_is_shown_with_its_line_and_mends_itself(preview: Any) -> None:
    """The server goes on; the next look after the mending is fine."""
    preview.change(TOML, "subject =", "subjekt =")

    broken = preview.get(f"/{CAMPAIGN}")

    assert broken.status_code == 200
    assert f"{CAMPAIGN} cannot be built yet" in broken.text
    assert re.search(r"campaign\.toml:\d+ \(subjekt\)", broken.text)
    assert "cannot be built" in preview.get(f"/{CAMPAIGN}/letter").text
    preview.change(TOML, "subjekt =", "subject =")
    assert "Ready to send" in preview.get(f"/{CAMPAIGN}").text


def test_a_mistake_in_the_settings_is_shown_too(preview: Any) -> None:
    """config.toml is read again for every page."""
    preview.change("config.toml", "[organisation]", "[organisation]\nnme = 'x'")

    page = preview.get(f"/{CAMPAIGN}")

    assert page.status_code == 200
    assert "config.toml" in page.text
    assert "nme" in page.text


def test_a_folder_that_cannot_be_written_is_shown(preview: Any) -> None:
    """A file stands where the editions belong."""
    (preview.root / "out").write_text("in the way", encoding="utf-8")

    page = preview.get(f"/{CAMPAIGN}")

    assert page.status_code == 200
    assert "cannot be built yet" in page.text
    assert str(preview.root / "out") in page.text


def test_a_social_post_is_shown_with_its_picture_and_the_words_about_it(untouched: Any) -> None:
    """Whose it is, the text with its link and hashtags, the description, and the length."""
    card = tree(untouched.get(f"/{CAMPAIGN}")).xpath("//article")[0]

    assert card.xpath(".//h3/text()") == ["folder"]
    assert card.xpath(".//p[@class='who']/b/text()") == ["River Trust"]
    assert "\n\n" in card.xpath("string(.//p[@class='words'])")
    assert card.xpath(".//span[@class='link']/text()")[0].startswith("https://rivertrust.example/give?")
    picture = card.find(".//img")
    assert "otters" in picture.get("alt")
    assert picture.get("alt") in card.xpath("string(.//figcaption)")
    assert untouched.get(picture.get("src")).headers["Content-Type"] == "image/jpeg"
    assert re.search(r"\d+ of 500", card.xpath("string(.//ul[@class='counters'])"))


def test_the_checks_of_a_post_stand_on_its_card(preview: Any) -> None:
    """And what was done to make it fit."""
    sentence = "Nobody had seen an otter at the weir for many years, and then there were two. "
    preview.change(TOML, "[social]", f'[social]\nwhy = "{sentence * 6}"')
    preview.change(TOML, "https://rivertrust.example/give", "http://localhost:8000/give")

    said = words(preview.get(f"/{CAMPAIGN}")).partition("Social posts")[2].partition("These stop")[0]

    assert "Error The link of this post" in said
    assert "To fit ended the text at a sentence" in said


def test_what_a_person_publishes_comes_with_everything_needed(
    preview: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every text to copy as it is, the picture to save, its description."""
    monkeypatch.setattr(Folder, "by_hand", True)
    monkeypatch.setattr(Folder, "max_posts", 5)
    preview.change(TOML, "[social]", '[social]\nwhy = """One.\n---\nTwo."""')

    page = tree(preview.get(f"/{CAMPAIGN}"))

    kit = page.xpath("//section[@class='kit']")[0]
    first, second, alt = kit.xpath(".//pre/text()")
    assert first.endswith("One.")
    assert second.startswith("Two.")
    assert alt == page.xpath("//article//figure/img/@alt")[0]
    picture = preview.get(kit.xpath(".//a[@download]/@href")[0])
    assert picture.headers["Content-Type"] == "image/jpeg"


def test_only_what_a_person_publishes_comes_with_a_kit(untouched: Any) -> None:
    """The rest leaves by itself."""
    assert "by hand" not in words(untouched.get(f"/{CAMPAIGN}"))


def test_words_of_a_campaign_are_shown_as_words(preview: Any) -> None:
    """Markup in a subject is not markup of the page."""
    preview.change(TOML, "the otters are back", "<script>alert(1)</script>")

    page = preview.get(f"/{CAMPAIGN}").text

    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_an_unknown_campaign_is_not_found(untouched: Any) -> None:
    """With the way back."""
    for path in ("/nothing", "/nothing/letter", "/..%2Fposts", "/a/b/c/d"):
        answer = untouched.get(path)
        assert answer.status_code == 404
        assert "All campaigns" in answer.text


def test_a_workspace_without_campaigns_says_what_to_do(preview: Any) -> None:
    """Nothing to list."""
    (preview.root / TOML).unlink()

    assert "newsletter campaign new" in preview.get("/").text
