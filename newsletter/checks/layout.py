"""Rules about tables, widths and the style properties that mail clients understand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter.checks import css
from newsletter.checks.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from newsletter.checks.evidence import Evidence

WIDTHS = range(600, 641)
"""Widths of the column of a letter, in pixels."""
UNPADDED = frozenset(
    {"p", "div", "span", "h1", "h2", "h3", "h4", "h5", "h6", "img", "table", "tr", "em", "strong"}
)
"""Elements on which Outlook ignores padding; a link that is a button is looked at by itself."""
DENIED_PROPERTIES = re.compile(
    r"position|float|object-fit|(?:margin|padding|border|inset)-(?:inline|block).*|(?:inline|block)-size"
)
DENIED_VALUES = re.compile(r"(?i)\b(?:var|calc|hsla?)\(|[\d.]rem\b")
DENIED_DISPLAYS = frozenset({"flex", "inline-flex", "grid", "inline-grid"})

_TEMPLATE = "Mend the template; `newsletter templates copy digest` gives a sound one to start from."


def _elements(evidence: Evidence) -> Iterator[tuple[HtmlElement, str]]:
    """Yield the elements of the body that carry a style, with the style."""
    for element in evidence.plain.body.iter("*"):
        if style := element.get("style"):
            yield element, style


@rule(
    "L1",
    "error",
    why="Screen readers announce the layout as tables of figures, cell by cell.",
    mend='Give layout tables role="presentation"; give data tables <th scope="…"> headings.',
    source="WCAG 2.2 success criterion 1.3.1; WAI-ARIA, presentation role",
)
def table_roles(evidence: Evidence) -> Iterator[str]:
    """Every table is either for layout and says so, or has headings."""
    for number, table in enumerate(evidence.plain.body.iter("table"), 1):
        layout = table.get("role") in {"presentation", "none"}
        headed = any(cell.get("scope") for cell in table.iter("th"))
        if not layout and not headed:
            words = " ".join(table.text_content().split())[:40]
            yield f"table {number} (“{words}…”)"


@rule(
    "L2",
    "error",
    why="Outlook draws the letter across the whole window, or phones show it too wide.",
    mend='Wrap the letter in <table width="600" style="width:100%;max-width:600px">.',
    source="caniemail css-max-width, html-width",
)
def container(evidence: Evidence) -> Iterator[str]:
    """One column of 600 to 640 pixels holds the letter, in Outlook too."""
    limited = [
        element
        for element, style in _elements(evidence)
        if int(css.pixels(css.declarations(style).get("max-width", "")) or 0) in WIDTHS
    ]
    own = any(_is_width(element.get("width", "")) for element in limited if element.tag == "table")
    ghost = re.search(r"<!--\[if [^\]]*mso[^\]]*\]>\s*<table[^>]*\swidth=\"(\d+)\"", evidence.plain.html)
    if not own and not (limited and ghost and _is_width(ghost[1])):
        yield "HTML part"


def _is_width(value: str) -> bool:
    return value.isdecimal() and int(value) in WIDTHS


@rule(
    "L4",
    "error",
    why="Outlook leaves this space out, or pads the cells of one row alike: words stick together.",
    mend="Move the padding to the <td> around it, with equal top and bottom in a row.",
    source="caniemail css-padding",
)
def padding_on_cells(evidence: Evidence) -> Iterator[str]:
    """Padding stands on cells and buttons, the same vertically along a row."""
    for element, style in _elements(evidence):
        plain_link = element.tag == "a" and "block" not in css.declarations(style).get("display", "")
        if (element.tag in UNPADDED or plain_link) and any(css.edges(css.declarations(style), "padding")):
            yield f"<{element.tag}> “{' '.join(element.text_content().split())[:40]}”"
    for row in evidence.plain.body.iter("tr"):
        heights = {
            css.edges(css.declarations(cell.get("style", "")), "padding")[::2]
            for cell in row.iterchildren("td")
        }
        if len(heights) > 1:
            yield f"row “{' '.join(row.text_content().split())[:40]}”"


@rule(
    "L5",
    "warning",
    why="Gmail and Outlook ignore this margin, so the block sits elsewhere.",
    mend='Use align="center" on a table, and padding in place of a negative margin.',
    source="caniemail css-margin",
)
def margins(evidence: Evidence) -> Iterator[str]:
    """No negative margins."""
    for element, style in _elements(evidence):
        if any(edge < 0 for edge in css.edges(css.declarations(style), "margin")):
            yield f"<{element.tag}> “{' '.join(element.text_content().split())[:40]}”"


@rule(
    "L6",
    "error",
    why="Outlook and others do not know this style, and the layout falls apart there.",
    mend=_TEMPLATE,
    source="caniemail css-position, css-float, css-display-flex, css-variables, css-unit-calc, css-unit-rem",
)
def known_properties(evidence: Evidence) -> Iterator[str]:
    """Inlined styles use only what every large client draws."""
    for element, style in _elements(evidence):
        for name, value in css.declarations(style).items():
            if (
                DENIED_PROPERTIES.fullmatch(name)
                or DENIED_VALUES.search(value)
                or (name == "display" and value.split(" ")[0] in DENIED_DISPLAYS)
            ):
                yield f"<{element.tag}>: {name}: {value[:40]}"


@rule(
    "L7",
    "warning",
    why="Outlook takes only a plain colour from this, and the background may be lost.",
    mend="Write background-color, and a bgcolor attribute on the cell.",
    source="caniemail css-background",
)
def plain_backgrounds(evidence: Evidence) -> Iterator[str]:
    """Backgrounds are stated as colours, not in the shorthand."""
    for element, style in _elements(evidence):
        if "background" in css.declarations(style):
            yield f"<{element.tag}>: background: {css.declarations(style)['background'][:40]}"
