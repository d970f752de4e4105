"""What a mail server's reply, or its silence, means: as one table."""

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
Phase = Literal["connect", "auth", "envelope", "body", "dot_written", "replied"]
"""How far a connection has come with the letter at hand; ``replied``: no letter is under way."""

SENDER: tuple[Verb, ...] = ("CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL")
"""Commands that are about us."""
LETTER: tuple[Verb, ...] = ("RCPT", "DATA", "DOT")
"""Commands that are about one letter."""
ALL: tuple[Verb, ...] = (*SENDER, *LETTER)
"""Every command."""

UNSUPPORTED = r"\b5\.6\.7\b|smtputf8|non-ascii"
"""The address needs an extension the server lacks (RFC 6531)."""
NO_MAILBOX = r"^\W*5\.1\.(?:1|2|3|6|10)\b"
"""There is no such mailbox or domain (RFC 3463 §3.2, RFC 7505)."""
NO_MAILBOX_WORDS = (
    r"^(?!\W*5\.\d).*(?:no such (?:user|recipient|mailbox|person|address)|unknown (?:user|recipient|mailbox)"
    r"|(?:user|recipient|mailbox|address) (?:is )?(?:unknown|not found)|does(?: not|n't) exist)"
)
"""The same from servers that give no enhanced code."""
MAILBOX_CODES = r"^\W*5\.2\.\d"
"""The mailbox exists and does not take letters: disabled, full (RFC 3463 §3.3)."""
POLICY_CODES = r"\b5\.7\.\d|^\W*5\.1\.[78]\b|^\W*5\.4\.5\b"
"""A refusal for who sends: policy, the sender's address, the account's daily limit (RFC 3463 §3.8, §3.2)."""
POLICY_WORDS = (
    r"black ?list|block ?list|\bspam|\bspf\b|\bdkim\b|\bdmarc\b|reverse dns|\bptr\b|reputation"
    r"|sender address rejected|sending (?:limit|quota)|authenticat"
    r"|relay\w*\b.*\b(?:denied|not (?:permitted|allowed))|not (?:permitted|allowed) to relay"
)
"""The same in words."""
GREYLIST = r"gr[ea]y.?list"
"""The server wants to see this letter a second time; not a matter of speed (RFC 6647)."""
RATE_CODES = r"^\W*4\.7\.\d"
"""A policy that passes with time: mostly speed or reputation (RFC 3463 §3.8)."""
RATE_WORDS = r"\brate\b|rate.?limit|throttl|too (?:many|fast|much|quick)|slow(?:ing)? down"
"""We are too fast, in words."""


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
    hard: bool = False
    """There is no such mailbox."""
    throttled: bool = False
    """We were too fast."""
    anew: bool = False
    """The letter is not to blame: it goes again at once, in a transaction of its own."""


RULES = (
    Rule(("RCPT",), "452", r"^\W*4\.5\.3\b|too many recipients", TransientError, anew=True),
    Rule(LETTER, "4..", GREYLIST, TransientError),
    Rule(ALL, "421", "", TransientError, throttled=True),
    Rule(("CONNECT", "MAIL", *LETTER), "4..", RATE_CODES, TransientError, throttled=True),
    Rule(ALL, "4..", RATE_WORDS, TransientError, throttled=True),
    Rule(ALL, "4..", "", TransientError),
    Rule(("MAIL", *LETTER), "5..", UNSUPPORTED, PermanentError),
    Rule(SENDER, "5..", "", RefusedSenderError),
    Rule(LETTER, "5..", NO_MAILBOX, PermanentError, hard=True),
    Rule(LETTER, "5..", MAILBOX_CODES, PermanentError),
    Rule(LETTER, "5..", POLICY_CODES, RefusedSenderError),
    Rule(LETTER, "5..", POLICY_WORDS, RefusedSenderError),
    Rule(LETTER, "53.", "", RefusedSenderError),
    Rule(("RCPT",), "551", "", PermanentError, hard=True),
    Rule(("RCPT",), "550", NO_MAILBOX_WORDS, PermanentError, hard=True),
    # Whatever else is said for good: this letter failed, and the mailbox may well exist.
    Rule(LETTER, "5..", "", PermanentError),
    # Words that are no reply, or the reply to another command: nobody can know what became of the letter.
    Rule(("DOT",), ".*", "", UnknownOutcomeError),
    Rule(ALL, ".*", "", TransientError),
)
"""The first row that fits wins (RFC 5321 §4.2.1 for 4yz and 5yz)."""

LOST: dict[Phase, type[DeliveryError]] = {
    "connect": TransientError,
    "auth": TransientError,
    "envelope": TransientError,
    # A server must not act on a body without its end (RFC 5321 §4.1.1.4) …
    "body": TransientError,
    # … and with it, it may have (RFC 1047).
    "dot_written": UnknownOutcomeError,
    "replied": TransientError,
}
"""What it means for the letter at hand when the connection dies."""


def rule_for(verb: Verb, code: int, text: str) -> Rule:
    """Return the row for a reply other than the hoped-for one; ``code`` -1: words that are no reply."""
    return next(
        rule
        for rule in RULES
        if verb in rule.verbs
        and re.fullmatch(rule.code, str(code))
        and re.search(rule.words, text, re.IGNORECASE)
    )


def judge(verb: Verb, code: int, reply: bytes) -> DeliveryError:
    """Return what a reply other than the hoped-for one means; ``code`` -1 stands for words that are no reply.

    >>> judge("RCPT", 550, b"5.1.1 no such user")
    PermanentError('550 5.1.1 no such user', '')
    """
    text = words(reply)
    rule = rule_for(verb, code, text)
    why, name = f"{code} {text}".rstrip(), str(code)
    if code < 0:
        why, name = f"the server answered with words that are no reply: {text}", "garbage"
    if rule.error is PermanentError:
        return PermanentError(why, code=name, hard=rule.hard)
    if rule.error is TransientError:
        return TransientError(why, code=name, throttled=rule.throttled)
    return rule.error(why, code=name)


def lost(phase: Phase, error: Exception) -> DeliveryError:
    """Return what the loss of the connection means for the letter at hand."""
    kind = LOST[phase]
    reason = str(error) or type(error).__name__
    if kind is UnknownOutcomeError:
        return kind(f"the connection was lost while the answer was awaited: {reason}", code="lost")
    return kind(f"the connection was lost: {reason}", code="lost")


def words(reply: bytes) -> str:
    """Return a reply's text as one line that can be shown and stored."""
    text = " ".join(reply.decode("utf-8", "replace").split())
    if not text.isprintable():
        text = "".join(letter for letter in text if letter.isprintable())
    return text[:500]
