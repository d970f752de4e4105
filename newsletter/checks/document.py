"""Rules about the HTML document and its head."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import tinycss2

from newsletter.checks.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from newsletter.checks.evidence import Evidence

GMAIL_STYLE_BYTES = 16_384
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
_CLASS = re.compile(r"[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?")
_SPACED_COLOUR = re.compile(r"(?i)\b(?:rgb|hsl)a?\(\s*[\d.]+(?:%|deg)?\s+[\d.]")
_IMPORTANT = re.compile(r"(?i)(\S?)!(\s*)(important)")
_QUERY_PARTS = re.compile(
    r"(?i)\b(?:only|screen|all|and)\b|\(\s*(?:(?:min|max)-width\s*:[^)]*|prefers-color-scheme\s*:[^)]*)\)|\s"
)
_TEMPLATE = "Mend the template; `newsletter templates copy digest` gives a sound one to start from."


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
    "D6",
    "error",
    why="Gmail drops the style sheet: the letter loses its phone layout and dark colours.",
    mend=f"Keep all <style> blocks together below {GMAIL_STYLE_BYTES:,} bytes.",
    source="caniemail html-style, note 6; hteumeuleu/email-bugs issue 90",
)
def style_weight(evidence: Evidence) -> Iterator[str]:
    """All style sheets together stay below what Gmail reads."""
    total = sum(len(sheet.encode()) for sheet in evidence.plain.sheets)
    if total > GMAIL_STYLE_BYTES:
        yield f"<style>: {total:,} bytes"


@rule(
    "D7",
    "error",
    why="Gmail drops the whole style sheet because of one rule it does not understand.",
    mend=_TEMPLATE,
    source="hteumeuleu/email-bugs issue 160; caniemail css-important, css-nesting",
)
def gmail_syntax(evidence: Evidence) -> Iterator[str]:
    """No nested rules, no space-separated colours, ``!important`` written plainly."""
    for number, sheet in enumerate(evidence.plain.sheets, 1):
        where = f"<style> {number}"
        if any(_nests(found) for found in tinycss2.parse_stylesheet(sheet, skip_comments=True)):
            yield f"{where}: a rule inside a rule"
        if _SPACED_COLOUR.search(sheet):
            yield f"{where}: a colour written with spaces"
        if any(before or word != "important" for before, _, word in _IMPORTANT.findall(sheet)):
            yield f"{where}: !important without a space before it"
    for element in evidence.plain.body.iter("*"):
        if _SPACED_COLOUR.search(element.get("style", "")):
            yield f"<{element.tag}>: a colour written with spaces"


def _nests(found: tinycss2.ast.Node) -> bool:
    """Say whether a rule holds what Gmail does not read: @ in @, or { } in a plain rule."""
    if found.type == "qualified-rule":
        return any(part.type == "{} block" for part in found.content)
    if found.type != "at-rule" or not found.content:
        return False
    inside = tinycss2.parse_rule_list(found.content, skip_comments=True)
    return any(part.type == "at-rule" or _nests(part) for part in inside if part.type != "error")


@rule(
    "D9",
    "warning",
    why="Yahoo Mail drops the phone layout or the dark colours.",
    mend="Use one condition per @media: screen, min-width, max-width or prefers-color-scheme.",
    source="hteumeuleu/email-bugs issue 149; caniemail css-at-media",
)
def media_queries(evidence: Evidence) -> Iterator[str]:
    """Media queries are single and of the kinds that mail clients know."""
    for sheet in evidence.plain.sheets:
        for found in tinycss2.parse_stylesheet(sheet, skip_comments=True):
            if found.type == "at-rule" and found.lower_at_keyword == "media":
                query = tinycss2.serialize(found.prelude).strip()
                if _QUERY_PARTS.sub("", query):
                    yield f"@media {query}"


@rule(
    "D10",
    "warning",
    why="Yahoo Mail does not recognise this class, so its phone or dark style is lost.",
    mend="Use letters, digits and inner hyphens only.",
    source="hteumeuleu/email-bugs issue 22",
)
def class_names(evidence: Evidence) -> Iterator[str]:
    """Class names are letters, digits and inner hyphens."""
    for element in evidence.plain.body.iter("*"):
        for name in element.get("class", "").split():
            if not _CLASS.fullmatch(name):
                yield f'class="{name}"'


@rule(
    "D11",
    "error",
    why="Gmail ignores style sheets outside the head, and most programs ignore linked ones.",
    mend="Keep all styles in <style> inside <head>.",
    source="caniemail html-style, html-link, css-at-import",
)
def styles_in_head(evidence: Evidence) -> Iterator[str]:
    """No style sheet stands in the body, is linked or imported."""
    if next(evidence.plain.body.iter("style"), None) is not None:
        yield "<style> in the body"
    for link in evidence.plain.tree.iter("link"):
        yield f"<link> to {link.get('href', '')}"
    if any(re.search(r"(?i)@import", sheet) for sheet in evidence.plain.sheets):
        yield "@import"


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
