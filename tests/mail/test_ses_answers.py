"""What every answer of Amazon SES means, and that a lost one is never asked for twice."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import time_machine

from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.mail.ses import answers
from newsletter.model import Receipt
from tests.mail.api_faults import GARBAGE, LOST, NOW, THROTTLED, Fault, Said
from tests.mail.fake_ses import FakeSes, refused
from tests.mail.through_ses import forget_own_aws, letter, letters, outcome_of, send, transport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_aws_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing of this machine's AWS configuration into a test."""
    forget_own_aws(monkeypatch, tmp_path)


@pytest.fixture
def api() -> Iterator[FakeSes]:
    """Return an SES that answers."""
    with FakeSes() as running:
        yield running


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
