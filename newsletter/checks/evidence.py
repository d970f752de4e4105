"""What the rules look at, read from the final bytes once and only when a rule asks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from functools import cached_property
from typing import TYPE_CHECKING

import lxml.html

from newsletter.checks import reading
from newsletter.editions import compiled, headers
from newsletter.editions.edition import sample_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from email.message import EmailMessage
    from pathlib import Path

    from lxml.html import HtmlElement

    from newsletter.checks.reading import Run
    from newsletter.config import Mention, Organisation
    from newsletter.editions.edition import Edition
    from newsletter.model import Post
    from newsletter.social.base import SocialNetwork

LONG_NAME = (
    "Wilhelmine-Anastasia von und zu Hohenlohe-Ἀλεξάνδρεια محمد عبد الرحمن 王小明 👩🏽‍🚒 "
    '<b>"O\'Neil" & Söhne</b>\r\nBcc: stranger@example.org'
)
"""A subscriber's value at its worst: long, right-to-left, emoji, markup and a line break."""

_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"“”]+")


@dataclass(frozen=True)
class Link:
    """One link of the HTML part."""

    href: str
    """The address as written."""
    words: str
    """What is read for it: its text, else the descriptions of its pictures."""
    element: HtmlElement
    """The ``<a>``."""


@dataclass(frozen=True)
class Rehearsal:
    """One finished letter, as it would lie in a mailbox."""

    name: str
    """Who it is addressed to, for messages."""
    raw: bytes
    """The whole MIME message."""

    @cached_property
    def head(self) -> bytes:
        """Return the header block, as transmitted."""
        return self.raw.partition(b"\r\n\r\n")[0]

    @cached_property
    def message(self) -> EmailMessage:
        """Return the parsed message."""
        return message_from_bytes(self.raw, policy=policy.SMTP)

    @cached_property
    def parts(self) -> tuple[EmailMessage, ...]:
        """Return the parts that carry content, in order."""
        return tuple(part for part in self.message.walk() if not part.is_multipart())

    @cached_property
    def html(self) -> str:
        """Return the HTML part, decoded; empty when there is none."""
        return self._content("text/html")

    @cached_property
    def text(self) -> str:
        """Return the text part, decoded, with plain line ends; empty when there is none."""
        return self._content("text/plain").replace("\r\n", "\n")

    @cached_property
    def tree(self) -> HtmlElement:
        """Return the HTML part as a tree."""
        parser = lxml.html.HTMLParser(encoding="utf-8")
        source = self.html.strip() or "<html></html>"
        return lxml.html.document_fromstring(source.encode(), parser=parser)

    @cached_property
    def body(self) -> HtmlElement:
        """Return the ``<body>``; the parser makes one where it is missing."""
        found = self.tree.find("body")
        return self.tree if found is None else found

    @cached_property
    def sheets(self) -> tuple[str, ...]:
        """Return the text of every ``<style>``."""
        return tuple(sheet.text or "" for sheet in self.tree.iter("style"))

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """Return the words of the HTML part with their look, hidden ones too."""
        return tuple(reading.runs(self.body))

    @cached_property
    def visible(self) -> str:
        """Return the words a reader of the HTML part sees."""
        return " ".join(run.words for run in self.runs if not run.look.hidden)

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Return the links of the HTML part, in order."""
        return tuple(
            Link((anchor.get("href") or "").strip(), _words(anchor), anchor)
            for anchor in self.body.iter("a")
            if "href" in anchor.attrib
        )

    @cached_property
    def text_links(self) -> tuple[str, ...]:
        """Return the web addresses of the text part, in order."""
        return tuple(web_addresses(self.text))

    def _content(self, content_type: str) -> str:
        for part in self.parts:
            if part.get_content_type() == content_type:
                payload = part.get_payload(decode=True)
                return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
        return ""


@dataclass(frozen=True)
class Evidence:
    """Everything a rule may look at."""

    edition: Edition
    """What is judged."""
    organisation: Organisation
    """Who sends."""
    networks: Mapping[str, SocialNetwork]
    """Account name → the account."""
    posts: Mapping[str, Post]
    """Slug → post, of the posts that the edition carries and the caller knows."""
    recipients: int | None
    """How many people it would go to; None when nobody asked."""
    now: datetime
    """The present moment, aware."""
    mentions: tuple[Mention, ...] = ()
    """The address book."""
    templates: tuple[Path, ...] = ()
    """The workspace's folders of templates, where its list of words to avoid may lie."""
    allow_missing_alt: bool = False
    """Whether pictures of snippets may leave without a description."""

    @cached_property
    def plain(self) -> Rehearsal:
        """Return the letter to a subscriber of whom nothing but the address is known."""
        return self._rehearse("a subscriber without a name", {}, name="")

    @cached_property
    def longest(self) -> Rehearsal:
        """Return the letter to the subscriber with the longest and strangest values."""
        letter = self.edition.letter
        slots = [*letter.slots, *(piece for piece in letter.subject if not isinstance(piece, str))]
        # A slot with a fallback is a person's own value; the others are written by the program.
        personal = {slot.name: LONG_NAME for slot in slots if slot.fallback and slot.place != "header"}
        return self._rehearse("a subscriber with a very long name", personal, name=LONG_NAME)

    def _rehearse(self, whom: str, personal: Mapping[str, str], *, name: str) -> Rehearsal:
        sample = sample_values(self.organisation.public_url)
        values = {
            **personal,
            **sample,
            "to": headers.mailbox(name, sample["email"]),
            "date": headers.date_line(self.now),
            "message_id": f"<rehearsal@{headers.domain_of(self.edition.sender) or 'invalid'}>",
        }
        return Rehearsal(whom, compiled.fill(self.edition.letter, values))

    @property
    def rehearsals(self) -> Sequence[Rehearsal]:
        """Return both letters."""
        return (self.plain, self.longest)


def web_addresses(text: str) -> list[str]:
    """Return the web addresses in plain text, without the punctuation around them.

    >>> web_addresses("See (https://a.example/b_(c)), or https://d.example.")
    ['https://a.example/b_(c)', 'https://d.example']
    """
    return [_trimmed(match[0]) for match in _WEB_ADDRESS.finditer(text)]


def _trimmed(address: str) -> str:
    while address and (
        address[-1] in ".,;:!?'\u2019\u2026"
        or (address[-1] == ")" and address.count(")") > address.count("("))
    ):
        address = address[:-1]
    return address


def _words(anchor: HtmlElement) -> str:
    words = " ".join(anchor.text_content().split())
    return words or " ".join(image.get("alt", "").strip() for image in anchor.iter("img")).strip()
