"""Rules about links, the footer and the words after the subject."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from newsletter.checks.rule import rule
from newsletter.editions.edition import sample_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.checks.evidence import Evidence

PREHEADER_CHARACTERS = range(40, 131)
"""What inboxes show after the subject."""
PADDED_CHARACTERS = 150
"""With its filler a preheader is longer than any inbox's line."""
LOCAL_SUFFIXES = (".local", ".localhost", ".internal", ".lan", ".test", ".invalid")
STAGING = re.compile(r"(?:^|[.-])(?:staging|stage|stg|preview|dev)(?:[.-]|$)")
BARE_WORDS = frozenset(
    {"here", "click here", "read more", "more", "learn more", "link", "this", "this link", "continue", "go"}
)
"""Link texts that say nothing when read alone."""
FOOTER = {
    "unsubscribe_url": "unsubscribe link",
    "preferences_url": "preferences link",
    "view_url": "view-in-browser link",
}


def fault(href: str) -> str:
    """Return what is wrong with an address that readers are to open; empty when it is sound.

    >>> fault("https://rivertrust.example/give"), fault("#"), fault("http://localhost/x")
    ('', 'leads nowhere', 'opens only inside this computer or office')
    """
    if not href or href == "#":
        return "leads nowhere"
    if "{{" in href or "%7b%7b" in href.lower() or re.search(r"\s", href):
        return "is not a finished address"
    try:
        address = urlsplit(href)
        host = (address.hostname or "").rstrip(".")
    except ValueError:
        return "is not an address"
    if address.scheme in {"mailto", "tel"} or href.startswith("#"):
        return "" if address.path or address.fragment else "leads nowhere"
    if address.scheme not in {"https", "http"} or not host:
        return "is not a full https address"
    return _unreachable(host)


def _unreachable(host: str) -> str:
    if STAGING.search(host):
        return "leads to a test site"
    try:
        local = not ipaddress.ip_address(host).is_global
    except ValueError:
        local = "." not in host or host.endswith(LOCAL_SUFFIXES)
    return "opens only inside this computer or office" if local else ""


@rule(
    "K1",
    "error",
    why="Readers who follow this link get nowhere.",
    mend="Write the full address, starting with https://.",
    source="RFC 3986 section 4.3",
)
def sound_links(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Every link is absolute and reaches a public place."""
    addresses = {f"link “{link.words[:60]}” to {link.href[:120]}": link.href for link in evidence.plain.links}
    addresses |= {f"text part: {href[:120]}": href for href in evidence.plain.text_links}
    for where, href in addresses.items():
        if reason := fault(href):
            yield where, f"Readers who follow this link get nowhere: it {reason}."


@rule(
    "K1",
    "warning",
    why="The link is not encrypted; browsers warn before opening it.",
    mend="Try the same address with https:// and use that.",
    source="W3C, Securing the Web",
)
def encrypted_links(evidence: Evidence) -> Iterator[str]:
    """Links to other sites use https."""
    for link in evidence.plain.links:
        if link.href.lower().startswith("http://") and not fault(link.href):
            yield f"link “{link.words[:60]}” to {link.href[:120]}"


@rule(
    "K2",
    "error",
    why="Bulk mail must say who sends it and how to leave, in every version of the letter; it is the law.",
    mend="Keep the footer of the built-in templates, in the .html.j2 and in the .txt.j2 file.",
    source="15 U.S.C. 7704(a)(3) and (5); Directive 2002/58/EC article 13(4)",
)
def lawful_footer(evidence: Evidence) -> Iterator[str]:
    """Both parts carry postal address, unsubscribe, preferences and view-in-browser links."""
    values = sample_values(evidence.organisation.public_url)
    hrefs = {link.href for link in evidence.plain.links}
    for name, words in FOOTER.items():
        if values[name] not in hrefs:
            yield f"HTML part: {words}"
        if values[name] not in evidence.plain.text_links:
            yield f"text part: {words}"
    address = _letters(evidence.organisation.postal_address)
    for part, words in (("HTML part", evidence.plain.visible), ("text part", evidence.plain.text)):
        if not address or address not in _letters(words):
            yield f"{part}: postal address"


def _letters(words: str) -> str:
    """Return the words without line breaks and punctuation, which templates may choose."""
    return "".join(character for character in words.casefold() if character.isalnum())


@rule(
    "K3",
    "warning",
    why="Links to a place inside the letter do nothing in Gmail and Yahoo on phones.",
    mend="Link to the story on your site.",
    source="caniemail html-anchor-links",
)
def no_local_anchors(evidence: Evidence) -> Iterator[str]:
    """No link leads to a place inside the letter."""
    for link in evidence.plain.links:
        if link.href.startswith("#") and link.href != "#":
            yield f"link “{link.words[:60]}”"


@rule(
    "K4",
    "warning",
    why="Read alone, as screen readers list links, these words do not say where they lead.",
    mend="Name the target: “Read: {title}”, or make the title the link.",
    source="WCAG 2.2 success criterion 2.4.4",
)
def telling_links(evidence: Evidence) -> Iterator[str]:
    """Link texts name their target, and the same words lead to one place."""
    targets: dict[str, str] = {}
    for link in evidence.plain.links:
        words = link.words.casefold().strip(" .:!>\u2026\u203a\u00bb\u2192")
        if not words:
            yield f"link without words to {link.href[:80]}"
        elif words in BARE_WORDS or link.words.startswith(("http://", "https://")):
            yield f"link “{link.words[:60]}”"
        elif targets.setdefault(words, link.href) != link.href:
            yield f"link “{link.words[:60]}” leads to two places"


@rule(
    "K8",
    "error",
    why="The inbox shows the first words of the letter after the subject, here something else.",
    mend="Write a preheader in campaign.toml that adds to the subject; templates show it first, hidden.",
    source="hteumeuleu/responsive-html-email-template issue 90",
)
def preheader_first(evidence: Evidence) -> Iterator[str]:
    """The preheader is there, says more than the subject, and is the first thing in the body, hidden."""
    preheader = _squeezed(evidence.edition.preheader)
    if not preheader:
        yield "preheader: empty"
        return
    if preheader.casefold() == _squeezed(evidence.edition.subject).casefold():
        yield "preheader: the same as the subject"
    first = evidence.plain.runs[0] if evidence.plain.runs else None
    if first is None or not first.words.startswith(preheader):
        yield "HTML part: does not start with the preheader"
    elif not first.look.hidden:
        yield "HTML part: the preheader is not hidden"


@rule(
    "K8",
    "warning",
    why="Inboxes show 40 to 130 characters after the subject; this is shorter or will be cut.",
    mend="Write a preheader of that length in campaign.toml.",
    source="Gmail, Apple Mail and Outlook inbox lists",
)
def preheader_length(evidence: Evidence) -> Iterator[str]:
    """The preheader fills the line of an inbox and no more."""
    length = len(_squeezed(evidence.edition.preheader))
    if length and length not in PREHEADER_CHARACTERS:
        yield f"preheader: {length} characters"


@rule(
    "K9",
    "warning",
    why="After a short preheader the inbox goes on with the masthead or “View in browser”.",
    mend="Put invisible filler after the preheader, as the built-in templates do.",
    source="react.email, Preview component",
)
def preheader_filler(evidence: Evidence) -> Iterator[str]:
    """Hidden filler follows the preheader."""
    length = 0
    for run in evidence.plain.runs:
        if not run.look.hidden:
            break
        length += len(run.element.text_content())
    if evidence.edition.preheader and length < PADDED_CHARACTERS:
        yield f"preheader: {length} characters with its filler"


def _squeezed(words: str) -> str:
    return " ".join(words.split())
