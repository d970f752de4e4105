"""SendGrid: what arrives after substitution, what every answer means, and that nothing is posted twice."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import (
    ConfigError,
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.mail.sendgrid import Sendgrid, request
from newsletter.model import Receipt
from newsletter.secret import Secret
from tests.mail.api_faults import GARBAGE, LOST, NOW, THROTTLED, Fault, told
from tests.mail.fake_sendgrid import KEY, Arrived, FakeSendgrid, merged
from tests.mail.field_letters import NASTY, TEMPLATE, letter, meant, people

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from newsletter.mail.base import OutgoingLetter

VALUES = NASTY | {
    "tags": "-v0- -name- -html_name- %name% [unsubscribe] <%asm_group_unsubscribe_url%>",
    "patterns": r"\1 \g<0> $1 \u0041",
}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSendgrid]:
    """Return a running fake."""
    monkeypatch.setenv("SENDGRID_KEY", KEY)
    with FakeSendgrid() as running:
        yield running


def transport(api: FakeSendgrid, **settings: Any) -> Sendgrid:
    """Return a transport that leads to the fake."""
    given: dict[str, Any] = {"url": api.url, "timeout_s": 10}
    return Sendgrid(name="main", key=Secret("env", "SENDGRID_KEY"), **(given | settings))


def send(
    api: FakeSendgrid, *letters: OutgoingLetter, **settings: Any
) -> Sequence[Receipt | DeliveryError | None]:
    """Send one window over a session of its own."""
    session = transport(api, **settings).connect()
    try:
        return session.send(letters)
    finally:
        session.close()


def arrival(one: OutgoingLetter) -> Arrived:
    """Return what the person of a letter must get."""
    template = one.template or TEMPLATE
    headers = {name: meant(one, value) for name, value in template.headers.items()}
    return Arrived(
        meant(one, template.subject), meant(one, template.text), meant(one, template.html), headers
    )


def bodies(api: FakeSendgrid) -> list[Any]:
    """Return the requests that were made, parsed."""
    return [json.loads(asked.body) for asked in api.asked]


@pytest.mark.parametrize("name", VALUES.values(), ids=VALUES)
def test_every_person_gets_exactly_their_own_letter(api: FakeSendgrid, name: str) -> None:
    """Subject, both parts and header fields are what the letter says, whatever a value is like."""
    letters = [letter(1, name=name), letter(2), letter(3, name=name)]

    outcomes = send(api, *letters)

    assert all(isinstance(outcome, Receipt) for outcome in outcomes)
    assert api.inbox == {one.recipient: [arrival(one)] for one in letters}


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_any_value_stays_what_it_is(names: list[str]) -> None:
    """Whatever people are called, substitution gives exactly their letter."""
    letters = [letter(number, name=name) for number, name in enumerate(names)]

    body = json.loads(json.dumps(request(letters)))

    got = [merged(body, person) for person in body["personalizations"]]
    assert got == [arrival(one) for one in letters]


def test_a_window_is_one_request(api: FakeSendgrid) -> None:
    """That is what substitutions are for; the identifier of the request is that of all its letters."""
    letters = people(40)

    outcomes = send(api, *letters)

    assert outcomes == [Receipt("sg-1", reply="202 Accepted")] * 40
    assert len(api.asked) == 1
    assert api.attempts == {one.key: 1 for one in letters}


def test_no_token_is_anything_that_a_text_or_a_value_holds(
    api: FakeSendgrid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SendGrid replaces one after the other, so a value that held one would be replaced too."""
    marks = iter(["aaaaaaaa", "bbbbbbbb", "cccccccc"])
    monkeypatch.setattr(secrets, "token_hex", lambda _: next(marks))
    template = replace(TEMPLATE, text=("-bbbbbbbb.unsubscribe- ", "name"))
    letters = [letter(1, name="-aaaaaaaa.unsubscribe-", template=template), letter(2, template=template)]

    send(api, *letters)

    assert "-cccccccc.name-" in bodies(api)[0]["content"][0]["value"]
    assert api.inbox == {one.recipient: [arrival(one)] for one in letters}


def test_tokens_of_two_requests_differ(api: FakeSendgrid) -> None:
    """Who gets a letter cannot learn what to put into a name."""
    send(api, *people(2))
    send(api, *people(2))

    first, second = (set(body["personalizations"][0]["substitutions"]) for body in bodies(api))
    assert not first & second


def test_a_person_with_too_much_to_substitute_gets_a_request_alone(api: FakeSendgrid) -> None:
    """SendGrid substitutes at most 10 000 bytes; nobody is sent less than that."""
    letters = [letter(1), letter(2, name="x" * 6_000), letter(3)]

    send(api, *letters)

    groups = [
        [person["custom_args"]["delivery"] for person in body["personalizations"]] for body in bodies(api)
    ]
    assert groups == [["delivery-1", "delivery-3"], ["delivery-2"]]
    assert api.inbox == {one.recipient: [arrival(one)] for one in letters}


def test_an_address_stands_in_a_request_once(api: FakeSendgrid) -> None:
    """SendGrid refuses the whole request otherwise."""
    again = replace(letter(2), recipient=letter(1).recipient.upper())

    outcomes = send(api, letter(1), again, letter(3))

    assert [len(body["personalizations"]) for body in bodies(api)] == [2, 1]
    assert all(isinstance(outcome, Receipt) for outcome in outcomes)


def test_letters_of_two_editions_share_no_request(api: FakeSendgrid) -> None:
    """A request has one text."""
    other = replace(TEMPLATE, subject=("Old news",))
    letters = [letter(1), letter(2, template=other), letter(3)]

    send(api, *letters)

    assert [body["subject"] == "Old news" for body in bodies(api)] == [False, True]
    assert api.inbox == {one.recipient: [arrival(one)] for one in letters}


def test_more_than_a_thousand_are_two_requests(api: FakeSendgrid) -> None:
    """That is the most SendGrid takes."""
    outcomes = send(api, *people(1001))

    assert [len(body["personalizations"]) for body in bodies(api)] == [1000, 1]
    assert outcomes == [Receipt("sg-1", reply="202 Accepted")] * 1000 + [
        Receipt("sg-2", reply="202 Accepted")
    ]


def test_names_categories_and_settings_go_along(api: FakeSendgrid) -> None:
    """Tracking and footer are switched off whatever the account's settings are."""
    send(api, replace(letter(1), recipient_name="Rao; Asha,\nDr"))

    (body,) = bodies(api)
    assert body["from"] == {"email": "news@rivertrust.example", "name": 'River Trust, "Bristol"'}
    assert body["reply_to"] == {"email": "office@rivertrust.example"}
    assert body["categories"] == ["spring"]
    assert body["personalizations"][0]["to"] == [{"email": "reader1@example.org", "name": "Rao Asha Dr"}]
    assert body["tracking_settings"]["open_tracking"] == {"enable": False}


def test_a_letter_without_names_campaign_and_reply_address_is_one_too(api: FakeSendgrid) -> None:
    """What is empty is left out."""
    bare = replace(TEMPLATE, sender_name="", reply_to="", campaign="", headers={})

    send(api, replace(letter(1, template=bare), recipient_name=""))

    (body,) = bodies(api)
    assert body["from"] == {"email": "news@rivertrust.example"}
    assert not {"reply_to", "categories"} & set(body)


@pytest.mark.parametrize("form", THROTTLED)
def test_too_fast_is_for_later(api: FakeSendgrid, form: str) -> None:
    """All letters of the request wait as long as SendGrid asks for."""
    fault, wait_s = THROTTLED[form]
    api.faults = [fault]

    with time_machine.travel(NOW, tick=False):
        outcomes = send(api, letter(1), letter(2))

    for outcome in outcomes:
        assert isinstance(outcome, TransientError)
        assert (outcome.retry_after_s, outcome.throttled, outcome.code) == (wait_s, True, "429")
    assert api.attempts == {"delivery-1": 1, "delivery-2": 1}
    assert not api.inbox


@pytest.mark.parametrize("fault", [*LOST.values(), *GARBAGE.values()], ids=[*LOST, *GARBAGE])
def test_a_lost_answer_is_unknown_and_never_asked_for_again(api: FakeSendgrid, fault: Fault) -> None:
    """SendGrid knows no key of ours; a second request might be a second letter for everybody."""
    api.faults = [fault]
    other = replace(TEMPLATE, subject=("Old news",))

    outcomes = send(api, letter(1), letter(2), letter(3, template=other), timeout_s=0.3)

    assert [type(outcome) for outcome in outcomes] == [UnknownOutcomeError, UnknownOutcomeError, type(None)]
    assert api.connections == 1


@pytest.mark.parametrize("status", [401, 402, 403, 404, 405, 413, 415, 308, 406])
def test_a_refusal_of_us_is_nobodys_failure(api: FakeSendgrid, status: int) -> None:
    """Key, account, address of the API and size of the request are about no recipient."""
    api.faults = [Fault(told(status, {"errors": [{"message": "no", "field": None}]}))]

    with pytest.raises(RefusedSenderError) as caught:
        send(api, letter(1), letter(2))

    assert caught.value.code == str(status)
    assert KEY not in str(caught.value)
    assert api.attempts == {"delivery-1": 1, "delivery-2": 1}


def test_a_refusal_after_the_first_request_leaves_the_rest_untried(api: FakeSendgrid) -> None:
    """What was sent stays sent."""
    api.faults = [None, Fault(told(403, {"errors": [{"message": "access forbidden"}]}))]
    other = replace(TEMPLATE, subject=("Old news",))

    outcomes = send(api, letter(1), letter(2, template=other))

    assert outcomes == [Receipt("sg-1", reply="202 Accepted"), None]


def test_one_bad_address_fails_alone(api: FakeSendgrid) -> None:
    """SendGrid refuses the whole request and names the place; the others were not tried and go next time."""
    api.sandbox = {"reader2@example.org"}

    outcomes = send(api, letter(1), letter(2), letter(3))

    assert outcomes[0] is outcomes[2] is None
    assert type(outcomes[1]) is PermanentError
    assert str(outcomes[1]).endswith("/v3/mail/send: HTTP 400: Does not contain a valid address.")
    assert not api.inbox


def test_two_bad_addresses_fail_together(api: FakeSendgrid) -> None:
    """One answer names both."""
    api.sandbox = {"reader1@example.org", "reader3@example.org"}

    outcomes = send(api, *people(3))

    assert [type(outcome) for outcome in outcomes] == [PermanentError, type(None), PermanentError]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"errors": [{"message": "bad sender", "field": "from.email"}]}, "from.email: bad sender"),
        (
            {"errors": [{"message": "nobody", "field": "personalizations.7.to"}]},
            "personalizations.7.to: nobody",
        ),
        ({"errors": [None, {"message": "sorry", "field": None}]}, "sorry"),
        ({"errors": None}, "no reason given"),
        (["?"], "no reason given"),
        (None, "no reason given"),
    ],
)
def test_a_400_that_is_about_nobody_holds_the_edition(api: FakeSendgrid, body: Any, words: str) -> None:
    """Failing a thousand people for one mistake of ours would be wrong."""
    api.faults = [Fault(told(400, body))]

    with pytest.raises(RefusedSenderError, match=f"HTTP 400: {words}"):
        send(api, letter(1), letter(2))


def test_a_server_that_is_not_there_is_for_later(api: FakeSendgrid) -> None:
    """Nothing was sent, and the whole window is tried again."""
    url = api.url
    api.close()

    with pytest.raises(TransientError, match="cannot connect"):
        send(api, letter(1), url=url)


def test_check_says_that_the_key_may_send(api: FakeSendgrid) -> None:
    """A sending key can be asked for its permissions."""
    assert transport(api).check() == f"the key may send through {api.url.removeprefix('http://')}"


def test_check_says_that_the_key_lacks_the_permission(api: FakeSendgrid) -> None:
    """A key for statistics alone is valid, but no letter would leave."""
    api.scopes = ["stats.read"]

    with pytest.raises(RefusedSenderError, match="give it the permission Mail Send"):
        transport(api).check()


def test_check_says_that_the_key_is_wrong(api: FakeSendgrid, monkeypatch: pytest.MonkeyPatch) -> None:
    """In SendGrid's words."""
    monkeypatch.setenv("SENDGRID_KEY", "SG.other")

    with pytest.raises(RefusedSenderError, match="HTTP 401: The provided authorization grant is invalid"):
        transport(api).check()


def test_a_key_that_is_nowhere_is_a_mistake_of_the_settings(
    api: FakeSendgrid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is found before anything is marked as on the wire."""
    monkeypatch.delenv("SENDGRID_KEY")

    with pytest.raises(ConfigError, match="SENDGRID_KEY is not set"):
        transport(api).connect()


@pytest.mark.parametrize("settings", [{"url": "http://api.sendgrid.com"}, {"timeout_s": 0}, {"window": 1001}])
def test_settings_that_cannot_work_are_refused(api: FakeSendgrid, settings: dict[str, Any]) -> None:
    """At once, not with the first letter."""
    with pytest.raises(ValueError, match=r"url|timeout_s|window"):
        transport(api, **settings)
