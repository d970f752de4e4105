"""Every rule, broken by one change to a sound edition."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image as Bitmap

from newsletter.checks import preflight
from newsletter.model import CallToAction, Card, Image, Snippet
from newsletter.social.folder import Folder

if TYPE_CHECKING:
    from collections.abc import Callable

    Change = Callable[[Any], None]

PLACEHOLDER = {"P6"}
"""The sample organisation lives at an example address."""


class Objecting(Folder):
    """A network that takes no snippets."""

    def objections(self, snippet: Snippet) -> tuple[str, ...]:
        """Return what it has against one."""
        return (f"there is no room for {snippet.account} here",)


def html(old: str, new: str) -> Change:
    """Change the HTML part in one place."""

    def change(draft: Any) -> None:
        assert old in draft.html
        draft.html = draft.html.replace(old, new)

    return change


def text(old: str, new: str) -> Change:
    """Change the text part in one place."""

    def change(draft: Any) -> None:
        assert old in draft.text
        draft.text = draft.text.replace(old, new)

    return change


def raw(old: bytes, new: bytes) -> Change:
    """Change the bytes on the wire."""

    def change(draft: Any) -> None:
        assert any(old in part for part in draft.built().letter.segments)
        draft.raw = (old, new)

    return change


def edition(**fields: Any) -> Change:
    """Change fields of the edition."""
    return lambda draft: draft.edition.update(fields)


def snippet(**fields: Any) -> Change:
    """Change fields of the one snippet."""

    def change(draft: Any) -> None:
        draft.snippets = (replace(draft.snippets[0], **fields),)

    return change


def field(**fields: Any) -> Change:
    """Change what the edition is made of."""

    def change(draft: Any) -> None:
        for name, value in fields.items():
            setattr(draft, name, value)

    return change


def picture(kind: str, size: tuple[int, int] = (1200, 600)) -> Change:
    """Put another picture into the edition's folder."""

    def change(draft: Any) -> None:
        Bitmap.effect_noise(size, 100).convert("RGB").save(draft.folder / "images" / "ferry.png", kind)

    return change


def post(**fields: Any) -> Change:
    """Change the post that the edition carries."""

    def change(draft: Any) -> None:
        draft.post = replace(draft.post, **fields)

    return change


def sender(address: str) -> Change:
    """Send from elsewhere."""

    def change(draft: Any) -> None:
        draft.organisation = replace(draft.organisation, sender=address)

    return change


def no_picture_file(draft: Any) -> None:
    """Take the file away."""
    (draft.folder / "images" / "ferry.png").unlink()


def said(words: str) -> Change:
    """Say more in the one snippet."""
    return lambda draft: snippet(text=f"{words}\n\n{draft.snippets[0].text}")(draft)


def undescribed_and_allowed(draft: Any) -> None:
    """Leave the description out, with leave to."""
    draft.allow_missing_alt = True
    snippet(alt="")(draft)


def objecting(draft: Any) -> None:
    """Publish on a network that has something against it."""
    draft.network = Objecting("files")


def damaged_picture(draft: Any) -> None:
    """Keep half of a picture in the post's folder."""
    path = draft.folder / "ferry.png"
    path.write_bytes((draft.folder / "images" / "ferry.png").read_bytes()[:400])
    draft.post = replace(draft.post, folder=draft.folder)


def few_words(draft: Any) -> None:
    """Leave little but the picture."""
    draft.html = draft.html.replace(draft.post.body, "Look.")


def unescaped_names(draft: Any) -> None:
    """Splice a subscriber's name into the HTML part as it is."""
    letter = draft.built().letter
    slots = tuple(replace(slot, place="text") for slot in letter.slots if slot.place != "header")
    heads = tuple(slot for slot in letter.slots if slot.place == "header")
    draft.edition["letter"] = replace(letter, slots=heads + slots)


STYLE = "@media screen and (max-width:599px){"
WRAPPER = '<div role="article" aria-roledescription="email" lang="en" dir="ltr">'
HIDDEN = '<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">PREHEADER</div>'
STORY = "https://rivertrust.example/guide"
LONG = "A long story about the river. " * 30
RELAY = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"

BROKEN: list[tuple[str, str, Change]] = [
    ("M1", "error", raw(b"multipart/alternative", b"multipart/mixed")),
    ("M1", "error", raw(b"text/plain", b"text/html")),
    ("M2", "error", raw(b'text/html; charset="utf-8"', b'text/html; charset="iso-8859-1"')),
    ("M2", "error", html('<meta charset="utf-8">', "")),
    ("M3", "error", raw(b"quoted-printable", b"8bit")),
    ("M3", "error", raw(b"A guide in six languages\r\n", b"A guide in six languages\n")),
    ("M3", "error", raw(b"A guide in six languages\r\n", b"A guide " * 20 + b"\r\n")),
    ("M4", "error", html("<h1", f"<p>{LONG * 120}</p><h1")),
    ("M4", "warning", html("<h1", f"<p>{LONG * 103}</p><h1")),
    ("M5", "error", html("What a fair", "What a\x92 fair")),
    ("M5", "error", snippet(text="Workers\x92 rights")),
    ("M6", "error", raw(b"MIME-Version: 1.0\r\n", b"")),
    ("M6", "error", raw(b"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\r\nSubject: again\r\n")),
    ("M6", "error", raw(b"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\r\nX-Note: gr\xc3\xbcn\r\n")),
    ("M6", "error", edition(subject=" ")),
    ("M6", "error", edition(sender="River Trust")),
    ("M6", "error", edition(reply_to="a@rivertrust.example\r\nBcc: b@rivertrust.example")),
    ("M7", "warning", text("https://rivertrust.example/guide\n", "")),
    ("M7", "warning", text("six", "six " * 30)),
    ("M7", "warning", html("<h1", f"<p>{' '.join(f'fact{n}' for n in range(90))}</p><h1")),
    ("M7", "warning", html("Preferences</a>", f'Preferences</a> <a href="{STORY}/second">Part two</a>')),
    ("F1", "error", raw(b"List-Unsubscribe: <", b"X-Old: <")),
    ("F1", "error", raw(RELAY, b"")),
    ("F1", "error", raw(RELAY, RELAY + RELAY)),
    ("F5", "warning", raw(b"<supporters.rivertrust.example>", b"supporters")),
    ("D1", "error", html("<!DOCTYPE html>", "<!doctype html>")),
    ("D2", "error", html('<html lang="en" dir="ltr"', "<html")),
    ("D2", "error", html(WRAPPER, '<div role="article">')),
    ("D2", "error", html(WRAPPER, WRAPPER.replace('"en"', '"fr"'))),
    ("D3", "error", html("<title>A guide in six languages</title>", "<title> </title>")),
    ("D4", "warning", html('<meta name="color-scheme" content="light dark">', "")),
    ("D5", "warning", html("PixelsPerInch", "Pixels")),
    ("D6", "error", html("</style>", f".a{{color:#123456}}{'.b{color:#123456}' * 1000}</style>")),
    ("D7", "error", html(STYLE, "@media screen{@media (min-width:1px){.b{color:red}}}" + STYLE)),
    ("D7", "error", html("</style>", ".a{color:red;.b{color:blue}}</style>")),
    ("D7", "error", html("</style>", ".a{color:rgb(0 0 0 / .5)}</style>")),
    ("D7", "error", html("block !important", "block!important")),
    ("D7", "error", html("block !important", "block !IMPORTANT")),
    ("D9", "warning", html("screen and", "screen and (orientation:portrait), screen and")),
    ("D10", "warning", html("<h1", '<h1 class="_title"')),
    ("D11", "error", html(WRAPPER, f"<style>.a{{color:red}}</style>{WRAPPER}")),
    ("D11", "error", html("</head>", '<link rel="stylesheet" href="https://x.example/a.css"></head>')),
    ("D11", "error", html(STYLE, f"@import 'https://x.example/a.css';{STYLE}")),
    ("D12", "error", html("<h1", "<script>alert(1)</script><h1")),
    ("D12", "error", html("<h1", '<h1 onclick="alert(1)"')),
    ("D12", "error", html("<h1", '<form action="https://x.example"><input name="a"></form><h1')),
    ("D12", "error", html(f'href="{STORY}"', 'href="javascript:alert(1)"')),
    ("D14", "warning", html("<h1", "<!--[if mso]><p>Hello</p><h1")),
    ("D14", "warning", html("<h1", "<![if !mso]><p>Hello</p><![endif]><h1")),
    ("L1", "error", html("<h1", "<table><tr><td>Wages</td></tr></table><h1")),
    ("L2", "error", html('width="600" align', 'width="100%" align')),
    ("L4", "error", html('<p style="margin:0">', '<p style="margin:0;padding:4px 0">')),
    ("L4", "error", html("<h1", '<a href="https://a.example" style="padding:4px">River</a><h1')),
    (
        "L4",
        "error",
        html(
            "</td></tr></table>\n</div>",
            '</td><td style="padding:8px">River</td></tr></table>\n</div>',
        ),
    ),
    ("L5", "warning", html('<p style="margin:0">', '<p style="margin:-4px 0 0">')),
    ("L6", "error", html('<h1 style="margin:0;', '<h1 style="position:relative;')),
    ("L6", "error", html('<h1 style="margin:0;', '<h1 style="display:flex;')),
    ("L6", "error", html("font-size:28px", "font-size:2rem")),
    ("L6", "error", html('<h1 style="margin:0;', '<h1 style="width:calc(100% - 4px);')),
    ("L6", "error", html("margin:0;font-size:28px;color:#222222", "color:hsl(0, 0%, 10%)")),
    ("L6", "error", html('<h1 style="margin:0;', '<h1 style="margin-inline-start:0;')),
    ("L7", "warning", html("background-color:#ffffff", "background:#ffffff")),
    ("I1", "error", html("https://news.rivertrust.example/media/ferry.png", "data:image/png;base64,AAAA")),
    ("I1", "error", html("https://news.rivertrust.example/media/ferry.png", "/media/ferry.png")),
    ("I1", "error", html("<h1", '<h1 background="http://rivertrust.example/a.png"')),
    ("I2", "error", html('width="600" height="300"', 'width="100%" height="auto"')),
    ("I2", "error", html('height="300"', 'height="400"')),
    ("I3", "error", html('alt="Volunteers at the ferry"', "")),
    ("I3", "error", html('alt="Volunteers at the ferry"', 'alt=""')),
    ("I3", "warning", html('alt="Volunteers at the ferry"', 'alt="IMG_2041.jpg"')),
    ("I3", "warning", html('alt="Volunteers at the ferry"', 'alt="Photo"')),
    ("I4", "error", picture("WEBP")),
    ("I4", "error", no_picture_file),
    ("I4", "error", html("media/ferry.png", "media/logo.svg")),
    ("I5", "warning", picture("PNG")),
    ("I6", "warning", html("<img src", '<img srcset="https://a.example/b.png 2x" src')),
    ("I8", "warning", few_words),
    ("K1", "error", html(f'href="{STORY}"', 'href=""')),
    ("K1", "error", html(f'href="{STORY}"', 'href="#"')),
    ("K1", "error", html(f'href="{STORY}"', 'href="/guide"')),
    ("K1", "error", html(f'href="{STORY}"', 'href="http://localhost:8000/guide"')),
    ("K1", "error", html(f'href="{STORY}"', 'href="https://192.168.1.4/guide"')),
    ("K1", "error", html(f'href="{STORY}"', 'href="https://staging.rivertrust.example/guide"')),
    ("K1", "error", text(f"{STORY}\n", "http://127.0.0.1/guide\n")),
    ("K1", "warning", html(f'href="{STORY}"', 'href="http://rivertrust.example/guide"')),
    ("K2", "error", html('href="qzmerge0001zq"', 'href="https://rivertrust.example/leave"')),
    ("K2", "error", text("Unsubscribe: qzmerge0001zq\n", "")),
    ("K2", "error", text("Preferences: qzmerge0002zq\n", "")),
    ("K2", "error", html('<a href="qzmerge0003zq" style="color:#0b6e4f">View in browser</a>', "")),
    ("K2", "error", html("1 Quay Street", "Somewhere")),
    ("K2", "error", text("1 Quay Street, Bristol BS1 4DJ\n", "")),
    ("K3", "warning", html(f'href="{STORY}"', 'href="#guide"')),
    ("K4", "warning", html("What a fair contract says</a>", "Read more</a>")),
    ("K4", "warning", html("<h1", '<a href="https://rivertrust.example/x">Preferences</a><h1')),
    ("K8", "error", field(preheader="")),
    ("K8", "error", html(HIDDEN, "")),
    ("K8", "error", html(HIDDEN, "<div>PREHEADER</div>")),
    ("K8", "error", field(preheader="A guide", edition={"subject": "a guide"})),
    ("K8", "warning", field(preheader="Short.")),
    ("K9", "warning", field(filler="")),
    ("A1", "error", html("</h1>", "</h1><h1>Another</h1>")),
    ("A1", "error", html("<h2 style", "<h3 style")),
    ("A2", "error", html("color:#222222;background-color", "color:#999999;background-color")),
    ("A2", "error", html("padding:14px 28px;color:#ffffff", "padding:14px 28px;color:#0b5e3f")),
    ("A3", "warning", html("font-size:14px", "font-size:11px")),
    ("A3", "warning", html("padding:24px;font-size:16px", "padding:24px;font-size:15px")),
    ("T1", "error", html("Volunteers handed", "{{ merge.first_name }} Volunteers handed")),
    ("T1", "error", html(f'href="{STORY}"', f'href="{STORY}?id=%7B%7Bid%7D%7D"')),
    ("T1", "error", text("Dear ", "Dear *|FNAME|*")),
    ("T1", "error", snippet(text="{% if x %} qzmerge0009zq")),
    ("T1", "error", field(subject="News for {{ name }}")),
    ("T2", "error", html("Dear qzmerge0000zq", "Dear None")),
    ("T2", "error", html(f'href="{STORY}"', f'href="{STORY}/None"')),
    ("T2", "error", text("Picture: Volunteers at the ferry", "undefined")),
    ("T3", "error", unescaped_names),
    ("C1", "error", edition(call_to_action=None)),
    ("C1", "error", edition(call_to_action=CallToAction("Will you stand up for safe migration?"))),
    ("C2", "error", html('22px">Will you stand up for safe migration?', '22px">Will you?')),
    ("C2", "error", text("Will you stand up for safe migration?", "Will you?")),
    ("C2", "error", snippet(text="A guide https://rivertrust.example/act?utm_source=folder")),
    ("C3", "error", html('"https://rivertrust.example/act?', '"https://rivertrust.example/other?')),
    ("C3", "error", text("https://rivertrust.example/act?", "https://rivertrust.example/other?")),
    ("C3", "error", snippet(link="https://elsewhere.example/act")),
    ("S1", "error", field(network=Folder(name="files", max_characters=60))),
    ("S2", "error", snippet(link="")),
    ("S2", "error", snippet(link="https://rivertrust.example/act?utm_source=fol")),
    ("S3", "error", snippet(alt="")),
    ("S4", "error", snippet(image="gone.png")),
    ("S5", "error", snippet(account="closed")),
    ("S6", "error", snippet(text="https://rivertrust.example/act?utm_source=folder")),
    ("S7", "warning", snippet(alt="A very long description. " * 80)),
    ("S8", "warning", snippet(text=" ".join(f"#Tag{number}" for number in range(9)))),
    ("S9", "info", snippet(steps=("ended the text at a sentence",))),
    ("S1", "error", snippet(parts=("A guide", "and more"))),
    ("S3", "warning", undescribed_and_allowed),
    ("S4", "error", picture("GIF")),
    ("S4", "error", snippet(image="", card=Card("https://rivertrust.example", "A guide", image="gone.jpg"))),
    ("S10", "warning", objecting),
    ("S11", "warning", said("PLEASE READ THIS now")),
    ("S12", "warning", said("This is \U0001d5ef\U0001d5fc of us")),
    ("S13", "warning", said("Look 🌊🌊 🦦")),
    (
        "S14",
        "warning",
        edition(call_to_action=CallToAction("Click here!", "Go", "https://rivertrust.example/a")),
    ),
    (
        "S14",
        "warning",
        edition(call_to_action=CallToAction("The river", "Go", "https://rivertrust.example/a")),
    ),
    ("S15", "warning", said("See http://rivertrust.example")),
    ("S15", "warning", said("See www.rivertrust.example")),
    ("S16", "warning", said("#fairwork")),
    ("S17", "warning", snippet(alt="A photo of volunteers")),
    ("S17", "warning", snippet(alt="IMG_2041.jpg")),
    ("S18", "warning", said("A rescued victim told us")),
    ("S18", "warning", snippet(alt="Slaves at the ferry")),
    ("S19", "error", said("with @isj")),
    ("P1", "error", field(recipients=0)),
    ("P1", "error", edition(lists=(), snippets=())),
    ("P1", "warning", edition(lists=())),
    ("P2", "error", edition(date=date(2028, 11, 20))),
    ("P2", "warning", edition(date=date(2025, 11, 20))),
    ("P2", "warning", edition(date=date(2027, 3, 1))),
    ("P3", "error", edition(posts=())),
    ("P4", "warning", post(images=(Image(alt="Volunteers at the ferry"),))),
    ("P9", "error", damaged_picture),
    ("P5", "warning", post(published_at=date(2026, 12, 20))),
    ("P6", "warning", sender("River Trust <news@example.org>")),
    ("P8", "info", field(recipients=None)),
    ("P7", "warning", sender("River Trust <rivertrust@gmail.com>")),
]


def test_a_sound_edition_has_no_findings(draft: Any) -> None:
    """Every rule passes, but for the example address of the sample organisation."""
    assert {finding.id for finding in draft.findings()} == PLACEHOLDER


NUMBERED = [
    pytest.param(rule, severity, change, id=f"{rule}-{severity}-{number}")
    for number, (rule, severity, change) in enumerate(BROKEN)
]


@pytest.mark.parametrize(("rule", "severity", "change"), NUMBERED)
def test_the_rule_finds_it(draft: Any, rule: str, severity: str, change: Change) -> None:
    """One change, and the rule of that name speaks with all its words."""
    change(draft)

    found = [finding for finding in draft.findings() if (finding.id, finding.severity) == (rule, severity)]

    assert found
    for finding in found:
        assert finding.where
        assert finding.why.endswith(".")
        assert finding.mend.endswith(".")


def test_every_rule_is_broken_by_some_case() -> None:
    """No rule is without a failing sample."""
    known = {(rule.id, rule.severity) for rule in preflight.rules()}

    assert {(rule, severity) for rule, severity, _ in BROKEN} == known
