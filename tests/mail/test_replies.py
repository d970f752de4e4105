"""Every row of the table that turns SMTP replies into outcomes."""

from __future__ import annotations

from typing import Literal

import pytest

from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.mail.smtp.replies import LOST, RULES, Phase, Verb, judge, lost, rule_for

Mark = Literal["", "hard", "throttled", "anew"]

CASES: list[tuple[Verb, int, str, type[DeliveryError], Mark]] = [
    ("CONNECT", 421, "4.3.2 try later", TransientError, "throttled"),
    ("CONNECT", 450, "4.7.1 come back", TransientError, "throttled"),
    ("CONNECT", 554, "no SMTP service here", RefusedSenderError, ""),
    ("EHLO", 550, "5.7.1 your name is on a list", RefusedSenderError, ""),
    ("STARTTLS", 454, "TLS not available due to temporary reason", TransientError, ""),
    ("STARTTLS", 501, "no parameters allowed", RefusedSenderError, ""),
    ("AUTH", 535, "5.7.8 bad credentials", RefusedSenderError, ""),
    ("AUTH", 530, "5.7.0 must issue STARTTLS first", RefusedSenderError, ""),
    ("AUTH", 534, "5.7.9 mechanism too weak", RefusedSenderError, ""),
    ("AUTH", 454, "4.7.0 temporary failure", TransientError, ""),
    ("AUTH", 454, "4.7.0 too many login attempts", TransientError, "throttled"),
    ("AUTH", 432, "4.7.12 a password transition is needed", TransientError, ""),
    ("MAIL", 421, "4.3.2 shutting down", TransientError, "throttled"),
    ("MAIL", 451, "4.3.0 local error", TransientError, ""),
    ("MAIL", 550, "5.1.8 bad sender's domain", RefusedSenderError, ""),
    ("MAIL", 550, "5.7.1 sender not allowed", RefusedSenderError, ""),
    ("MAIL", 552, "5.3.4 message too big", RefusedSenderError, ""),
    ("MAIL", 553, "5.6.7 needs SMTPUTF8", PermanentError, ""),
    ("MAIL", 501, "non-ASCII address", PermanentError, ""),
    ("RCPT", 421, "4.7.0 too fast", TransientError, "throttled"),
    ("RCPT", 450, "4.2.1 mailbox busy", TransientError, ""),
    ("RCPT", 450, "4.2.1 the user gets mail at a rate that is too high", TransientError, "throttled"),
    ("RCPT", 451, "4.7.1 greylisted, come back", TransientError, ""),
    ("RCPT", 450, "4.7.25 no PTR record, for now", TransientError, "throttled"),
    ("RCPT", 451, "too many connections from your host", TransientError, "throttled"),
    ("RCPT", 452, "4.5.3 too many recipients", TransientError, "anew"),
    ("RCPT", 452, "4.2.2 mailbox full", TransientError, ""),
    ("RCPT", 451, "nothing more to say", TransientError, ""),
    ("RCPT", 550, "5.1.1 no such user", PermanentError, "hard"),
    ("RCPT", 550, "#5.1.1 no such user", PermanentError, "hard"),
    ("RCPT", 550, "5.1.2 no such host", PermanentError, "hard"),
    ("RCPT", 550, "5.1.6 has moved", PermanentError, "hard"),
    ("RCPT", 550, "5.1.10 null MX", PermanentError, "hard"),
    ("RCPT", 551, "user not local", PermanentError, "hard"),
    ("RCPT", 553, "5.1.3 bad address", PermanentError, "hard"),
    ("RCPT", 550, "no such user here", PermanentError, "hard"),
    ("RCPT", 550, "<x@example.org> user unknown", PermanentError, "hard"),
    ("RCPT", 550, "5.1.0 address rejected", PermanentError, ""),
    ("RCPT", 550, "5.2.1 mailbox disabled, user unknown", PermanentError, ""),
    ("RCPT", 552, "5.2.2 mailbox full", PermanentError, ""),
    ("RCPT", 552, "5.2.2 mailbox full, empty your spam folder", PermanentError, ""),
    ("RCPT", 452, "5.2.2 mailbox full", TransientError, ""),
    ("RCPT", 550, "nothing more to say", PermanentError, ""),
    ("RCPT", 553, "nothing more to say", PermanentError, ""),
    ("RCPT", 550, "5.6.7 SMTPUTF8 required", PermanentError, ""),
    ("RCPT", 550, "5.7.1 relaying denied", RefusedSenderError, ""),
    ("RCPT", 551, "5.7.1 user not local, relaying denied", RefusedSenderError, ""),
    ("RCPT", 550, "relay not permitted", RefusedSenderError, ""),
    ("RCPT", 550, "5.7.25 no PTR record", RefusedSenderError, ""),
    ("RCPT", 550, "5.7.515 access denied, sender domain lacks DMARC", RefusedSenderError, ""),
    ("RCPT", 550, "5.1.8 sender's domain does not exist", RefusedSenderError, ""),
    ("RCPT", 550, "5.4.5 daily sending quota exceeded", RefusedSenderError, ""),
    ("RCPT", 554, "your address is on a blocklist", RefusedSenderError, ""),
    ("RCPT", 554, "5.7.23 SPF check failed", RefusedSenderError, ""),
    ("RCPT", 530, "log in first", RefusedSenderError, ""),
    ("DATA", 451, "4.3.0 not now", TransientError, ""),
    ("DATA", 554, "5.5.1 no valid recipients", PermanentError, ""),
    ("DATA", 554, "5.7.1 refused by policy", RefusedSenderError, ""),
    ("DOT", 451, "4.3.0 queue file write error", TransientError, ""),
    ("DOT", 452, "4.3.1 insufficient storage", TransientError, ""),
    ("DOT", 421, "4.3.2 shutting down", TransientError, "throttled"),
    ("DOT", 454, "Throttling failure: maximum sending rate exceeded", TransientError, "throttled"),
    ("DOT", 550, "5.1.1 mailbox unavailable", PermanentError, "hard"),
    ("DOT", 550, "mailbox does not exist", PermanentError, ""),
    ("DOT", 552, "5.3.4 message size exceeds fixed limit", PermanentError, ""),
    ("DOT", 554, "5.6.0 malformed content", PermanentError, ""),
    ("DOT", 554, "5.7.1 message looks like spam", RefusedSenderError, ""),
    ("DOT", 354, "go on", UnknownOutcomeError, ""),
    ("DOT", 220, "hello again", UnknownOutcomeError, ""),
    ("DOT", -1, "HTTP/1.1 400 Bad Request", UnknownOutcomeError, ""),
    ("RCPT", -1, "what?", TransientError, ""),
    ("MAIL", 354, "go on", TransientError, ""),
]


@pytest.mark.parametrize(("verb", "code", "text", "kind", "mark"), CASES)
def test_a_reply_means_what_the_table_says(
    verb: Verb, code: int, text: str, kind: type[DeliveryError], mark: Mark
) -> None:
    """The class decides what happens next; the words are kept for people."""
    found = judge(verb, code, text.encode())

    assert type(found) is kind
    assert text in found.why
    assert found.code == (str(code) if code > 0 else "garbage")
    assert getattr(found, "hard", False) == (mark == "hard")
    assert getattr(found, "throttled", False) == (mark == "throttled")
    assert rule_for(verb, code, text).anew == (mark == "anew")


def test_every_row_of_the_table_is_tried() -> None:
    """A new row needs a case."""
    assert {rule_for(verb, code, text) for verb, code, text, _, _ in CASES} == set(RULES)


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "DOT"])
def test_no_4xx_is_ever_final(verb: Verb) -> None:
    """RFC 5321 section 4.2.1: the client is encouraged to try again."""
    assert {type(judge(verb, code, b"5.7.1 spam")) for code in range(400, 500)} == {TransientError}


@pytest.mark.parametrize("code", range(500, 600))
def test_without_an_enhanced_code_or_words_nobodys_mailbox_is_given_up(code: int) -> None:
    """Except for 551, which says nothing else (RFC 5321 section 3.4)."""
    found = judge("RCPT", code, b"no")

    assert isinstance(found, PermanentError)
    assert found.hard == (code == 551)


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("code", [-1, 0, 99, 211, 354, 999])
def test_before_the_dot_no_reply_leaves_a_doubt(verb: Verb, code: int) -> None:
    """What was not handed over was not delivered."""
    assert not isinstance(judge(verb, code, b"?"), UnknownOutcomeError)


@pytest.mark.parametrize("phase", LOST)
def test_only_behind_the_dot_a_lost_connection_leaves_a_doubt(phase: Phase) -> None:
    """RFC 5321 section 4.1.1.4 and RFC 1047."""
    found = lost(phase, TimeoutError("timed out"))

    assert type(found) is (UnknownOutcomeError if phase == "dot_written" else TransientError)
    assert "timed out" in found.why


def test_a_reply_is_kept_as_one_printable_line() -> None:
    """It is shown on terminals and stored."""
    assert judge("RCPT", 550, b"5.1.1 no\r\n such\x1b[31m user\x00").why == "550 5.1.1 no such[31m user"


@pytest.mark.parametrize("text", ["relay " * 20_000, "user " * 50_000, " " * 100_000, "5.1." * 20_000])
def test_a_server_that_talks_on_and_on_is_cut(text: str) -> None:
    """Before its words are searched: no pattern meets a text it would take long for."""
    assert len(judge("RCPT", 550, text.encode()).why) < 600
