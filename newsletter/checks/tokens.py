"""Rules about places that were never filled in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter.checks.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.checks.evidence import Evidence, Rehearsal

TOKEN = re.compile(
    r"(?i)qzmerge\w*|\{\{.{0,40}|\{%.{0,40}|%7B%7B[^\s\"']{0,40}|%7B%25[^\s\"']{0,40}"
    r"|\*\|[a-z][a-z0-9_:]*\|\*|%recipient\.\w+%|<%=.{0,40}"
)
"""Merge tags of this program, of Jinja, Mailchimp, Mailgun and ERB, raw or percent-encoded."""
_EMPTY_ATTRIBUTE = re.compile(r"(?:^|[/=])(?:None|undefined)$")
"""Small "none" is a word of HTML (role, style); a capital one is Python's."""
NOTHING = re.compile(r"(?:None|undefined|null|NaN|nan|\[object Object\])")
"""What programs print for a value that is not there."""
GREETED = re.compile(rf"(?:Dear|Hello|Hi|Hey|Hallo|Bonjour|Hola)\s+{NOTHING.pattern}\b")


def _texts(rehearsal: Rehearsal) -> dict[str, str]:
    """Return what readers get of a letter, by part; style sheets and comments are left out."""
    attributes = " ".join(
        str(value) for element in rehearsal.tree.iter("*") for value in element.attrib.values()
    )
    titles = " ".join(element.text or "" for element in rehearsal.tree.iter("title"))
    words = "\n".join(run.words for run in rehearsal.runs)
    headers = "\n".join(f"{name}: {value}" for name, value in rehearsal.message.items())
    return {
        "headers": headers,
        "HTML part": f"{titles}\n{words}\n{attributes}",
        "text part": rehearsal.text,
    }


@rule(
    "T1",
    "error",
    why="Readers would see a raw placeholder in place of words.",
    mend="Find it in campaign.toml, the posts or the template; write {{ merge.… }}, or words.",
    source="RFC 5322; practice of every mail merge",
)
def no_placeholders(evidence: Evidence) -> Iterator[str]:
    """No merge tag or template code is left in anything that leaves."""
    for rehearsal in evidence.rehearsals:
        for part, text in _texts(rehearsal).items():
            for found in TOKEN.finditer(text):
                yield f"{part}: {found[0][:60]}"
    for snippet in evidence.edition.snippets:
        for found in TOKEN.finditer(f"{snippet.text} {snippet.alt}"):
            yield f"snippet for {snippet.account}: {found[0][:60]}"


@rule(
    "T2",
    "error",
    why="Readers would see the program's word for “nothing” in place of a value.",
    mend="Find the missing value in campaign.toml or the post; in a template, give it a default.",
    source="practice of every mail merge",
)
def no_missing_values(evidence: Evidence) -> Iterator[str]:
    """Nothing reads None, undefined or null where a value belongs."""
    plain = evidence.plain
    for run in plain.runs:
        if _says_nothing(run.words):
            yield f"HTML part: “{run.words[:60]}”"
    for element in plain.tree.iter("*"):
        for name, value in element.attrib.items():
            if _EMPTY_ATTRIBUTE.search(str(value)):
                yield f"HTML part: {name}=“{str(value)[:60]}”"
    pieces = {"text part": plain.text}
    pieces |= {f"snippet for {snippet.account}": snippet.text for snippet in evidence.edition.snippets}
    pieces |= {f"header {name}": str(value) for name, value in plain.message.items()}
    for where, text in pieces.items():
        for line in filter(_says_nothing, text.split("\n")):
            yield f"{where}: “{line.strip()[:60]}”"


def _says_nothing(words: str) -> bool:
    return bool(NOTHING.fullmatch(words.strip(" ,.:!")) or GREETED.search(words))


@rule(
    "T3",
    "error",
    why="A subscriber's own name can change the shape of the message: a header or an element is added.",
    mend="This is a fault of the program; please report it with the campaign.",
    source="CWE-93; RFC 5322 section 2.2",
)
def names_stay_words(evidence: Evidence) -> Iterator[str]:
    """The strangest values leave headers and elements as they are."""
    plain, longest = evidence.plain, evidence.longest
    if sorted(map(str.lower, plain.message.keys())) != sorted(map(str.lower, longest.message.keys())):
        yield "headers"
    if [element.tag for element in plain.tree.iter("*")] != [
        element.tag for element in longest.tree.iter("*")
    ]:
        yield "HTML part"
