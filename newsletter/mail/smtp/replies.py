"""What a mail server's reply means, as one table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)

Verb = Literal["CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "DOT"]
"""What the reply answers; ``DOT`` is the end of the body."""

SENDER: tuple[Verb, ...] = ("CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL")
"""Commands that are about us."""
LETTER: tuple[Verb, ...] = ("RCPT", "DATA", "DOT")
"""Commands that are about one letter."""

UNSUPPORTED = r"\b5\.6\.7\b|smtputf8|non-ascii"
"""The address needs an extension the server lacks (RFC 6531)."""
POLICY = (
    r"\b5\.7\.\d|black ?list|block ?list|\bspam|\bspf\b|\bdkim\b|\bdmarc\b|reverse dns|\bptr\b|reputation"
)
"""A refusal for who sends, not for who is written to (RFC 3463 §3.8, and the words of servers without it)."""


@dataclass(frozen=True)
class Rule:
    """One row of the table."""

    verbs: tuple[Verb, ...]
    """The commands it is about."""
    code: str
    """Pattern of the whole number."""
    words: str
    """Pattern found in the text behind it; empty finds itself in every text."""
    error: type[DeliveryError]
    """What it means."""


RULES = (
    Rule((*SENDER, *LETTER), "4..", "", TransientError),
    Rule(("MAIL", *LETTER), "5..", UNSUPPORTED, PermanentError),
    Rule(SENDER, "5..", "", RefusedSenderError),
    Rule(LETTER, "5..", POLICY, RefusedSenderError),
    Rule(LETTER, "5..", "", PermanentError),
    # Words that are no reply, or the reply to another command: nobody can know what became of the letter.
    Rule(("DOT",), ".*", "", UnknownOutcomeError),
    Rule((*SENDER, *LETTER), ".*", "", TransientError),
)
"""The first row that fits wins (RFC 5321 §4.2.1 for 4yz and 5yz)."""


def judge(verb: Verb, code: int, reply: bytes) -> DeliveryError:
    """Return what a reply other than the hoped-for one means; ``code`` -1 stands for words that are no reply.

    >>> judge("RCPT", 550, b"5.1.1 no such user")
    PermanentError('550 5.1.1 no such user', '')
    """
    text = words(reply)
    rule = next(
        rule
        for rule in RULES
        if verb in rule.verbs
        and re.fullmatch(rule.code, str(code))
        and re.search(rule.words, text, re.IGNORECASE)
    )
    if code < 0:
        return rule.error(f"the server answered with words that are no reply: {text}", code="garbage")
    return rule.error(f"{code} {text}".rstrip(), code=str(code))


def words(reply: bytes) -> str:
    """Return a reply's text as one line that can be shown and stored."""
    text = " ".join(reply.decode("utf-8", "replace").split())
    return "".join(letter for letter in text if letter.isprintable())[:500]
