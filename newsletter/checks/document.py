"""Rules about the HTML document and its head."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter.checks.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from newsletter.checks.evidence import Evidence

METAS = {
    "viewport": "width=device-width",
    "x-apple-disable-message-reformatting": "",
    "format-detection": "telephone=no",
    "color-scheme": "light dark",
    "supported-color-schemes": "light dark",
}
"""Name of a meta → what its content must hold."""
ACTIVE = frozenset({"script", "iframe", "frame", "frameset", "object", "embed", "applet", "base"})
FORMS = frozenset({"form", "input", "button", "select", "textarea"})
MEDIA = frozenset({"svg", "math", "canvas", "audio", "video"})
FORBIDDEN = ACTIVE | FORMS | MEDIA
"""Elements that mail clients strip or take for an attack."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@rule(
    "D1",
    "error",
    why="Mail programs fall back to the layout rules of the nineties and spacing breaks.",
    mend="Start the template with exactly <!DOCTYPE html>.",
    source="HTML Standard, the DOCTYPE",
)
def doctype(evidence: Evidence) -> Iterator[str]:
    """The HTML part starts with the doctype."""
    if not evidence.plain.html.startswith("<!DOCTYPE html>"):
        yield "first line of the HTML part"


@rule(
    "D2",
    "error",
    why="Screen readers read the letter with the wrong voice, or right-to-left words out of order.",
    mend='Give <html> and the first <div> of the body the same lang="…" and dir="ltr" or "rtl".',
    source="WCAG 2.2 success criterion 3.1.1; caniemail html-lang, html-dir",
)
def language_and_direction(evidence: Evidence) -> Iterator[str]:
    """``<html>`` and the wrapper in the body state the same valid language and direction."""
    root = _stated(evidence.plain.tree)
    if not _LANGUAGE.fullmatch(root[0]) or root[1] not in {"ltr", "rtl"}:
        yield "<html>"
    wrappers = [_stated(child) for child in evidence.plain.body if isinstance(child.tag, str)]
    if root not in wrappers:
        yield "wrapper in the body"


def _stated(element: HtmlElement) -> tuple[str, str]:
    return element.get("lang", ""), element.get("dir", "")


@rule(
    "D3",
    "error",
    why="The letter has no title: screen readers and notifications announce nothing.",
    mend="Put the subject into <title> of the template.",
    source="WCAG 2.2 success criterion 2.4.2",
)
def title(evidence: Evidence) -> Iterator[str]:
    """The document has a title."""
    if not (evidence.plain.tree.findtext(".//title") or "").strip():
        yield "head of the HTML part"


@rule(
    "D4",
    "warning",
    why="Phones shrink the letter, turn dates and numbers into blue links, or ignore its dark colours.",
    mend="Add the missing <meta> to the template's head.",
    source="caniemail html-meta-color-scheme; Apple Mail",
)
def metas(evidence: Evidence) -> Iterator[str]:
    """The metas that phones look for are there."""
    found = {
        meta.get("name", "").lower(): meta.get("content", "") for meta in evidence.plain.tree.iter("meta")
    }
    for name, content in METAS.items():
        if name not in found or content.replace(" ", "") not in found[name].replace(" ", ""):
            yield f'<meta name="{name}">'


@rule(
    "D5",
    "warning",
    why="Outlook on a screen with large text draws pictures and columns too wide.",
    mend="Add the <!--[if mso]> block with o:PixelsPerInch and xmlns:o on <html>.",
    source="caniemail html-width, note 2",
)
def outlook_pixels(evidence: Evidence) -> Iterator[str]:
    """Outlook is told the resolution."""
    if "PixelsPerInch" not in evidence.plain.html or "xmlns:o" not in evidence.plain.html:
        yield "head of the HTML part"


@rule(
    "D12",
    "error",
    why="Mail programs remove this, and spam filters take it for an attack.",
    mend="Take it out; link to a web page that has it.",
    source="caniemail html-form, html-svg, html-object, html-base, html-video",
)
def nothing_active(evidence: Evidence) -> Iterator[str]:
    """No scripts, forms, frames, players or event handlers."""
    for element in evidence.plain.tree.iter("*"):
        if element.tag in FORBIDDEN:
            yield f"<{element.tag}>"
        for name, value in element.attrib.items():
            if str(name).lower().startswith("on") or str(value).strip().lower().startswith("javascript:"):
                yield f"<{element.tag} {name}>"


@rule(
    "D14",
    "warning",
    why="Outlook shows what was meant for others, or hides what was meant for it.",
    mend="Write <!--[if mso]>…<![endif]--> or <!--[if !mso]><!-->…<!--<![endif]-->.",
    source="Microsoft, About conditional comments",
)
def conditional_comments(evidence: Evidence) -> Iterator[str]:
    """Conditional comments are balanced and of the two safe forms."""
    html = evidence.plain.html
    opened, closed = len(re.findall(r"<!--\[if ", html)), html.count("<![endif]-->")
    if opened != closed:
        yield f"{opened} opened, {closed} closed"
    if re.search(r"<!\[if ", html):
        yield "<![if …]> without <!--"
