"""Rules about style sheets: what Gmail and Yahoo read of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import tinycss2

from newsletter.checks.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.checks.evidence import Evidence

GMAIL_STYLE_BYTES = 16_384

_CLASS = re.compile(r"[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?")
_SPACED_COLOUR = re.compile(r"(?i)\b(?:rgb|hsl)a?\(\s*[\d.]+(?:%|deg)?\s+[\d.]")
_IMPORTANT = re.compile(r"(?i)(\S?)!\s*(important)")
_QUERY_PARTS = re.compile(
    r"(?i)\b(?:only|screen|all|and)\b|\(\s*(?:(?:min|max)-width\s*:[^)]*|prefers-color-scheme\s*:[^)]*)\)|\s"
)
_TEMPLATE = "Mend the template; `newsletter templates copy digest` gives a sound one to start from."


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
        if any(before or word != "important" for before, word in _IMPORTANT.findall(sheet)):
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
