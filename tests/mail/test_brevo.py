"""Brevo: what arrives, what every answer means, and that nothing is ever posted twice."""

from __future__ import annotations

import html
import json
import uuid
from dataclasses import replace
from email.header import decode_header, make_header
from typing import TYPE_CHECKING

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.mail import brevo
from newsletter.mail.brevo import Brevo, idempotency_key, plain, plain_html
from newsletter.model import Receipt
from tests.mail.api_faults import GARBAGE, LOST, NOW, THROTTLED, Fault, told
from tests.mail.fake_brevo import KEY, FakeBrevo
from tests.mail.field_letters import NASTY, TEMPLATE, letter, meant, people
from tests.mail.through_brevo import send, transport

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

JOINER = "\u2060"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBrevo]:
    """Return a server that must have understood everything in the end."""
    monkeypatch.setenv("BREVO_KEY", KEY)
    with FakeBrevo() as running:
        yield running
    assert running.problems == []


def kinds(outcomes: Sequence[object]) -> list[type]:
    """Return the classes of outcomes."""
    return [type(outcome) for outcome in outcomes]


@pytest.mark.parametrize("together", [1, 2])
@pytest.mark.parametrize("name", NASTY.values(), ids=NASTY)
def test_every_person_gets_exactly_their_own_letter(api: FakeBrevo, name: str, together: int) -> None:
    """Subject, both parts, names and List-Unsubscribe read as the letter says, whatever a value is like.

    The server reads its template language in what it takes, so anything it finds would be missing.
    """
    letters = [letter(1, name=name), letter(2)][:together]

    outcomes = send(api, *letters)

    assert outcomes == [Receipt(got["messageId"], reply="HTTP 201") for got in api.accepted]
    assert len(api.asked) == 1
    for sent, got in zip(letters, api.accepted, strict=True):
        assert got["subject"].replace(JOINER, "") == meant(sent, TEMPLATE.subject)
        assert got["textContent"].replace(JOINER, "") == meant(sent, TEMPLATE.text)
        said, wanted = html.unescape(got["htmlContent"]), html.unescape(meant(sent, TEMPLATE.html))
        assert said.replace("{ #top", "{#top") == wanted
        assert got["sender"] == {"email": TEMPLATE.sender, "name": TEMPLATE.sender_name}
        assert got["replyTo"] == {"email": TEMPLATE.reply_to}
        (person,) = got["to"]
        assert person["email"] == sent.recipient
        assert str(make_header(decode_header(person.get("name", "")))) == sent.recipient_name
        assert got["headers"]["List-Unsubscribe"] == f"<{sent.values['unsubscribe']}>"
        assert got["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@given(st.text(alphabet="{}%# ax", max_size=30))
def test_the_template_language_finds_nothing_in_any_text(text: str) -> None:
    """However braces meet, none of its marks is left, and nothing else has changed."""
    for made in (plain(text), plain_html(text), plain_html(f"<style>{text}</style>")):
        assert not any(mark in made for mark in ("{{", "{%", "{#"))
    assert plain(text).replace(JOINER, "") == text
    assert html.unescape(plain_html(text)) == text


def test_letters_without_marks_are_left_as_they_are(api: FakeBrevo) -> None:
    """Nearly every letter: not one byte differs."""
    bare = replace(TEMPLATE, html=("<p>", "html_name", "</p>"))
    send(api, letter(template=bare))

    assert api.accepted[0]["htmlContent"] == "<p>Asha</p>"
    assert api.accepted[0]["subject"] == "News for Asha"


def test_the_frame_of_a_request_has_nobodys_values(api: FakeBrevo) -> None:
    """If a version were incomplete, nobody would get another person's unsubscribe link."""
    send(api, *people(2))

    frame = json.loads(api.asked[0].body)
    del frame["messageVersions"]
    assert "reader" not in json.dumps(frame)
    assert "/u/t" not in json.dumps(frame)
    assert "Asha" not in json.dumps(frame)


def test_a_letter_says_whose_it_is(api: FakeBrevo) -> None:
    """Events of Brevo can be traced to the delivery."""
    send(api, letter(7))

    (got,) = api.accepted
    mark = json.loads(got["headers"]["X-Mailin-custom"])
    assert mark == {"delivery": "delivery-7", "message_id": "<letter7@rivertrust.example>"}
    assert got["tags"] == ["spring"]


def test_an_edition_without_extras_leaves_fields_out(api: FakeBrevo) -> None:
    """Brevo refuses empty ones."""
    bare = replace(TEMPLATE, sender_name="", reply_to="", text=(), campaign="", headers={})
    send(api, *(replace(letter(number, template=bare), recipient_name="") for number in (1, 2)))

    sent = json.loads(api.asked[0].body)
    assert not {"replyTo", "tags", "textContent"} & {*sent, *sent["messageVersions"][0]}
    assert sent["sender"] == {"email": "news@rivertrust.example"}


@pytest.mark.parametrize(
    ("value", "carried"),
    [
        ("River Trust <news.example>", "River Trust <news.example>"),
        ("Río <news.example>", "Rio <news.example>"),
        ("=?utf-8?q?R=C3=ADo?= <news.example>", "Rio <news.example>"),
    ],
)
def test_a_header_never_leaves_with_raw_bytes(api: FakeBrevo, value: str, carried: str) -> None:
    """Brevo decodes what is encoded and sends it as it is, which receivers refuse."""
    headers = {"List-ID": (value,), "MESSAGE-ID": ("<other@rivertrust.example>",)}
    send(api, letter(template=replace(TEMPLATE, headers=headers)))

    (got,) = api.accepted
    assert got["headers"]["List-Id"] == carried
    assert "Message-Id" not in got["headers"]


@pytest.mark.parametrize(
    ("name", "carried"),
    [
        ("García, José", "García, José"),
        ('O\'Hara, "Pat"', 'O\'Hara, "Pat"'),
        ("a\r\nBcc: evil@example.net", "a Bcc: evil@example.net"),
        ("n" * 100, "n" * 70),
        ("ö," * 40, ""),
    ],
)
def test_names_arrive_or_are_left_out(api: FakeBrevo, name: str, carried: str) -> None:
    """A subscriber chooses their own name; the letter arrives with it or without."""
    send(api, replace(letter(), recipient_name=name))

    said = api.accepted[0]["to"][0].get("name", "")
    assert str(make_header(decode_header(said))) == carried


def test_a_thousand_letters_are_one_request(api: FakeBrevo) -> None:
    """The largest window is what one request takes."""
    outcomes = send(api, *people(1000))

    assert len(api.asked) == 1
    assert kinds(outcomes) == [Receipt] * 1000
    assert Brevo.max_window == 1000


def test_large_letters_go_in_several_requests(api: FakeBrevo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each letter is in one of them."""
    monkeypatch.setattr(brevo, "MAX_BYTES", 10_000)
    outcomes = send(api, *people(9))

    assert kinds(outcomes) == [Receipt] * 9
    assert 2 <= len(api.asked) < 9
    assert set(api.attempts.values()) == {1}


def test_editions_never_share_a_request(api: FakeBrevo) -> None:
    """Sender and tag belong to the whole request."""
    other = replace(TEMPLATE, sender="events@rivertrust.example", campaign="autumn")
    send(api, letter(1), letter(2, template=other), letter(3))

    senders = {got["to"][0]["email"]: got["sender"]["email"] for got in api.accepted}
    assert senders["reader2@example.org"] == "events@rivertrust.example"
    assert len(api.asked) == 2


ROWS: list[tuple[int, str, str, type[DeliveryError]]] = [
    (400, "invalid_parameter", "email is not valid in to", PermanentError),
    (400, "invalid_parameter", "messageVersions[0].to[0].email is invalid", PermanentError),
    (400, "missing_parameter", "email is missing in to", PermanentError),
    (422, "invalid_parameter", "email is not valid in to", PermanentError),
    (400, "invalid_parameter", "sender is not valid", RefusedSenderError),
    (400, "invalid_parameter", "Validate your sender or authenticate your domain", RefusedSenderError),
    (400, "invalid_parameter", "tags should be an array", RefusedSenderError),
    (400, "missing_parameter", "htmlContent is missing", RefusedSenderError),
    (400, "out_of_range", "too many versions", RefusedSenderError),
    (400, "bad_request", "Input must be a valid JSON object", RefusedSenderError),
    (400, "not_enough_credits", "You do not have enough credits", RefusedSenderError),
    (400, "account_under_validation", "Your account is under validation", RefusedSenderError),
    (400, "a new one", "nobody knows", RefusedSenderError),
    (422, "unprocessable_entity", "no", RefusedSenderError),
    (401, "unauthorized", "Key not found", RefusedSenderError),
    (402, "not_enough_credits", "You do not have enough credits", RefusedSenderError),
    (403, "permission_denied", "Your SMTP account is not yet activated", RefusedSenderError),
    (404, "document_not_found", "no", RefusedSenderError),
    (405, "method_not_allowed", "no", RefusedSenderError),
    (406, "not_acceptable", "no", RefusedSenderError),
    (413, "", "", RefusedSenderError),
    (400, "duplicate_parameter", "idempotencyKey was used", UnknownOutcomeError),
    (400, "duplicate_request", "seen", UnknownOutcomeError),
]


@pytest.mark.parametrize(
    ("status", "code", "words", "kind"), ROWS, ids=[f"{row[0]} {row[2][:25]}" for row in ROWS]
)
def test_every_refusal_of_one_letter_is_told_apart(
    api: FakeBrevo, status: int, code: str, words: str, kind: type[DeliveryError]
) -> None:
    """About the recipient, about us, or a repeat; the words are Brevo's own."""
    api.faults = [Fault(told(status, {"code": code, "message": words}))]

    if kind is RefusedSenderError:
        with pytest.raises(RefusedSenderError) as caught:
            send(api, letter())
        error: object = caught.value
    else:
        (error,) = send(api, letter())

    assert type(error) is kind
    assert words in str(error)
    assert not getattr(error, "hard", False)
    assert set(api.attempts.values()) == {1}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"code": 3, "message": {}}'])
def test_a_refusal_without_words_holds_the_edition(api: FakeBrevo, body: bytes) -> None:
    """Nobody's address is blamed for what cannot be read."""
    api.faults = [Fault(replace(told(400), body=body))]

    with pytest.raises(RefusedSenderError, match="HTTP 400"):
        send(api, letter())


def test_one_bad_address_fails_alone_and_the_others_leave(api: FakeBrevo) -> None:
    """A refused request sends nothing, so its letters stay untried; next time each goes by itself."""
    api.unknown_addresses = {"reader2@example.org"}
    session = transport(api).connect()

    first = session.send(people(3))
    second = session.send(people(3))

    assert first == [None, None, None]
    assert kinds(second) == [Receipt, PermanentError, Receipt]
    assert set(api.attempts.values()) == {2}
    assert len(api.accepted) == 2


@pytest.mark.parametrize("form", THROTTLED)
def test_a_rate_limit_carries_the_wait_it_asks_for(api: FakeBrevo, form: str) -> None:
    """Nothing was accepted; all of it may be tried later."""
    fault, wait_s = THROTTLED[form]
    api.faults = [fault]

    with time_machine.travel(NOW, tick=False):
        outcomes = send(api, *people(2))

    assert len(outcomes) == 2
    for outcome in outcomes:
        assert isinstance(outcome, TransientError)
        assert outcome.throttled
        assert outcome.retry_after_s == wait_s
    assert set(api.attempts.values()) == {1}


@pytest.mark.parametrize(("reset", "wait_s"), [("45", 45.0), ("0", 0.0), ("soon", None), ("-1", None)])
def test_brevos_own_header_says_how_long(api: FakeBrevo, reset: str, wait_s: float | None) -> None:
    """The seconds until its counter begins anew."""
    limit = {"x-sib-ratelimit-limit": "100", "x-sib-ratelimit-remaining": "0", "x-sib-ratelimit-reset": reset}
    api.faults = [Fault(told(429, {"code": "too_many_requests", "message": "slow down"}, **limit))]

    (outcome,) = send(api, letter())

    assert isinstance(outcome, TransientError)
    assert outcome.retry_after_s == wait_s
    assert outcome.why == "HTTP 429: slow down"


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_answer_leaves_every_letter_unknown(api: FakeBrevo, fault: str) -> None:
    """They may have left; they are posted once and never again by themselves."""
    api.faults = [LOST[fault]]

    outcomes = send(api, *people(3), timeout_s=0.5)

    assert kinds(outcomes) == [UnknownOutcomeError] * 3
    assert api.connections == 1


@pytest.mark.parametrize("fault", GARBAGE)
def test_an_answer_that_is_none_leaves_every_letter_unknown(api: FakeBrevo, fault: str) -> None:
    """A proxy's page is no proof of anything."""
    api.faults = [GARBAGE[fault]]

    assert kinds(send(api, *people(3))) == [UnknownOutcomeError] * 3
    assert api.connections == 1


@pytest.mark.parametrize("identifiers", [[], ["<1@x>"], ["<1@x>", "<2@x>", "<3@x>"], ["<1@x>", 2]])
def test_identifiers_that_do_not_match_the_letters_are_no_answer(
    api: FakeBrevo, identifiers: list[object]
) -> None:
    """A receipt must be for the letter it stands at."""
    api.faults = [Fault(told(201, {"messageIds": identifiers}))]

    assert kinds(send(api, *people(2))) == [UnknownOutcomeError] * 2


def test_a_repeat_of_the_same_letters_is_not_sent_again(api: FakeBrevo) -> None:
    """A lost answer that is repeated within half an hour stays in doubt, and nobody gets a second copy."""
    api.faults = [LOST["dropped after accepting"]]
    send(api, *people(3))

    again = send(api, *reversed(people(3)))

    assert kinds(again) == [UnknownOutcomeError] * 3
    assert len(api.accepted) == 3
    assert Brevo.honours_key_for_s == 1800


def test_the_key_names_exactly_the_letters_that_go_together() -> None:
    """The same on every attempt; another for other letters, or for another copy of them."""
    assert idempotency_key(people(3)) == idempotency_key(people(3)[::-1])
    assert idempotency_key(people(3)) != idempotency_key(people(2))
    assert idempotency_key([letter()]) != idempotency_key([replace(letter(), message_id="<other@x>")])
    assert uuid.UUID(idempotency_key(people(1))).version == 5


@pytest.mark.parametrize(
    ("status", "second"), [(401, type(None)), (429, TransientError), (500, UnknownOutcomeError)]
)
def test_what_breaks_off_in_a_window_leaves_the_rest_untried(
    api: FakeBrevo, monkeypatch: pytest.MonkeyPatch, status: int, second: type
) -> None:
    """Letters of the requests before have their receipts; none is posted into a broken service."""
    monkeypatch.setattr(brevo, "MAX_BYTES", 1)
    api.faults = [None, Fault(told(status))]

    assert kinds(send(api, *people(4))) == [Receipt, second, type(None), type(None)]
    assert len(api.asked) == 2


def test_a_closed_port_means_nothing_was_sent(api: FakeBrevo) -> None:
    """The channel waits, the letters stay as they are."""
    api.close()
    with pytest.raises(TransientError) as caught:
        send(api, letter())
    assert caught.value.code == "connect"
