"""What a template sees: the content contract between `editions.build` and templates/.

Everything is ready to print: addresses are absolute and carry their UTM
parameters, dates are words in the edition's language, pictures have sizes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter.config import Organisation
    from newsletter.model import CallToAction, RelatedPost


@dataclass(frozen=True)
class ImageView:
    """One picture."""

    src: str
    """Absolute https address."""
    alt: str
    """What it shows; empty for decoration."""
    width: int
    """Pixels of the file."""
    height: int
    """Pixels of the file."""
    caption: str = ""
    """Plain text."""
    credit: str = ""
    """Plain text."""


@dataclass(frozen=True)
class StoryView:
    """One post."""

    title: str
    """Plain text."""
    excerpt: str
    """Plain text, at most about 60 words, ends at a sentence."""
    body: str
    """Markdown of the whole story."""
    url: str
    """Absolute address of the story; empty when it is not on the web."""
    author: str
    """Byline without "By"; may be empty."""
    date: str
    """Date in words; may be empty."""
    image: ImageView | None
    """The lead picture."""
    images: Mapping[str, ImageView]
    """File name as written in the body → picture."""
    language: str
    """BCP 47."""


@dataclass(frozen=True)
class BrandView:
    """Colours and logo, with text colours that are readable on them."""

    accent: str
    """``#rrggbb`` of buttons, links and rules."""
    accent_text: str
    """``#rrggbb`` of words on the accent colour, contrast at least 4.5."""
    link: str
    """``#rrggbb`` of links on the letter's paper, contrast at least 4.5."""
    link_dark: str
    """The same on dark paper."""
    logo: ImageView | None
    """The logo; None shows the name."""


@dataclass(frozen=True)
class EditionView:
    """Everything a template may print."""

    organisation: Organisation
    """Who sends."""
    brand: BrandView
    """How it looks."""
    language: str
    """BCP 47."""
    direction: str
    """``ltr`` or ``rtl``."""
    subject: str
    """Subject line, merge tokens included."""
    preheader: str
    """Words after the subject in the inbox, merge tokens included."""
    title: str
    """Headline of the edition."""
    date: str
    """Date in words."""
    note: str
    """Opening words in Markdown, merge tokens included; may be empty."""
    signature: str
    """Who signs the note."""
    stories: tuple[StoryView, ...]
    """The posts, in order; the first is the hero."""
    call_to_action: CallToAction | None
    """The one ask; label and url are always set."""
    related: tuple[RelatedPost, ...] = field(default=())
    """Further reading; ``url`` may be empty."""
