"""Postmark: what arrives, what every answer means, and that nothing is ever posted twice."""

from __future__ import annotations

from dataclasses import replace
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.mail import postmark
from newsletter.mail.postmark import Postmark
from newsletter.model import Receipt
from tests.mail.api_faults import GARBAGE, LOST, NOW, THROTTLED, Fault, told
from tests.mail.fake_postmark import TOKEN, FakePostmark
from tests.mail.field_letters import NASTY, TEMPLATE, letter, meant, people
from tests.mail.through_postmark import send

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePostmark]:
    """Return a server that must have understood everything in the end."""
    monkeypatch.setenv("POSTMARK_TOKEN", TOKEN)
    with FakePostmark() as running:
        yield running
    assert running.problems == []


@pytest.mark.parametrize("name", NASTY.values(), ids=NASTY)
def test_every_person_gets_exactly_their_own_letter(api: FakePostmark, name: str) -> None:
    """Subject, both parts, names and List-Unsubscribe are what the letter says, whatever a value is like."""
    letters = [letter(1, name=name), letter(2)]

    outcomes = send(api, *letters)

    assert outcomes == [Receipt("pm-1", reply="OK"), Receipt("pm-2", reply="OK")]
    for sent, got in zip(letters, api.accepted, strict=True):
        headers = {field["Name"]: field["Value"] for field in got["Headers"]}
        assert got["Subject"] == meant(sent, TEMPLATE.subject)
        assert got["TextBody"] == meant(sent, TEMPLATE.text)
        assert got["HtmlBody"] == meant(sent, TEMPLATE.html)
        assert parseaddr(got["From"]) == (TEMPLATE.sender_name, TEMPLATE.sender)
        assert parseaddr(got["To"]) == (sent.recipient_name, sent.recipient)
        assert got["ReplyTo"] == TEMPLATE.reply_to
        assert headers["List-Unsubscribe"] == f"<{sent.values['unsubscribe']}>"
        assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_letter_keeps_its_message_id_and_says_whose_it_is(api: FakePostmark) -> None:
    """Replies, bounces and the activity can be traced to the delivery; nobody is tracked."""
    send(api, letter(7))

    (got,) = api.accepted
    assert {"Name": "Message-ID", "Value": "<letter7@rivertrust.example>"} in got["Headers"]
    assert {"Name": "X-PM-KeepID", "Value": "true"} in got["Headers"]
    assert got["Metadata"] == {"delivery": "delivery-7", "letter": "letter7@rivertrust.example"}
    assert (got["Tag"], got["MessageStream"]) == ("spring", "broadcast")
    assert (got["TrackOpens"], got["TrackLinks"]) == (False, "None")


def test_a_message_id_among_the_headers_is_not_sent_twice(api: FakePostmark) -> None:
    """A message with two is malformed."""
    headers = {**TEMPLATE.headers, "Message-Id": ("<other@rivertrust.example>",)}
    send(api, letter(template=replace(TEMPLATE, headers=headers)))

    (got,) = api.accepted
    names = [field["Name"].lower() for field in got["Headers"]]
    assert names.count("message-id") == 1


def test_an_edition_without_extras_leaves_fields_out(api: FakePostmark) -> None:
    """Postmark refuses empty ones."""
    bare = replace(TEMPLATE, sender_name="", reply_to="", text=(), campaign="", headers={})
    send(api, replace(letter(template=bare), recipient_name=""))

    (got,) = api.accepted
    assert not {"ReplyTo", "TextBody", "Tag"} & got.keys()
    assert (got["From"], got["To"]) == ("news@rivertrust.example", "reader1@example.org")


def test_names_cannot_break_out_of_their_field(api: FakePostmark) -> None:
    """A subscriber chooses their own name."""
    names = ['x" <evil@example.net>, "', "a\r\nBcc: evil@example.net", "\\", "n" * 500]
    send(api, *(replace(letter(number), recipient_name=name) for number, name in enumerate(names)))

    assert [parseaddr(got["To"])[1] for got in api.accepted] == [
        f"reader{number}@example.org" for number in range(4)
    ]


def test_a_key_that_is_too_long_for_metadata_is_digested(api: FakePostmark) -> None:
    """A field takes 80 characters; the same key stays the same."""
    long = replace(letter(), key="k" * 81)
    send(api, long)
    send(api, long)

    first, second = (got["Metadata"]["delivery"] for got in api.accepted)
    assert first == second
    assert len(first) == 64


def test_five_hundred_letters_are_one_request(api: FakePostmark) -> None:
    """The largest window is what one request takes."""
    outcomes = send(api, *people(500))

    assert len(api.asked) == 1
    assert [outcome.remote_id for outcome in outcomes if isinstance(outcome, Receipt)] == [
        f"pm-{number}" for number in range(1, 501)
    ]
    assert Postmark.max_window == 500


def test_requests_stay_below_the_size_postmark_takes(
    api: FakePostmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A window of large letters is several requests, each letter in one of them."""
    monkeypatch.setattr(postmark, "MAX_BYTES", 25_000)
    outcomes = send(api, *(letter(number, name="🦦" * 500) for number in range(20)))

    assert all(isinstance(outcome, Receipt) for outcome in outcomes)
    assert len(api.asked) > 1
    assert all(len(asked.body) <= 25_000 for asked in api.asked)
    assert set(api.attempts.values()) == {1}


ROWS: list[tuple[int, str, type[DeliveryError], str]] = [
    (10, "Bad or missing Server API token.", RefusedSenderError, ""),
    (100, "Maintenance", TransientError, ""),
    (300, "Invalid 'To' address: 'reader1@example'.", PermanentError, ""),
    (300, "Error parsing 'To': Illegal email domain.", PermanentError, ""),
    (300, "Invalid 'From' address: 'news@x'.", RefusedSenderError, ""),
    (300, "The 'ReplyTo' address is not valid.", RefusedSenderError, ""),
    (400, "The Sender Signature was not found.", RefusedSenderError, ""),
    (401, "The Sender Signature is not confirmed.", RefusedSenderError, ""),
    (402, "Invalid JSON", RefusedSenderError, ""),
    (403, "Incompatible JSON", RefusedSenderError, ""),
    (405, "Not allowed to send: you ran out of credits.", RefusedSenderError, ""),
    (406, "You tried to send to a recipient that has been marked as inactive.", PermanentError, "hard"),
    (409, "JSON required", RefusedSenderError, ""),
    (410, "Too many batch messages", RefusedSenderError, ""),
    (411, "Forbidden attachment type", RefusedSenderError, ""),
    (412, "Account is Pending", RefusedSenderError, ""),
    (413, "Account May Not Send", RefusedSenderError, ""),
    (429, "Rate Limit Exceeded", TransientError, "throttled"),
    (1235, "The stream provided does not exist on this server.", RefusedSenderError, ""),
    (9999, "Something nobody has written down", RefusedSenderError, ""),
]


@pytest.mark.parametrize(
    ("code", "words", "kind", "mark"), ROWS, ids=[f"{row[0]} {row[1][:20]}" for row in ROWS]
)
def test_every_code_of_a_letter_is_told_apart(
    api: FakePostmark, code: int, words: str, kind: type[DeliveryError], mark: str
) -> None:
    """One letter's result is that letter's outcome, the others leave."""
    api.refusals["reader2@example.org"] = (code, words)

    first, second, third = send(api, *people(3))

    assert isinstance(first, Receipt)
    assert isinstance(third, Receipt)
    assert type(second) is kind
    assert (second.code, second.why) == (str(code), words)
    assert getattr(second, "hard", False) is (mark == "hard")
    assert getattr(second, "throttled", False) is (mark == "throttled")
    assert set(api.attempts.values()) == {1}


@pytest.mark.parametrize("code", sorted({row[0] for row in ROWS} - {100, 429}))
def test_a_refused_request_is_never_a_recipients_fault(api: FakePostmark, code: int) -> None:
    """A 422 for the whole batch fails nobody; the edition is held."""
    api.faults = [Fault(told(422, {"ErrorCode": code, "Message": "no"}))]

    with pytest.raises(RefusedSenderError) as caught:
        send(api, *people(3))

    assert caught.value.code == str(code)
    assert api.accepted == []


@pytest.mark.parametrize("code", [100, 429])
def test_a_request_that_comes_at_a_bad_time_is_for_later(api: FakePostmark, code: int) -> None:
    """Maintenance and too much mail pass."""
    api.faults = [Fault(told(422, {"ErrorCode": code, "Message": "later"}))]

    outcomes = send(api, *people(3))

    assert [type(outcome) for outcome in outcomes] == [TransientError] * 3
    assert set(api.attempts.values()) == {1}


@pytest.mark.parametrize(
    "said",
    [told(401, {"Message": "no"}), told(403), told(404), told(413), told(422, "x"), told(301, Location="/")],
    ids=lambda said: str(said.status),
)
def test_a_status_that_is_no_success_holds_the_edition(api: FakePostmark, said: Any) -> None:
    """Token, address or form of the request: a person must look."""
    api.faults = [Fault(said)]

    with pytest.raises(RefusedSenderError):
        send(api, *people(2))


@pytest.mark.parametrize("form", THROTTLED)
def test_a_rate_limit_carries_the_wait_it_asks_for(api: FakePostmark, form: str) -> None:
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


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_answer_leaves_every_letter_unknown(api: FakePostmark, fault: str) -> None:
    """They may have left; they are posted once and never again by themselves."""
    api.faults = [LOST[fault]]

    outcomes = send(api, *people(3), timeout_s=0.5)

    assert [type(outcome) for outcome in outcomes] == [UnknownOutcomeError] * 3
    assert api.connections == 1


@pytest.mark.parametrize("fault", GARBAGE)
def test_an_answer_that_is_none_leaves_every_letter_unknown(api: FakePostmark, fault: str) -> None:
    """A proxy's page is no proof of anything."""
    api.faults = [GARBAGE[fault]]

    outcomes = send(api, *people(3))

    assert [type(outcome) for outcome in outcomes] == [UnknownOutcomeError] * 3
    assert api.connections == 1


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_a_list_of_the_wrong_length_counts_only_for_whom_it_names(api: FakePostmark, count: int) -> None:
    """A result without its letter, or a letter without a result, is in doubt."""
    results = [
        {"ErrorCode": 0, "MessageID": f"pm-{n}", "To": f"reader{n}@example.org"} for n in range(1, count + 1)
    ]
    api.faults = [Fault(told(200, results))]

    outcomes = send(api, *people(3))

    named = min(count, 3)
    assert [type(outcome) for outcome in outcomes] == [Receipt] * named + [UnknownOutcomeError] * (3 - named)


def test_a_refusal_that_cannot_be_matched_suppresses_nobody(api: FakePostmark) -> None:
    """An error result names no recipient; in a list that is too short it may be anybody's."""
    api.faults = [Fault(told(200, [{"ErrorCode": 406, "Message": "inactive"}]))]

    outcomes = send(api, *people(2))

    assert [type(outcome) for outcome in outcomes] == [UnknownOutcomeError] * 2


def test_results_in_another_order_are_in_doubt(api: FakePostmark) -> None:
    """A receipt for somebody else's letter is worse than none."""
    results = [{"ErrorCode": 0, "MessageID": "pm", "To": f"reader{n}@example.org"} for n in (2, 1)]
    api.faults = [Fault(told(200, results))]

    assert [type(outcome) for outcome in send(api, *people(2))] == [UnknownOutcomeError] * 2


@pytest.mark.parametrize(
    ("status", "second"), [(401, type(None)), (429, TransientError), (500, UnknownOutcomeError)]
)
def test_what_breaks_off_in_a_window_leaves_the_rest_untried(
    api: FakePostmark, monkeypatch: pytest.MonkeyPatch, status: int, second: type
) -> None:
    """Letters of the requests before have their receipts; none is posted into a broken service."""
    monkeypatch.setattr(postmark, "MAX_BYTES", 1)
    api.faults = [None, Fault(told(status))]

    outcomes = send(api, *people(4))

    assert [type(outcome) for outcome in outcomes] == [Receipt, second, type(None), type(None)]
    assert len(api.asked) == 2


def test_a_closed_port_means_nothing_was_sent(api: FakePostmark) -> None:
    """The channel waits, the letters stay as they are."""
    api.close()
    with pytest.raises(TransientError) as caught:
        send(api, letter())
    assert caught.value.code == "connect"
