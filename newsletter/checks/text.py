"""Rules about the plain-text part."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter.checks.evidence import web_addresses
from newsletter.checks.rule import rule
from newsletter.editions.lines import columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.checks.evidence import Evidence

MIN_OVERLAP = 0.8
MAX_COLUMNS = 78
"""RFC 5322 §2.1.1."""


@rule(
    "M7",
    "warning",
    why="People who read plain text miss something, and spam filters distrust two different letters.",
    mend="Keep the .txt.j2 template in step with the .html.j2 one: same stories, same links, same order.",
    source="Apache SpamAssassin, MPART_ALT_DIFF",
)
def same_letter(evidence: Evidence) -> Iterator[str]:
    """The text part carries the words and the links of the HTML part, in the same order."""
    shown, written = _words(evidence.plain.visible), _words(evidence.plain.text)
    if shown and len(shown & written) / len(shown) < MIN_OVERLAP:
        share = round(100 * len(shown & written) / len(shown))
        yield f"text part: {share} % of the words of the HTML part"
    hrefs = list(
        dict.fromkeys(link.href for link in evidence.plain.links if link.href.lower().startswith("http"))
    )
    addresses = list(dict.fromkeys(evidence.plain.text_links))
    for href in hrefs:
        if href not in addresses:
            yield f"text part: lacks {href[:120]}"
    common = [href for href in hrefs if href in addresses]
    if common != [address for address in addresses if address in hrefs]:
        yield "text part: links in another order"


@rule(
    "M7",
    "warning",
    why="Long lines wrap badly in programs that show plain text.",
    mend="Wrap the .txt.j2 template at 72 columns.",
    source="RFC 5322 section 2.1.1",
)
def short_lines(evidence: Evidence) -> Iterator[str]:
    """No line is over 78 columns, addresses aside."""
    for number, line in enumerate(evidence.plain.text.split("\n"), 1):
        if columns(line) > MAX_COLUMNS and not web_addresses(line):
            yield f"text part, line {number}: {columns(line)} columns"


def _words(text: str) -> set[str]:
    for address in web_addresses(text):
        text = text.replace(address, " ")
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) > 1}
