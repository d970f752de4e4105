"""Rules about reading the letter with other eyes: headings, contrast, size."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter.checks import css
from newsletter.checks.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.checks.css import Rgb
    from newsletter.checks.evidence import Evidence

MIN_CONTRAST = 4.5
MIN_LARGE_CONTRAST = 3.0
LARGE_PX = 24.0
LARGE_BOLD_PX = 18.66
SMALLEST_PX = 14.0
BODY_PX = 16.0


@rule(
    "A1",
    "error",
    why="Screen readers jump from heading to heading; these headings lead them astray.",
    mend="One <h1> for the letter, <h2> for stories, <h3> inside them; start headings in posts at ##.",
    source="WCAG 2.2 success criteria 1.3.1 and 2.4.6",
)
def headings(evidence: Evidence) -> Iterator[str]:
    """One h1, and no level is skipped."""
    found = [
        (int(element.tag[1]), " ".join(element.text_content().split()))
        for element in evidence.plain.body.iter("h1", "h2", "h3", "h4", "h5", "h6")
    ]
    levels = [level for level, _ in found]
    if levels.count(1) != 1:
        yield f"HTML part: {levels.count(1)} headings <h1>"
    before = 0
    for level, words in found:
        if level > before + 1 and before:
            yield f"<h{level}> “{words[:50]}” follows <h{before}>"
        if not words and level != 1:
            yield f"<h{level}> without words"
        before = level


@rule(
    "A2",
    "error",
    why="Many people cannot read words in this colour on this background.",
    mend="Darken the words or lighten what is behind them; look at accent in config.toml.",
    source="WCAG 2.2 success criterion 1.4.3",
)
def contrast(evidence: Evidence) -> Iterator[str]:
    """Words stand out from what is behind them."""
    seen: dict[tuple[Rgb, Rgb], float] = {}
    for run in evidence.plain.runs:
        look = run.look
        if look.hidden or look.picture or not look.size_px or not re.search(r"\w", run.words):
            continue
        pair = (look.color, look.background)
        ratio = seen.setdefault(pair, css.contrast(*pair))
        large = look.size_px >= LARGE_PX or (look.bold and look.size_px >= LARGE_BOLD_PX)
        if ratio < (MIN_LARGE_CONTRAST if large else MIN_CONTRAST):
            yield f"“{run.words[:50]}”: {_hex(pair[0])} on {_hex(pair[1])}, {ratio:.1f} to 1"


def _hex(colour: Rgb) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in colour)


@rule(
    "A3",
    "warning",
    why="On a phone these words are too small to read.",
    mend=f"Set running text in {BODY_PX:.0f} px, and nothing below {SMALLEST_PX:.0f} px.",
    source="Apple, Human Interface Guidelines; Material Design, type scale",
)
def readable_sizes(evidence: Evidence) -> Iterator[str]:
    """Running text is at least 16 px, nothing is below 14 px."""
    shown = [run for run in evidence.plain.runs if not run.look.hidden and run.look.size_px]
    for run in shown:
        if run.look.size_px < SMALLEST_PX:
            yield f"“{run.words[:50]}”: {run.look.size_px:g} px"
    large = sum(len(run.words) for run in shown if run.look.size_px >= BODY_PX)
    if large * 2 < sum(len(run.words) for run in shown):
        yield f"HTML part: most words are below {BODY_PX:.0f} px"
