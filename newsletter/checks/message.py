"""Rules about the message on the wire: parts, encodings, sizes, headers."""

from __future__ import annotations

import re
from email.utils import getaddresses
from typing import TYPE_CHECKING

from newsletter.checks.rule import rule
from newsletter.editions.mime import CLIPPED_BYTES, html_size_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.checks.evidence import Evidence

GMAIL_NEAR_BYTES = 90_000
MAX_LINE_BYTES = 998
"""RFC 5322 §2.1.1, without the line end."""
MAX_ENCODED_LINE_BYTES = 76
"""RFC 2045 §6.7, without the line end."""
ONCE = ("From", "Subject", "MIME-Version", "Content-Type")
"""Headers that every message must carry exactly once."""

_C1 = re.compile("[\x80-\x9f]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LIST_ID = re.compile(r"(?:[^<>]*\s)?<[a-z0-9-]+(?:\.[a-z0-9-]+)+>")
_ONE_CLICK = b"List-Unsubscribe=One-Click"
_PROGRAM = "This is a fault of the program; please report it with the campaign."


@rule(
    "M1",
    "error",
    why="Mail programs show the last version they understand; here that is the wrong one.",
    mend=_PROGRAM,
    source="RFC 2046 section 5.1.4",
)
def text_before_html(evidence: Evidence) -> Iterator[str]:
    """The message has a text part, then an HTML part, and nothing else."""
    kinds = [part.get_content_type() for part in evidence.plain.parts]
    if evidence.plain.message.get_content_type() != "multipart/alternative" or kinds != [
        "text/plain",
        "text/html",
    ]:
        yield f"the message: {' then '.join(kinds) or 'empty'}"


@rule(
    "M2",
    "error",
    why="Letters outside plain English may show as gibberish, and Gmail cuts such a message short.",
    mend='Say UTF-8 everywhere; a template needs <meta charset="utf-8"> in its head.',
    source="RFC 2046 section 4.1.2; hteumeuleu/email-bugs issue 41",
)
def utf8_everywhere(evidence: Evidence) -> Iterator[str]:
    """Every part is UTF-8, and the HTML says so itself."""
    for part in evidence.plain.parts:
        if (part.get_content_charset() or "") != "utf-8":
            yield f"{part.get_content_type()} part"
    metas = [meta.get("charset", "") for meta in evidence.plain.tree.iter("meta")]
    if "utf-8" not in [charset.lower() for charset in metas]:
        yield "head of the HTML part"


@rule(
    "M3",
    "error",
    why="Mail servers break or refuse lines like these.",
    mend=_PROGRAM,
    source="RFC 5322 section 2.1.1; RFC 2045 section 6.7",
)
def safe_encoding(evidence: Evidence) -> Iterator[str]:
    """Parts are quoted-printable with short lines, and every line ends in CRLF."""
    for part in evidence.plain.parts:
        if str(part.get("Content-Transfer-Encoding", "")).lower() != "quoted-printable":
            yield f"{part.get_content_type()} part: not quoted-printable"
    for rehearsal in evidence.rehearsals:
        if re.search(rb"(?<!\r)\n|\r(?!\n)", rehearsal.raw):
            yield f"letter to {rehearsal.name}: a line end that is not CRLF"
        _, _, content = rehearsal.raw.partition(b"\r\n\r\n")
        if max(map(len, content.split(b"\r\n"))) > MAX_ENCODED_LINE_BYTES:
            yield f"letter to {rehearsal.name}: a line over {MAX_ENCODED_LINE_BYTES} characters"


def _heaviest(evidence: Evidence) -> int:
    return max(html_size_bytes(rehearsal.raw) for rehearsal in evidence.rehearsals)


@rule(
    "M4",
    "error",
    why="Gmail will cut the letter short: readers lose the end of it, the unsubscribe link included.",
    mend="Carry fewer posts, or shorten the longest one.",
    source="hteumeuleu/email-bugs issues 41 and 56",
)
def fits_gmail(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """The HTML part as transmitted stays below the size where Gmail cuts."""
    heaviest = _heaviest(evidence)
    if heaviest > CLIPPED_BYTES:
        size = f"{heaviest:,} bytes of HTML, {CLIPPED_BYTES:,} are shown"
        yield "HTML part", f"Gmail will cut the letter short ({size}); readers lose the unsubscribe link too."


@rule(
    "M4",
    "warning",
    why="The letter is close to the size where Gmail cuts it short.",
    mend="Carry one post less, or shorten the longest one.",
    source="hteumeuleu/email-bugs issues 41 and 56",
)
def near_gmail_cut(evidence: Evidence) -> Iterator[str]:
    """The HTML part leaves a margin below Gmail's cut."""
    heaviest = _heaviest(evidence)
    if GMAIL_NEAR_BYTES <= heaviest <= CLIPPED_BYTES:
        yield f"HTML part: {heaviest:,} of {CLIPPED_BYTES:,} bytes"


@rule(
    "M5",
    "error",
    why="A stray character from an old word processor is in the words; Gmail cuts the letter short there.",
    mend="Retype the quotation mark, dash or space at this place and save the file as UTF-8.",
    source="hteumeuleu/email-bugs issues 41 and 137",
)
def no_stray_characters(evidence: Evidence) -> Iterator[str]:
    """No C1 control character (U+0080 to U+009F) is in anything that leaves."""
    pieces = {
        "subject": evidence.edition.subject,
        "preheader": evidence.edition.preheader,
        "HTML part": evidence.plain.html,
        "text part": evidence.plain.text,
    }
    pieces |= {f"snippet for {snippet.account}": snippet.text for snippet in evidence.edition.snippets}
    for name, text in pieces.items():
        for found in _C1.finditer(text):
            around = " ".join(text[max(0, found.start() - 25) : found.end() + 25].split())
            yield f"{name}: near “{_C1.sub('�', around)}”"


@rule(
    "M6",
    "error",
    why="A header of the message is missing, doubled or broken; mail servers refuse it or call it spam.",
    mend="Look at subject, from and reply-to in campaign.toml and config.toml.",
    source="RFC 5322 sections 2.2 and 3.6; RFC 2047",
)
def whole_headers(evidence: Evidence) -> Iterator[str]:
    """Headers occur once, are ASCII on the wire, hold no control characters and one sender."""
    for rehearsal in evidence.rehearsals:
        message, lines = rehearsal.message, rehearsal.head.split(b"\r\n")
        for name in ONCE:
            if len(message.get_all(name, [])) != 1:
                yield f"{name}: {len(message.get_all(name, []))} times"
        for line in lines:
            shown = line[:40].decode("ascii", "replace")
            if len(line) > MAX_LINE_BYTES or not line.isascii() or _CONTROL.search(line.decode("latin-1")):
                yield f"header line “{shown}…”"
    if _CONTROL.search(evidence.edition.subject) or not evidence.edition.subject.strip():
        yield "subject"
    for name, value in (("from", evidence.edition.sender), ("reply-to", evidence.edition.reply_to)):
        addresses = getaddresses([value]) if value else []
        if (name == "from" or value) and (
            len(addresses) != 1 or "@" not in addresses[0][1] or set(value) & set("\r\n")
        ):
            yield f"{name}: {' '.join(value.split()) or 'empty'}"


@rule(
    "F1",
    "error",
    why="Gmail and Yahoo refuse bulk mail that cannot be left with one click.",
    mend="Set public_url in config.toml to the https address where your public pages are reached.",
    source="RFC 8058 sections 3.1 and 3.2; RFC 2369",
)
def one_click_unsubscribe(evidence: Evidence) -> Iterator[str]:
    """List-Unsubscribe with an https address, and List-Unsubscribe-Post, are there exactly once."""
    for rehearsal in evidence.rehearsals:
        lines = re.sub(rb"\r\n[ \t]+", b" ", rehearsal.head).split(b"\r\n")
        places = [line for line in lines if line.lower().startswith(b"list-unsubscribe:")]
        if len(places) != 1 or not re.match(rb"(?i)list-unsubscribe:\s*<https://[^>\s]+>", places[0]):
            yield "List-Unsubscribe header"
        posts = [line for line in lines if line.lower().startswith(b"list-unsubscribe-post:")]
        if len(posts) != 1 or posts[0].partition(b":")[2].strip() != _ONE_CLICK:
            yield "List-Unsubscribe-Post header"


@rule(
    "F5",
    "warning",
    why="Readers' mail programs cannot file your letters by their list.",
    mend=_PROGRAM,
    source="RFC 2919",
)
def list_id(evidence: Evidence) -> Iterator[str]:
    """A List-Id in lower-case dotted form is there."""
    found = [str(value).strip() for value in evidence.plain.message.get_all("List-Id", [])]
    if len(found) != 1 or not _LIST_ID.fullmatch(found[0]):
        yield f"List-Id header: {found[0] if found else 'missing'}"
