"""Colours that can be read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from newsletter.config import Brand, Organisation
from newsletter.editions import colours
from newsletter.editions.colours import DARK, LIGHT, READABLE, contrast

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
ORGANISATION = Organisation(
    name="River Trust",
    sender="news@rivertrust.example",
    postal_address="1 Quay Street",
    public_url="https://news.rivertrust.example",
)


def test_contrast_is_that_of_wcag() -> None:
    """The numbers are those of the standard's own examples."""
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48
    assert contrast("#0b6e4f", "#0b6e4f") == 1.0


@given(COLOURS, COLOURS)
def test_contrast_does_not_care_which_colour_is_the_background(one: str, other: str) -> None:
    """The ratio is symmetric and between 1 and 21."""
    assert contrast(one, other) == contrast(other, one)
    assert 1.0 <= contrast(one, other) <= 21.0


@given(COLOURS)
def test_every_accent_gives_words_that_can_be_read(accent: str) -> None:
    """Button labels and links reach 4.5 whatever colour an organisation chose, by day and by night."""
    brand = colours.brand_view(Brand(accent=accent), ORGANISATION)
    assert contrast(brand.accent_text, brand.accent) >= READABLE
    assert all(contrast(brand.link, paper) >= READABLE for paper in (LIGHT.paper, LIGHT.card, LIGHT.page))
    assert all(contrast(brand.link_dark, paper) >= READABLE for paper in (DARK.paper, DARK.card, DARK.page))
    assert contrast(DARK.page, brand.link_dark) >= READABLE


def test_text_and_small_print_can_be_read_on_every_paper() -> None:
    """The letter's own neutrals reach 4.5 on each background they stand on."""
    for palette in (LIGHT, DARK):
        for paper in (palette.page, palette.paper, palette.card):
            assert contrast(palette.ink, paper) >= READABLE
            assert contrast(palette.muted, paper) >= READABLE


def test_an_accent_that_can_be_read_is_left_as_it_is() -> None:
    """A dark accent is the link colour too."""
    assert colours.brand_view(Brand(accent="#0B6E4F"), ORGANISATION).link == "#0b6e4f"


def test_a_logo_carries_the_organisations_name() -> None:
    """The alt text of a logo is the name; without a logo there is none."""
    brand = Brand(logo="https://rivertrust.example/logo.png", logo_width=120, logo_height=40)
    logo = colours.brand_view(brand, ORGANISATION).logo
    assert logo is not None
    assert (logo.alt, logo.width, logo.height) == ("River Trust", 120, 40)
    assert colours.brand_view(Brand(), ORGANISATION).logo is None
