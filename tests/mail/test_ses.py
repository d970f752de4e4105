"""Letters through Amazon SES: a strict fake that loses answers, and moto's server for a second opinion."""

from __future__ import annotations

import logging
import socket
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import time_machine
from moto.server import ThreadedMotoServer

from newsletter.errors import (
    ConfigError,
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.mail.base import OutgoingLetter
from newsletter.mail.ses import Ses, answers
from newsletter.mail.ses.session import MAX_BYTES
from newsletter.model import Receipt
from newsletter.secret import Secret
from tests.mail.api_faults import GARBAGE, LOST, NOW, THROTTLED, Fault, Said
from tests.mail.fake_ses import KEY_ID, REGION, SECRET, FakeSes, refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MESSAGE = (
    b"From: River Trust <news@rivertrust.example>\r\nTo: Asha <asha@example.org>\r\n"
    b"Subject: Otters\r\nDate: Mon, 02 Mar 2026 09:00:00 +0000\r\nMessage-ID: <k7@rivertrust.example>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nThey are back.=20\r\n"
)


@pytest.fixture(autouse=True)
def _no_aws_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing of this machine's AWS configuration into a test."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "aws-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("RIVER_KEY_ID", KEY_ID)
    monkeypatch.setenv("RIVER_SECRET", SECRET)


@pytest.fixture
def api() -> Iterator[FakeSes]:
    """Return an SES that answers."""
    with FakeSes() as running:
        yield running


def transport(url: str, **settings: Any) -> Ses:
    """Return a transport with keys of its own that leads to a server."""
    given: dict[str, Any] = {
        "region": REGION,
        "endpoint_url": url,
        "timeout_s": 10,
        "access_key_id": Secret("env", "RIVER_KEY_ID"),
        "secret_access_key": Secret("env", "RIVER_SECRET"),
    }
    return Ses(name="main", **(given | settings))


def letter(key: str = "e1-1", **settings: Any) -> OutgoingLetter:
    """Return a letter for one person."""
    facts = {"sender": "bounces@rivertrust.example", "recipient": "asha@example.org", "message": MESSAGE}
    return OutgoingLetter(key=key, **(facts | settings))


def letters(count: int) -> list[OutgoingLetter]:
    """Return so many letters."""
    return [letter(f"e1-{number}", recipient=f"reader{number}@example.org") for number in range(count)]


def send(url: str, *window: OutgoingLetter, **settings: Any) -> Sequence[Receipt | DeliveryError | None]:
    """Send one window over a session of its own."""
    session = transport(url, **settings).connect()
    try:
        return session.send(window)
    finally:
        session.close()


def outcome_of(url: str, outgoing: OutgoingLetter | None = None, **settings: Any) -> Any:
    """Return what becomes of one letter, whether it is returned or raised."""
    try:
        (outcome,) = send(url, outgoing or letter(), **settings)
    except DeliveryError as error:
        return error
    return outcome


def test_a_letter_arrives_byte_for_byte_with_its_key_and_a_way_back(api: FakeSes) -> None:
    """The fake checks the signature and every field against the service's own model."""
    (receipt,) = send(api.url, letter(), configuration_set="newsletters")

    (taken,) = api.taken
    assert receipt == Receipt("0102018f-00000001-000000", reply="200 accepted as 0102018f-00000001-000000")
    assert taken.message == MESSAGE
    assert (taken.recipient, taken.bounces_to) == ("asha@example.org", "bounces@rivertrust.example")
    assert taken.tags == {"newsletter-delivery": "e1-1"}
    assert taken.configuration_set == "newsletters"


def test_nothing_is_said_that_would_write_over_the_senders_name(api: FakeSes) -> None:
    """SES takes FromEmailAddress for the whole From line."""
    send(api.url, letter())

    assert b'FromEmailAddress"' not in api.asked[0].body


def test_a_key_with_other_characters_still_makes_a_tag(api: FakeSes) -> None:
    """A tag has ASCII letters, digits, _ and - only."""
    send(api.url, letter("édition 7/é:" + "x" * 300))

    (tag,) = api.taken[0].tags.values()
    assert tag.startswith("_dition_7___x")
    assert len(tag) == 256


def test_a_window_goes_out_in_its_order(api: FakeSes) -> None:
    """One request per letter, one receipt per letter."""
    outcomes = send(api.url, *letters(5))

    assert [taken.recipient for taken in api.taken] == [f"reader{number}@example.org" for number in range(5)]
    assert len({outcome.remote_id for outcome in outcomes if isinstance(outcome, Receipt)}) == 5


def test_one_letter_that_is_refused_does_not_stop_the_others(api: FakeSes) -> None:
    """A recipient's fault is nobody else's."""
    api.faults = [None, Fault(refused(400, "MessageRejected", "invalid content")), None]

    outcomes = send(api.url, *letters(3))

    assert [type(outcome) for outcome in outcomes] == [Receipt, PermanentError, Receipt]


@dataclass(frozen=True)
class Case:
    """An answer of SES, and what it must come to."""

    status: int
    name: str
    words: str
    error: type[DeliveryError]
    says: str = ""
    retry_after_s: float | None = None
    throttled: bool = False
    hard: bool = False


NOT_VERIFIED = (
    "Email address is not verified. The following identities failed the check in region EU-WEST-1: x"
)
CASES = [
    Case(400, "ThrottlingException", "Daily message quota exceeded", TransientError, "24 hours", 3600),
    Case(429, "TooManyRequestsException", "Daily message quota exceeded.", TransientError, "", 3600),
    Case(400, "ThrottlingException", "Maximum sending rate exceeded", TransientError, "", 1, throttled=True),
    Case(429, "TooManyRequestsException", "", TransientError, "", 1, throttled=True),
    Case(400, "Throttling", "Rate exceeded", TransientError, "", 1, throttled=True),
    Case(400, "LimitExceededException", "too many", TransientError, "", 3600),
    Case(400, "AccountSuspendedException", "restricted", RefusedSenderError, "ask AWS"),
    Case(400, "SendingPausedException", "paused", RefusedSenderError, "SES console"),
    Case(400, "ConfigurationSetSendingPausedException", "paused", RefusedSenderError, "SES console"),
    Case(400, "MailFromDomainNotVerifiedException", "no MX", RefusedSenderError, "MAIL FROM"),
    Case(400, "FromEmailAddressNotVerifiedException", "", RefusedSenderError, "verify the sender"),
    Case(400, "MessageRejected", NOT_VERIFIED, RefusedSenderError, "sandbox"),
    Case(400, "BadRequestException", "Did not have authority to send", RefusedSenderError, "sandbox"),
    Case(400, "RequestExpired", "", RefusedSenderError, "clock"),
    Case(403, "InvalidSignatureException", "Signature expired: 20260302", RefusedSenderError, "clock"),
    Case(403, "SignatureDoesNotMatch", "does not match", RefusedSenderError, "access key"),
    Case(403, "UnrecognizedClientException", "invalid token", RefusedSenderError, "access key"),
    Case(403, "InvalidClientTokenId", "", RefusedSenderError, "access key"),
    Case(403, "ExpiredTokenException", "is expired", RefusedSenderError, "access key"),
    Case(403, "MissingAuthenticationTokenException", "Missing", RefusedSenderError, "access key"),
    Case(403, "AccessDeniedException", "not allowed: ses:SendRawEmail", RefusedSenderError, "IAM policy"),
    Case(403, "OptInRequired", "", RefusedSenderError, "IAM policy"),
    Case(404, "NotFoundException", "no such configuration set", RefusedSenderError, "configuration_set"),
    Case(413, "RequestEntityTooLargeException", "", RefusedSenderError, "smaller"),
    Case(
        400,
        "BadRequestException",
        "Message length is more than 41943040 bytes",
        RefusedSenderError,
        "smaller",
    ),
    Case(400, "MessageRejected", "Address blacklisted.", PermanentError, hard=True),
    Case(400, "MessageRejected", "invalid content", PermanentError, "invalid content"),
    Case(400, "BadRequestException", "Missing final '@domain'", PermanentError, "final '@domain'"),
    Case(400, "ValidationException", "a field", PermanentError),
    Case(400, "InvalidParameterValue", "a field", PermanentError),
    Case(500, "InternalFailure", "oh", UnknownOutcomeError, "may have been accepted"),
    Case(500, "InternalServiceErrorException", "", UnknownOutcomeError, "may have been accepted"),
    Case(503, "ServiceUnavailable", "", UnknownOutcomeError, "may have been accepted"),
    Case(408, "RequestTimeoutException", "", UnknownOutcomeError, "may have been accepted"),
    Case(429, "SomethingNew", "", TransientError, throttled=True),
    Case(401, "SomethingNew", "", RefusedSenderError, "access key"),
    Case(403, "SomethingNew", "", RefusedSenderError, "access key"),
    Case(418, "SomethingNew", "a teapot", PermanentError, "a teapot"),
    Case(302, "SomethingNew", "", RefusedSenderError, "endpoint_url"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.status} {case.name} {case.words}"[:60])
def test_every_answer_has_its_meaning_after_one_request(api: FakeSes, case: Case) -> None:
    """The table of the transport, row by row; the library repeats nothing."""
    api.faults = [Fault(refused(case.status, case.name, case.words))]

    outcome = outcome_of(api.url)

    assert type(outcome) is case.error
    assert case.says in outcome.why
    assert outcome.why.startswith(case.name)
    assert outcome.code == case.name
    assert outcome.where.startswith("127.0.0.1:")
    assert getattr(outcome, "retry_after_s", None) == case.retry_after_s
    assert getattr(outcome, "throttled", False) is case.throttled
    assert getattr(outcome, "hard", False) is case.hard
    assert (len(api.asked), api.connections, api.attempts["e1-1"]) == (1, 1, 1)


def test_the_cases_go_through_every_row_of_the_table() -> None:
    """A row that no test asks for would be a guess; the last one is for what is no answer at all."""
    asked = {
        next(
            place
            for place, rule in enumerate(answers.RULES)
            if rule.fits(case.name.removesuffix("Exception"), case.words, case.status)
        )
        for case in CASES
    }

    assert asked == set(range(len(answers.RULES) - 1))


@pytest.mark.parametrize("form", THROTTLED)
def test_every_form_of_retry_after_is_understood(api: FakeSes, form: str) -> None:
    """SES sends none of them; a gateway in front of it may."""
    fault, asked_s = THROTTLED[form]
    api.faults = [fault]

    with time_machine.travel(NOW, tick=False):
        outcome = outcome_of(api.url)

    assert isinstance(outcome, TransientError)
    assert (outcome.retry_after_s, outcome.throttled) == (asked_s, True)
    assert len(api.asked) == 1
    assert api.taken == []


UNANSWERED = {name: fault for name, fault in {**LOST, **GARBAGE}.items() if fault.reads}


@pytest.mark.parametrize("fault", UNANSWERED.values(), ids=UNANSWERED)
def test_a_letter_whose_answer_is_lost_is_unknown_after_one_request(api: FakeSes, fault: Fault) -> None:
    """The letter may be out; sending it again would be sending it twice."""
    api.faults = [fault]

    outcomes = send(api.url, *letters(3), timeout_s=0.5)

    assert isinstance(outcomes[0], UnknownOutcomeError)
    assert "may have been accepted" in outcomes[0].why
    assert outcomes[0].where
    assert outcomes[1:] == [None, None]
    assert api.connections == 1
    assert len(api.taken) == fault.accepts


def test_no_setting_of_aws_makes_the_library_repeat_a_letter(
    api: FakeSes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Retries that are right for every other program on the machine would send twice."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")
    (tmp_path / "aws-config").write_text("[default]\nmax_attempts = 7\n", encoding="utf-8")
    api.faults = [LOST["500 after accepting"]]

    outcome = outcome_of(api.url)

    assert isinstance(outcome, UnknownOutcomeError)
    assert (len(api.asked), len(api.taken)) == (1, 1)


def test_a_connection_that_breaks_at_once_is_never_taken_for_a_refusal(api: FakeSes) -> None:
    """Whether it breaks before or after the first byte is up to the machine; neither sends it twice."""
    api.faults = [LOST["dropped before reading"]]

    outcome = outcome_of(api.url)

    assert isinstance(outcome, (UnknownOutcomeError, TransientError))
    assert (api.connections, api.asked) == (1, [])


def test_a_service_that_recovers_gets_the_next_window_over_the_same_session(api: FakeSes) -> None:
    """What was not tried is tried later."""
    api.faults = [LOST["dropped after accepting"]]
    session = transport(api.url).connect()

    first = session.send(letters(2))
    second = session.send(letters(2)[1:])
    session.close()

    assert [type(outcome) for outcome in [*first, *second]] == [UnknownOutcomeError, type(None), Receipt]
    assert [taken.recipient for taken in api.taken] == ["reader0@example.org", "reader1@example.org"]


def test_a_service_that_cannot_be_reached_is_said_before_anything_is_sent() -> None:
    """Nothing was handed over, so everything may be tried again."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"

    with pytest.raises(TransientError, match="cannot connect") as caught:
        send(url, *letters(3))
    assert caught.value.where == url.removeprefix("http://")


def test_a_server_without_tls_gets_no_letter(api: FakeSes) -> None:
    """The handshake comes before everything of ours."""
    with pytest.raises(TransientError, match="no secure connection"):
        send(api.url.replace("http:", "https:"), letter())
    assert api.taken == []


def test_a_refusal_of_us_is_raised_when_nothing_was_sent(api: FakeSes) -> None:
    """The edition is held; nobody's address is blamed."""
    api.faults = [Fault(refused(400, "SendingPausedException"))]

    with pytest.raises(RefusedSenderError, match="paused"):
        send(api.url, *letters(3))
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    "said",
    [
        refused(400, "SendingPausedException"),
        refused(429, "TooManyRequestsException", "Daily message quota exceeded"),
    ],
)
def test_a_refusal_of_us_in_the_middle_leaves_the_rest_untried(api: FakeSes, said: Said) -> None:
    """The letters before it are out, the ones after it were never shown to anybody."""
    api.faults = [None, Fault(said)]

    first, second, *rest = send(api.url, *letters(4))

    assert isinstance(first, Receipt)
    assert isinstance(second, (RefusedSenderError, TransientError))
    assert rest == [None, None]
    assert len(api.asked) == 2


def test_too_fast_is_the_answer_to_one_letter(api: FakeSes) -> None:
    """The channel is not down: it goes on, more slowly."""
    api.faults = [Fault(refused(429, "TooManyRequestsException", "Maximum sending rate exceeded"))]

    first, *rest = send(api.url, *letters(3))

    assert isinstance(first, TransientError)
    assert rest == [None, None]


@pytest.mark.parametrize("recipient", ["ásha@example.org", "asha", "a b@example.org"])
def test_an_address_that_ses_cannot_carry_is_refused_before_the_call(api: FakeSes, recipient: str) -> None:
    """SES has no SMTPUTF8; the others get theirs."""
    first, second = send(api.url, letter(recipient=recipient), letter("e1-2"))

    assert isinstance(first, PermanentError)
    assert not isinstance(first, RefusedSenderError)
    assert isinstance(second, Receipt)
    assert len(api.asked) == 1


def test_a_letter_beyond_40_megabytes_is_held_before_the_call(api: FakeSes) -> None:
    """Everybody's letter is as big as the first."""
    with pytest.raises(RefusedSenderError, match=r"SES takes 41943040; make it smaller"):
        send(api.url, letter(message=MESSAGE + b"x" * MAX_BYTES), letter("e1-2"))
    assert api.asked == []


@pytest.mark.parametrize(
    "message", [MESSAGE.replace(b"Subject", b"Object"), MESSAGE.replace(b"=20\r", b"\n")]
)
def test_the_fake_refuses_what_is_not_a_message(api: FakeSes, message: bytes) -> None:
    """A fake that takes everything would prove nothing."""
    outcome = outcome_of(api.url, letter(message=message))

    assert isinstance(outcome, PermanentError)
    assert "not a message" in outcome.why
    assert api.taken == []


def test_a_sender_that_is_not_verified_holds_the_edition(api: FakeSes) -> None:
    """Also when it is only the address that bounces go to."""
    with pytest.raises(RefusedSenderError, match="verify the sender's domain"):
        send(api.url, letter(sender="bounces@elsewhere.example"))
    api.verified.clear()
    with pytest.raises(RefusedSenderError, match="verify the sender's domain"):
        send(api.url, letter())


def test_a_wrong_secret_makes_a_signature_that_is_refused(
    api: FakeSes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fake works the signature out by itself; the secret is in no message."""
    monkeypatch.setenv("RIVER_SECRET", "another-secret-88")

    with pytest.raises(RefusedSenderError, match=r"InvalidSignature.*check the access key") as caught:
        send(api.url, letter())
    assert "another-secret-88" not in str(caught.value)
    assert api.taken == []


@pytest.mark.parametrize(
    "settings",
    [{"region": "us-east-1"}, {"access_key_id": Secret("env", "HOME")}, {"configuration_set": "gone"}],
)
def test_settings_of_another_account_are_refused(api: FakeSes, settings: dict[str, Any]) -> None:
    """Each of them is for a person to mend."""
    with pytest.raises(RefusedSenderError):
        send(api.url, letter(), **settings)
    assert api.taken == []


OWN_KEYS = {"access_key_id": None, "secret_access_key": None}


def test_keys_are_found_where_aws_programs_look(
    api: FakeSes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Environment, with and without a session token, and a profile."""
    keys = f"aws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n"
    (tmp_path / "aws-credentials").write_text(f"[river]\n{keys}", encoding="utf-8")
    send(api.url, letter(), profile="river", **OWN_KEYS)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    send(api.url, letter(), **OWN_KEYS)
    api.token = "for-an-hour"
    assert isinstance(outcome_of(api.url, **OWN_KEYS), RefusedSenderError)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "for-an-hour")
    send(api.url, letter(), **OWN_KEYS)

    assert len(api.taken) == 3


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (OWN_KEYS, "there are no AWS credentials; set access_key_id"),
        ({**OWN_KEYS, "profile": "nobody"}, r"profile \(nobody\) could not be found"),
        ({**OWN_KEYS, "profile": "broken"}, "Error when retrieving credentials"),
        ({"region": "somewhere in Ireland"}, "must look like 'eu-west-1'"),
    ],
)
def test_connect_says_what_is_missing(settings: dict[str, Any], why: str, tmp_path: Path) -> None:
    """Before a letter is marked as on its way."""
    (tmp_path / "aws-config").write_text("[profile broken]\ncredential_process = false\n", encoding="utf-8")

    with pytest.raises(RefusedSenderError, match=why) as caught:
        transport("", **settings).connect()
    assert caught.value.where.startswith("email.")


def test_without_boto3_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The base installation goes without its 27 MB."""
    monkeypatch.setitem(sys.modules, "boto3", None)

    with pytest.raises(ConfigError, match=r"pip install 'newsletter-studio\[ses\]'"):
        transport("").connect()


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"secret_access_key": None}, "belong together"),
        ({"profile": "river"}, "not both"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"endpoint_url": "http://ses.example"}, "must look like"),
        ({"endpoint_url": "ses.example"}, "must look like"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], why: str) -> None:
    """When config.toml is read, not when the edition is due."""
    with pytest.raises(ValueError, match=why):
        transport("", **settings)


def test_nothing_of_a_letter_or_a_key_is_logged(api: FakeSes, caplog: pytest.LogCaptureFixture) -> None:
    """A debug log is shown to others."""
    caplog.set_level(logging.DEBUG)

    send(api.url, letter())

    assert SECRET not in caplog.text
    assert "asha@example.org" not in caplog.text
    assert "Signature=" not in caplog.text


def test_check_says_what_the_account_may_do(api: FakeSes) -> None:
    """In plain words, with the setting that keeps us below the rate; nothing is sent."""
    line = transport(api.url).check()

    assert line == (
        "may send from eu-west-1; 1,234 of 50,000 letters used in 24 hours, 48,766 left; "
        "14 letters a second at most; set per_second = 14 in config.toml"
    )
    assert "per_second" not in transport(api.url, per_second=14).check()
    assert api.taken == []


def test_check_says_that_the_account_is_in_the_sandbox_or_under_review(api: FakeSes) -> None:
    """Both are found out before the edition goes."""
    api.account |= {
        "ProductionAccessEnabled": False,
        "EnforcementStatus": "PROBATION",
        "SendQuota": {"Max24HourSend": -1.0, "SentLast24Hours": 7.0},
    }

    line = transport(api.url).check()

    assert "in the SES sandbox; ask AWS" in line
    assert "under review" in line
    assert "7 letters in 24 hours, no limit" in line


@pytest.mark.parametrize("account", [{"SendingEnabled": False}, {"EnforcementStatus": "SHUTDOWN"}])
def test_check_fails_when_sending_is_paused(api: FakeSes, account: dict[str, Any]) -> None:
    """It would not work now."""
    api.account |= account

    with pytest.raises(RefusedSenderError, match="sending is paused"):
        transport(api.url).check()


def test_check_knows_a_wrong_key_and_a_service_that_is_down(
    api: FakeSes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking is harmless, so a lost answer is no riddle."""
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(TransientError, match="did not come in time"),
    ):
        transport(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.2).check()
    monkeypatch.setenv("RIVER_SECRET", "another-secret-88")
    with pytest.raises(RefusedSenderError, match="check the access key"):
        transport(api.url).check()


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    """Return the address of moto's SES, where rivertrust.example is verified."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


@pytest.fixture
def verified_at_moto(moto_url: str) -> None:
    """Verify the sender's domain."""
    client = boto3.client(
        "sesv2",
        region_name=REGION,
        endpoint_url=moto_url,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
    )
    client.create_email_identity(EmailIdentity="rivertrust.example")
    client.close()


@pytest.mark.usefixtures("verified_at_moto")
def test_moto_takes_letters_of_a_verified_sender(moto_url: str) -> None:
    """Another program's idea of SES."""
    outcomes = send(moto_url, *letters(3))

    assert len({outcome.remote_id for outcome in outcomes if isinstance(outcome, Receipt)}) == 3


@pytest.mark.usefixtures("verified_at_moto")
def test_moto_refuses_a_sender_that_is_not_verified(moto_url: str) -> None:
    """The edition is held."""
    message = MESSAGE.replace(b"news@rivertrust.example", b"news@elsewhere.example")

    with pytest.raises(RefusedSenderError, match="verify the sender's domain"):
        send(moto_url, letter(message=message))
