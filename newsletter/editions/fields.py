"""A compiled letter as fields, for services that take subject, text and HTML instead of a message."""

from __future__ import annotations

import email
import email.policy
import re
from email.utils import parseaddr
from itertools import chain
from typing import TYPE_CHECKING, Final

from newsletter.editions import filling, headers
from newsletter.mail.base import Template

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import EmailMessage

    from newsletter.editions.edition import Edition, Slot
    from newsletter.mail.base import Piece

_SENTINEL = re.compile(r"qzspot(v\d+)zq")
_OWN_FIELDS: Final = frozenset(
    {"from", "to", "subject", "reply-to", "date", "mime-version", "content-type", "content-transfer-encoding"}
)
"""Fields that a service writes itself, from the other settings of a request."""


class Fields:
    """The `Template` of an edition, and each person's values of its variables."""

    def __init__(self, edition: Edition) -> None:
        """Take the message apart, once: with a sentinel in every slot the standard library can read it."""
        letter = edition.letter
        self._subject = letter.subject
        self._variables = {slot: f"v{number}" for number, slot in enumerate(dict.fromkeys(letter.slots))}
        sentinels = [f"qzspot{self._variables[slot]}zq".encode() for slot in letter.slots]
        raw = b"".join(chain(*zip(letter.segments, [*sentinels, b""], strict=True)))
        message = email.message_from_bytes(raw, policy=email.policy.default)
        self.template = Template(
            sender=headers.ascii_address(parseaddr(edition.sender)[1]),
            sender_name=parseaddr(edition.sender)[0],
            reply_to=headers.ascii_address(parseaddr(edition.reply_to)[1]),
            subject=_piece(str(message["Subject"] or "")),
            text=_piece(_content(message, "plain")),
            html=_piece(_content(message, "html")),
            headers={
                name: _piece(re.sub(r"\r?\n", "", value))
                for name, value in email.message_from_bytes(raw).items()
                if name.lower() not in _OWN_FIELDS
            },
            campaign=edition.campaign,
        )

    def values(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return one person's text for every variable, escaped for its place.

        ``values`` as for `newsletter.editions.compiled.fill`.
        """
        return {variable: self._text(slot, values) for slot, variable in self._variables.items()}

    def _text(self, slot: Slot, values: Mapping[str, str]) -> str:
        if slot.place != "header":
            return filling.escaped(slot, values)
        if slot.name == "subject":
            return filling.subject_line(self._subject, values)
        return filling.header(slot, self._subject, values).replace("\r\n", "")


def _piece(text: str) -> Piece:
    return tuple(_SENTINEL.split(text))


def _content(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    return "" if part is None else str(part.get_content()).replace("\r\n", "\n")
