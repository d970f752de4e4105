"""Mailgun: what arrives after its substitution, what every answer means, and that nothing is posted twice."""

from __future__ import annotations

import json
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import getaddresses
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from hypothesis import assume, given
from hypothesis import strategies as st

from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.mail import mailgun
from newsletter.mail.mailgun import Mailgun
from newsletter.model import Receipt
from newsletter.secret import Secret
from tests.mail.api_faults import GARBAGE, LOST, NOW, THROTTLED, Fault, told
from tests.mail.fake_mailgun import DOMAIN, KEY, Arrived, FakeMailgun, fields_of, merged, problems_of
from tests.mail.field_letters import NASTY, TEMPLATE, letter, meant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from newsletter.mail.base import OutgoingLetter

VALUES = NASTY | {
    "a variable of ours": "%recipient.t-unsubscribe%",
    "a variable of theirs": "%recipient% %unsubscribe_url%",
    "half a variable": "%recipient.t-",
    "a percent sign": "50%",
    "patterns": r"\1 \g<0> $1 \u0041",
}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeMailgun]:
    """Return a running fake."""
    monkeypatch.setenv("MAILGUN_KEY", KEY)
    with FakeMailgun() as running:
        yield running


def transport(api: FakeMailgun, **settings: Any) -> Mailgun:
    """Return a transport that leads to the fake."""
    given: dict[str, Any] = {"domain": DOMAIN, "url": api.url, "timeout_s": 10}
    return Mailgun(name="main", key=Secret("env", "MAILGUN_KEY"), **(given | settings))


def send(
    api: FakeMailgun, *letters: OutgoingLetter, **settings: Any
) -> Sequence[Receipt | DeliveryError | None]:
    """Send one window over a session of its own."""
    session = transport(api, **settings).connect()
    try:
        return session.send(letters)
    finally:
        session.close()


def whole(number: int, **changes: Any) -> OutgoingLetter:
    """Return a letter with its finished message; ``changes`` are those of `letter`."""
    one = letter(number, **changes)
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = "news@rivertrust.example", one.recipient, "News"
    message["Message-ID"] = one.message_id
    message.set_content("Zoë, %recipient.name%\n.\n")
    return replace(one, message=message.as_bytes())


def readers(count: int) -> list[OutgoingLetter]:
    """Return the letters of so many people."""
    return [whole(number) for number in range(1, count + 1)]


def says(one: OutgoingLetter, got: Arrived) -> bool:
    """Return whether somebody got exactly their letter, whichever way it went."""
    if got.message:
        return got.message == one.message
    assert one.template is not None
    headers = {name: meant(one, value) for name, value in one.template.headers.items()}
    if one.template.reply_to:
        headers["Reply-To"] = one.template.reply_to
    texts = [meant(one, piece) for piece in (one.template.subject, one.template.text, one.template.html)]
    return [got.subject, got.text, got.html] == texts and got.headers == headers


def paths(api: FakeMailgun) -> list[str]:
    """Return what was asked for, in order."""
    return [asked.path.rpartition("/")[2] for asked in api.asked]


@pytest.mark.parametrize("name", VALUES.values(), ids=VALUES)
def test_every_person_gets_exactly_their_own_letter(api: FakeMailgun, name: str) -> None:
    """Subject, both parts and header fields are what the letter says, whatever a value is like."""
    letters = [whole(1, name=name), whole(2), whole(3, name=name), whole(4)]

    outcomes = send(api, *letters)

    assert all(isinstance(outcome, Receipt) for outcome in outcomes)
    for one in letters:
        (got,) = api.inbox[one.recipient]
        assert says(one, got)


@given(
    name=st.text(st.sampled_from("ab %recipint.-_vuls\\u0041é🌊\n\"'{}")),
    text=st.text(st.sampled_from("a% ")),
)
def test_any_value_that_mailgun_merges_stays_what_it_is(name: str, text: str) -> None:
    """Whatever people are called, and whatever stands before and behind."""
    template = replace(TEMPLATE, text=(text, "name", text), headers={"X-One": (text or "-",)})
    letters = [letter(1, name=name, template=template), letter(2, template=template)]
    assume(all(map(mailgun.is_mergeable, letters)))

    fields = mailgun.merged(letters)

    assert list(problems_of(fields, finished=False)) == []
    people = json.loads(dict(fields)["recipient-variables"])
    for one in letters:
        got, _ = merged(dict(fields), people[one.recipient], one.recipient)
        assert says(one, got)


@pytest.mark.parametrize("name", ["plain", "emoji", "right to left", "braces", "quotes", "markup"])
def test_most_values_need_no_request_of_their_own(api: FakeMailgun, name: str) -> None:
    """What cannot be taken for one of Mailgun's variables is merged by Mailgun."""
    send(api, whole(1, name=NASTY[name]), whole(2))

    assert paths(api) == ["messages"]


def test_nobody_sees_anybody_else(api: FakeMailgun) -> None:
    """Mailgun shows everybody to everybody when a recipient has no variables."""
    letters = readers(30)

    outcomes = send(api, *letters)

    assert len(api.asked) == 1
    assert outcomes == [Receipt(f"<1.batch@{DOMAIN}>", reply="Queued. Thank you.")] * 30
    for one in letters:
        (got,) = api.inbox[one.recipient]
        assert [address for _, address in getaddresses([got.to])] == [one.recipient]
    assert api.attempts == {one.key: 1 for one in letters}


@pytest.mark.parametrize("template", [None, replace(TEMPLATE, headers={}, reply_to="", campaign="")])
def test_one_letter_goes_as_the_finished_message(api: FakeMailgun, template: Any) -> None:
    """Nothing is merged, so the message is byte for byte ours, Message-ID and all."""
    one = replace(whole(1), template=template)

    (outcome,) = send(api, one)

    assert outcome == Receipt("<letter1@rivertrust.example>", reply="Queued. Thank you.")
    assert paths(api) == ["messages.mime"]
    assert api.inbox == {one.recipient: [Arrived(one.recipient, message=one.message)]}


@pytest.mark.parametrize(
    "template",
    [
        replace(TEMPLATE, text=("Literally %recipient_email%, ", "name", "")),
        replace(TEMPLATE, text=("100%", "name", "")),
        replace(TEMPLATE, html=("", "html_name", "% of it")),
        replace(TEMPLATE, headers={"X-Long": ("x" * 13_000,)}),
        replace(TEMPLATE, subject=("%Unsubscribe_URL%",)),
    ],
)
def test_a_text_that_mailgun_would_change_goes_as_finished_messages(api: FakeMailgun, template: Any) -> None:
    """One request per person is the price of exactness."""
    send(api, whole(1, template=template), whole(2, template=template))

    assert paths(api) == ["messages.mime"] * 2


@pytest.mark.parametrize("address", ["a+b@example.org", "O'Neill@example.org", "Ana@example.org"])
def test_an_address_that_may_miss_its_variables_gets_a_finished_message(
    api: FakeMailgun, address: str
) -> None:
    """A letter full of placeholders would be worse than a request more."""
    odd = replace(whole(1), recipient=address)

    send(api, odd, whole(2), whole(3))

    assert sorted(paths(api)) == ["messages", "messages.mime"]
    assert api.inbox[address] == [Arrived(address, message=odd.message)]


def test_a_name_of_a_recipient_is_a_name_and_nothing_else(api: FakeMailgun) -> None:
    """Commas and quotes of a name do not make another recipient."""
    sly = replace(whole(1), recipient_name='x" <eve@example.org>, "\r\nBcc: y')

    send(api, sly, whole(2))

    assert set(api.inbox) == {sly.recipient, whole(2).recipient}


def test_an_address_stands_in_a_request_once(api: FakeMailgun) -> None:
    """Its variables could be those of one letter only."""
    again = replace(whole(2), recipient=whole(1).recipient)

    send(api, whole(1), again, whole(3))

    assert paths(api) == ["messages", "messages.mime"]
    assert len(api.inbox[again.recipient]) == 2


def test_tracking_is_off_and_the_marks_go_along(api: FakeMailgun) -> None:
    """Whatever the domain's settings are; events carry the delivery and our Message-ID."""
    send(api, *readers(2))

    fields = dict(fields_of(api.asked[0]))
    assert {name for name, value in fields.items() if value == "no"} == {
        "o:tracking",
        "o:tracking-clicks",
        "o:tracking-opens",
    }
    assert fields["o:tag"] == "spring"
    assert fields["from"] == '"River Trust, \\"Bristol\\"" <news@rivertrust.example>'
    assert [event["user-variables"] for event in api.events] == [
        {"delivery": f"delivery-{number}", "message-id": f"<letter{number}@rivertrust.example>"}
        for number in (2, 1)
    ]


@pytest.mark.parametrize("form", THROTTLED)
def test_too_fast_is_for_later(api: FakeMailgun, form: str) -> None:
    """All letters of the request wait as long as Mailgun asks for."""
    fault, wait_s = THROTTLED[form]
    api.faults = [fault]

    with time_machine.travel(NOW, tick=False):
        outcomes = send(api, whole(1), whole(2))

    for outcome in outcomes:
        assert isinstance(outcome, TransientError)
        assert (outcome.retry_after_s, outcome.throttled, outcome.code) == (wait_s, True, "429")
    assert api.attempts == {"delivery-1": 1, "delivery-2": 1}


@pytest.mark.parametrize("fault", [*LOST.values(), *GARBAGE.values()], ids=[*LOST, *GARBAGE])
@pytest.mark.parametrize("count", [1, 2])
def test_a_lost_answer_is_unknown_and_never_asked_for_again(
    api: FakeMailgun, fault: Fault, count: int
) -> None:
    """Mailgun knows no key of ours; a second request might be a second letter."""
    api.faults = [fault]
    last = whole(9, template=replace(TEMPLATE, subject=("Old news",)))

    outcomes = send(api, *readers(count), last, timeout_s=0.3)

    assert [type(outcome) for outcome in outcomes] == [UnknownOutcomeError] * count + [type(None)]
    assert api.connections == 1


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 413, 308])
def test_a_refusal_of_us_is_nobodys_failure(api: FakeMailgun, status: int) -> None:
    """Key, domain, address of the API and form of the letter are about no recipient."""
    api.faults = [Fault(told(status, {"message": "Domain mg.rivertrust.example is not allowed to send"}))]

    with pytest.raises(RefusedSenderError) as caught:
        send(api, whole(1), whole(2))

    assert caught.value.code == str(status)
    assert KEY not in str(caught.value)
    assert api.attempts == {"delivery-1": 1, "delivery-2": 1}


def test_a_bad_address_alone_fails_for_good(api: FakeMailgun) -> None:
    """It is about this recipient; the next ones are tried."""
    api.unknown = {"a+b@example.org"}
    odd = replace(whole(1), recipient="a+b@example.org")

    outcomes = send(api, odd, whole(2))

    assert type(outcomes[0]) is PermanentError
    assert "'to' parameter is not a valid address" in str(outcomes[0])
    assert isinstance(outcomes[1], Receipt)


def test_a_bad_address_among_others_is_found_by_sending_each_alone(api: FakeMailgun) -> None:
    """Mailgun does not say whose it is, and sent to nobody; nobody is tried twice in one attempt."""
    api.unknown = {"reader2@example.org"}
    letters = readers(3)
    session = transport(api).connect()

    assert list(session.send(letters)) == [None, None, None]
    assert api.attempts == {one.key: 1 for one in letters}
    outcomes = session.send(letters)

    assert [type(outcome) for outcome in outcomes] == [Receipt, PermanentError, Receipt]
    assert paths(api) == ["messages", *["messages.mime"] * 3]
    session.close()


def test_a_server_that_is_not_there_is_for_later(api: FakeMailgun) -> None:
    """Nothing was sent, and the whole window is tried again."""
    url = api.url
    api.close()

    with pytest.raises(TransientError, match="cannot connect"):
        send(api, whole(1), url=url)


def test_letters_are_found_again_however_they_went(api: FakeMailgun) -> None:
    """A finished message by its Message-ID, one of many by our mark."""
    together, alone = readers(5), whole(8)
    send(api, *together)
    send(api, alone)
    asked = [one.message_id for one in (*together, alone, whole(9))]

    found = transport(api).look_up(asked)

    batch = Receipt(f"<1.batch@{DOMAIN}>", reply="accepted")
    assert found == dict.fromkeys(asked[:5], batch) | {asked[5]: Receipt(asked[5], reply="accepted")}


def test_a_look_back_ends(api: FakeMailgun, monkeypatch: pytest.MonkeyPatch) -> None:
    """A letter that Mailgun never saw is not looked for in all that it ever sent."""
    monkeypatch.setattr(mailgun, "PAGES", 2)
    for number in range(1, 11):
        send(api, whole(number))
    api.asked.clear()

    assert transport(api).look_up(["<never@rivertrust.example>", ""]) == {}
    assert len(api.asked) == 3


def test_the_key_goes_to_nobody_else(api: FakeMailgun) -> None:
    """The next page of events is only asked from the same server."""
    send(api, *readers(5))
    with FakeMailgun() as other:
        api.next_page = f"{other.url}/v3/{DOMAIN}/events/3"

        assert transport(api).look_up(["<never@rivertrust.example>"]) == {}
        assert other.connections == 0


@pytest.mark.parametrize(
    "body", [{"items": None}, {"items": [7]}, {"items": [{"user-variables": 3}]}, {}, []]
)
def test_events_of_another_shape_are_no_evidence(
    api: FakeMailgun, monkeypatch: pytest.MonkeyPatch, body: Any
) -> None:
    """What cannot be read is not taken for a letter that was sent."""
    monkeypatch.setattr(api, "answer", lambda _: told(200, body))

    try:
        found = dict(transport(api).look_up(["<letter1@rivertrust.example>"]))
    except TransientError:
        found = {}

    assert not found


def test_check_names_the_domain(api: FakeMailgun) -> None:
    """And where it is."""
    assert transport(api).check() == f"{DOMAIN} is active at {api.url.removeprefix('http://')}"


@pytest.mark.parametrize(
    ("key", "domain", "words"),
    [
        (KEY, DOMAIN, "the domain is unverified, not active"),
        (KEY, "other.example", "no such domain in this region"),
        ("other", DOMAIN, "belongs to the other region"),
    ],
)
def test_check_says_why_it_would_not_work(
    api: FakeMailgun, monkeypatch: pytest.MonkeyPatch, key: str, domain: str, words: str
) -> None:
    """A new domain waits for its DNS records; key and domain of the other region look like wrong ones."""
    monkeypatch.setenv("MAILGUN_KEY", key)
    api.state = "unverified"

    with pytest.raises(RefusedSenderError, match=words):
        transport(api, domain=domain).check()


@pytest.mark.parametrize(
    "settings", [{"url": "http://api.mailgun.net"}, {"timeout_s": 0}, {"window": 1001}, {"domain": "a/b"}]
)
def test_settings_that_cannot_work_are_refused(api: FakeMailgun, settings: dict[str, Any]) -> None:
    """At once, not with the first letter."""
    with pytest.raises(ValueError, match=r"url|timeout_s|window|domain"):
        transport(api, **settings)
