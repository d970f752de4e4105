"""A sound edition, made by hand, that tests break in one place at a time."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image as Bitmap

from newsletter.checks import preflight
from newsletter.config import Mention, Organisation
from newsletter.editions import compiled
from newsletter.editions.edition import Edition, sample_values
from newsletter.editions.headers import Head
from newsletter.editions.merge import MergeTags
from newsletter.model import CallToAction, Image, Post, Snippet
from newsletter.social.folder import Folder

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.model import Finding

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ASK = CallToAction(
    "Will you stand up for safe migration?",
    "Add your name",
    "https://rivertrust.example/act?utm_source=newsletter&utm_medium=email",
)
ORGANISATION = Organisation(
    name="River Trust",
    sender="River Trust <news@rivertrust.example>",
    postal_address="1 Quay Street, Bristol BS1 4DJ, United Kingdom",
    public_url="https://news.rivertrust.example",
)
BODY = (
    "Seasonal workers along the river told us how they were promised one wage and paid another. "
    "With their help we wrote a short guide in six languages that explains what a fair contract says, "
    "whom to call when it is broken, and how to leave safely. Volunteers handed it out at the ferry, "
    "at the market and outside the packing halls, and the phone has not stopped ringing since. "
    "Two employers have already changed the way they keep passports."
)
OUTLOOK = "<!--[if mso]><xml><o:Settings><o:PixelsPerInch>96</o:PixelsPerInch></o:Settings></xml><![endif]-->"
POST = Post(
    slug="guide",
    title="What a fair contract says",
    body=BODY,
    images=(Image(alt="Volunteers at the ferry", file="ferry.png"),),
    link="https://rivertrust.example/guide",
    published_at=date(2026, 11, 18),
)
FILES = Folder(name="files")
HTML = """<!DOCTYPE html>
<html lang="en" dir="ltr" xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="x-apple-disable-message-reformatting">
<meta name="format-detection" content="telephone=no,address=no,email=no,date=no">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>A guide in six languages</title>
OUTLOOK
<style>@media screen and (max-width:599px){.stack{display:block !important}}</style>
</head>
<body style="margin:0;background-color:#f4f4f4">
<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">PREHEADER</div>
<div aria-hidden="true" style="display:none;max-height:0;overflow:hidden;mso-hide:all">FILLER</div>
<div role="article" aria-roledescription="email" lang="en" dir="ltr">
<table role="presentation" width="600" align="center" cellpadding="0" cellspacing="0" border="0"
 style="width:100%;max-width:600px" bgcolor="#ffffff">
<tr><td style="padding:24px;font-size:16px;line-height:24px;color:#222222;background-color:#ffffff">
<h1 style="margin:0;font-size:28px;color:#222222">A guide in six languages</h1>
<p style="margin:0">Dear qzmerge0000zq,</p>
<img src="https://news.rivertrust.example/media/ferry.png" width="600" height="300"
 alt="Volunteers at the ferry" style="display:block;width:100%;max-width:600px;height:auto;border:0">
<h2 style="margin:0;font-size:22px">
<a href="https://rivertrust.example/guide" style="color:#0b6e4f">What a fair contract says</a></h2>
<p style="margin:0">BODY</p>
<h2 style="margin:0;font-size:22px">Will you stand up for safe migration?</h2>
<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr>
<td bgcolor="#0b6e4f" style="background-color:#0b6e4f"><a
 href="https://rivertrust.example/act?utm_source=newsletter&amp;utm_medium=email"
 style="display:inline-block;padding:14px 28px;color:#ffffff">Add your name</a></td></tr></table>
<p style="margin:0;font-size:14px">River Trust, 1 Quay Street, Bristol BS1 4DJ, United Kingdom.
<a href="qzmerge0001zq" style="color:#0b6e4f">Unsubscribe</a>
<a href="qzmerge0002zq" style="color:#0b6e4f">Preferences</a>
<a href="qzmerge0003zq" style="color:#0b6e4f">View in browser</a></p>
</td></tr></table>
</div>
</body>
</html>
""".replace("BODY", BODY).replace("OUTLOOK", OUTLOOK)
TEXT = """A guide in six languages

Dear qzmerge0000zq,

Picture: Volunteers at the ferry

What a fair contract says
https://rivertrust.example/guide

BODY

Will you stand up for safe migration?
Add your name:
https://rivertrust.example/act?utm_source=newsletter&utm_medium=email

River Trust
1 Quay Street, Bristol BS1 4DJ
United Kingdom
Unsubscribe: qzmerge0001zq
Preferences: qzmerge0002zq
View in browser: qzmerge0003zq
""".replace("BODY", textwrap.fill(BODY, 72))


@dataclass
class Draft:
    """Everything a sound edition is made of; a test changes one thing and calls `findings`."""

    folder: Path
    html: str = HTML
    text: str = TEXT
    subject: str = "qzmerge0000zq, here is a guide in six languages"
    preheader: str = "Workers told us what was promised and what was paid; here is what changed."
    filler: str = "\u2007\ufeff\u034f " * 40
    head: Head = field(
        default_factory=lambda: Head(
            ORGANISATION.sender,
            "",
            "en",
            "River Trust <supporters.rivertrust.example>",
            "guide:news:news:river",
        )
    )
    edition: dict[str, Any] = field(default_factory=dict)
    """Fields of the edition that differ."""
    raw: tuple[bytes, bytes] = (b"", b"")
    """What is replaced in the compiled bytes, and by what."""
    snippets: tuple[Snippet, ...] = (
        Snippet(
            account="files",
            network="folder",
            text=(
                "A guide in six languages\n\nWill you stand up for safe migration? "
                "https://rivertrust.example/act?utm_source=folder\n\n#FairWork"
            ),
            link="https://rivertrust.example/act?utm_source=folder",
            image="ferry.png",
            alt="Volunteers at the ferry",
        ),
    )
    post: Post = POST
    organisation: Organisation = ORGANISATION
    recipients: int | None = 25
    network: Folder = FILES
    mentions: tuple[Mention, ...] = ()
    templates: tuple[Path, ...] = ()
    allow_missing_alt: bool = False

    def built(self) -> Edition:
        """Return the edition."""
        tags = MergeTags()
        tags.tag("first_name", "friend")
        for name in ("unsubscribe_url", "preferences_url", "view_url"):
            tags.tag(name, "")
        html = self.html.replace("PREHEADER", self.preheader).replace("FILLER", self.filler)
        subject = compiled.line_pieces(self.subject, tags)
        pieces = compiled.html_pieces(html, tags, where="the sample")
        text = compiled.text_pieces(self.text, tags)
        letter = compiled.compile_letter(self.head, compiled.Parts(subject, text, pieces))
        letter = replace(letter, segments=tuple(part.replace(*self.raw) for part in letter.segments))
        values = sample_values(self.organisation.public_url)
        made = Edition(
            id="0123456789abcdef",
            campaign="guide",
            folder=self.folder,
            subject=compiled.merged(subject, values),
            preheader=self.preheader,
            sender=self.organisation.sender,
            reply_to="",
            language="en",
            date=date(2026, 11, 20),
            lists=("supporters",),
            posts=("guide",),
            call_to_action=ASK,
            html=compiled.merged(pieces, values),
            text=compiled.merged(text, values),
            letter=letter,
            snippets=self.snippets,
            images=("ferry.png",),
        )
        return replace(made, **self.edition)

    def findings(self) -> tuple[Finding, ...]:
        """Return what the checks say."""
        return preflight.check(
            self.built(),
            organisation=self.organisation,
            networks=[self.network],
            posts=[self.post],
            recipients=self.recipients,
            now=NOW,
            mentions=self.mentions,
            templates=self.templates,
            allow_missing_alt=self.allow_missing_alt,
        )


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    """A sound edition whose one picture lies in its folder."""
    (tmp_path / "images").mkdir()
    Bitmap.new("RGB", (1200, 600), "#4080c0").save(tmp_path / "images" / "ferry.png")
    return Draft(tmp_path)
