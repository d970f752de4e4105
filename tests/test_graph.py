"""The Graph API: what each of its errors means, how long to wait, and how much of a timeline was read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.graph import MOST_PAGES, Graph, moment_of, same_words
from tests.fakes.facebook import refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_httpserver import HTTPServer
    from werkzeug import Request, Response

AT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


@pytest.fixture
def graph(httpserver: HTTPServer) -> Graph:
    """Return an API at a server without answers."""
    url = httpserver.url_for("/v1").rstrip("/")
    return Graph(url, "planted-token", always={"proof": "planted-proof"}, timeout_s=5)


def failure(graph: Graph, httpserver: HTTPServer, answer: Response, *, repeatable: bool) -> DeliveryError:
    """Return what an answer comes to."""
    httpserver.expect_request("/v1/me/feed").respond_with_response(answer)
    with pytest.raises(DeliveryError) as caught:
        graph.ask("POST", "me/feed", {"message": "x"}, repeatable=repeatable)
    return caught.value


@pytest.mark.parametrize(
    ("status", "code", "subcode", "message", "kind", "name", "advice"),
    [
        (401, 190, 458, "x", RefusedSenderError, "190/458", "let it in again"),
        (401, 190, 459, "x", RefusedSenderError, "190/459", "do what is asked there"),
        (401, 190, 460, "x", RefusedSenderError, "190/460", "password was changed"),
        (401, 190, 463, "x", RefusedSenderError, "190/463", "the token has ended"),
        (400, 102, 467, "x", RefusedSenderError, "102/467", "the token has ended"),
        (400, 190, 492, "x", RefusedSenderError, "190/492", "no role there any more"),
        (401, 190, 0, "x", RefusedSenderError, "190", "wrong or revoked"),
        (400, 190, 999, "x", RefusedSenderError, "190/999", "wrong or revoked"),
        (400, 100, 0, "Invalid appsecret_proof provided", RefusedSenderError, "100", "app_secret must be"),
        (400, 100, 33, "Object does not exist", RefusedSenderError, "gone", "the token may not see it"),
        (404, 803, 0, "Some of the aliases do not exist", RefusedSenderError, "gone", "may not see it"),
        (403, 3, 0, "x", RefusedSenderError, "3", "a permission is missing"),
        (403, 10, 0, "x", RefusedSenderError, "10", "a permission is missing"),
        (403, 200, 0, "x", RefusedSenderError, "200", "a permission is missing"),
        (403, 299, 0, "x", RefusedSenderError, "299", "a permission is missing"),
        (403, 4, 0, "x", TransientError, "4", ""),
        (400, 17, 2446079, "x", TransientError, "17/2446079", ""),
        (400, 32, 0, "x", TransientError, "32", ""),
        (400, 613, 0, "x", TransientError, "613", ""),
        (400, 80001, 0, "x", TransientError, "80001", ""),
        (400, 368, 1390008, "You are going too fast", TransientError, "368/1390008", "held back for now"),
        (400, 368, 1346003, "x", PermanentError, "368/1346003", "reported as abusive"),
        (400, 368, 0, "You have already posted this", PermanentError, "duplicate", ""),
        (400, 506, 0, "Duplicate status message", PermanentError, "duplicate", ""),
        (400, 2500, 0, "Unknown path components: /v99.0", RefusedSenderError, "2500", "version"),
        (400, 100, 0, "(#100) Param message is too long", PermanentError, "100", ""),
        (400, 4711, 0, "Never heard of", PermanentError, "4711", ""),
        (400, 1, 0, "An unknown error occurred", UnknownOutcomeError, "1", "may have been accepted"),
        (500, 2, 0, "Service temporarily unavailable", UnknownOutcomeError, "2", "may have been accepted"),
        (503, 4711, 0, "x", UnknownOutcomeError, "4711", "may have been accepted"),
    ],
)
def test_every_error_is_about_somebody(
    graph: Graph,
    httpserver: HTTPServer,
    *,
    status: int,
    code: int,
    subcode: int,
    message: str,
    kind: type[DeliveryError],
    name: str,
    advice: str,
) -> None:
    """The service's own words are kept, and where a person can do something it says what."""
    more = {"error_subcode": subcode} if subcode else {}
    error = failure(graph, httpserver, refused(status, code, message, **more), repeatable=False)

    assert (type(error), error.code) == (kind, name)
    assert f": {message}" in error.why
    assert advice in error.why


def test_what_calls_itself_transient_may_be_done_or_not(graph: Graph, httpserver: HTTPServer) -> None:
    """Whatever its number."""
    error = failure(graph, httpserver, refused(400, 4711, "Try later", is_transient=True), repeatable=False)

    assert type(error) is UnknownOutcomeError


def test_what_may_be_repeated_is_only_late(graph: Graph, httpserver: HTTPServer) -> None:
    """A lost upload harms nobody."""
    error = failure(graph, httpserver, refused(500, 2, "Try later"), repeatable=True)

    assert type(error) is TransientError


def test_the_words_for_people_are_told_too(graph: Graph, httpserver: HTTPServer) -> None:
    """They say more than the message, and never twice the same."""
    answer = refused(400, 100, "Invalid parameter", error_user_msg="The link is\nbroken.")

    assert failure(graph, httpserver, answer, repeatable=False).why == (
        "error 100: Invalid parameter - The link is broken."
    )


def test_haste_waits_as_long_as_it_is_told(graph: Graph, httpserver: HTTPServer) -> None:
    """The longest of the times, which are minutes."""
    uses = [{"type": "pages", "estimated_time_to_regain_access": minutes} for minutes in (0, 19, 4)]
    answer = refused(400, 80001, "Too many calls")
    answer.headers["X-Business-Use-Case-Usage"] = json.dumps({"1029": uses})
    error = failure(graph, httpserver, answer, repeatable=False)

    assert isinstance(error, TransientError)
    assert error.retry_after_s == 19 * 60


@pytest.mark.parametrize("usage", ["", "{", "[]", "{}", '{"1": 2}', '{"1": [{}]}', '{"1": [{"type": 1}]}'])
def test_a_usage_that_says_nothing_leaves_the_wait_to_us(
    graph: Graph, httpserver: HTTPServer, usage: str
) -> None:
    """Also when it is not what it should be."""
    answer = refused(400, 4, "Too many calls")
    answer.headers["X-Business-Use-Case-Usage"] = usage
    error = failure(graph, httpserver, answer, repeatable=False)

    assert isinstance(error, TransientError)
    assert error.retry_after_s is None


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, {"error": "not found"}, PermanentError),
        (403, {"error": {"code": "none"}}, RefusedSenderError),
        (429, {}, TransientError),
        (502, [], UnknownOutcomeError),
        (302, None, PermanentError),
    ],
)
def test_an_answer_in_another_form_counts_by_its_status(
    graph: Graph, httpserver: HTTPServer, *, status: int, body: Any, kind: type[DeliveryError]
) -> None:
    """A proxy answered, or something new."""
    httpserver.expect_request("/v1/me/feed").respond_with_json(body, status)
    with pytest.raises(DeliveryError) as caught:
        graph.ask("POST", "me/feed", {}, repeatable=False)

    assert type(caught.value) is kind


def test_what_the_service_repeats_of_our_secrets_is_hidden(graph: Graph, httpserver: HTTPServer) -> None:
    """The token, and what always goes along."""
    answer = refused(400, 100, "Bad planted-token with planted-proof")
    error = failure(graph, httpserver, answer, repeatable=False)

    assert error.why == "error 100: Bad *** with ***"
    assert "planted" not in repr(graph)


def test_fields_are_the_query_of_what_reads_and_the_form_of_what_writes(
    graph: Graph, httpserver: HTTPServer
) -> None:
    """The token is in the header both times."""
    asked: list[Request] = []

    def answer(request: Request) -> Response:
        asked.append(request)
        return refused(400, 1, "x")

    httpserver.expect_request("/v1/me").respond_with_handler(answer)
    for method in ("GET", "POST"):
        with pytest.raises(DeliveryError):
            graph.ask(method, "me", {"fields": "id,name"}, repeatable=True)

    everything = {"fields": "id,name", "proof": "planted-proof"}
    assert (dict(asked[0].args), dict(asked[0].form)) == (everything, {})
    assert (dict(asked[1].args), dict(asked[1].form)) == ({}, everything)
    assert {request.headers["Authorization"] for request in asked} == {"Bearer planted-token"}


def rows(*minutes: int) -> list[dict[str, str]]:
    """Return posts made so many minutes after `AT`."""
    return [{"id": str(at), "made": (AT + timedelta(minutes=at)).strftime("%FT%T+0000")} for at in minutes]


def listing(pages: dict[str, dict[str, Any]]) -> Callable[[Request], Response]:
    """Return a handler that answers with the page after the cursor."""

    def answer(request: Request) -> Response:
        from werkzeug import Response

        page = pages[request.args.get("after", "")]
        return Response(json.dumps(page), content_type="application/json")

    return answer


def test_a_timeline_is_read_to_its_end_and_told_from_its_beginning(
    graph: Graph, httpserver: HTTPServer
) -> None:
    """Clocks may be five minutes apart; a post without a time is none."""
    pages: dict[str, dict[str, Any]] = {
        "": {"data": [*rows(9, 8), {"id": "timeless"}], "paging": {"cursors": {"after": "b"}, "next": "…"}},
        "b": {"data": rows(1, -4, -6), "paging": {"cursors": {"after": "c"}}},
        "c": {"data": []},
    }
    httpserver.expect_request("/v1/me/posts").respond_with_handler(listing(pages))
    found, is_all = graph.since("me/posts", "id,made", AT, moment="made")

    assert ([row["id"] for row in found], is_all) == (["-4", "1", "8", "9"], True)


@pytest.mark.parametrize(
    "paging",
    [{"next": "https://graph.example/more"}, {"cursors": {"after": "same"}}],
    ids=["without a cursor", "in a circle"],
)
def test_a_timeline_that_does_not_end_is_not_all(
    graph: Graph, httpserver: HTTPServer, paging: dict[str, Any]
) -> None:
    """What is not in it may stand there all the same."""
    page = {"data": rows(1), "paging": paging}
    httpserver.expect_request("/v1/me/posts").respond_with_handler(listing({"": page, "same": page}))

    assert graph.since("me/posts", "id,made", AT, moment="made")[1] is False


def test_a_timeline_is_not_read_for_ever(graph: Graph, httpserver: HTTPServer) -> None:
    """A thousand posts since the edition was frozen are not looked through."""
    asked: list[str] = []

    def answer(request: Request) -> Response:
        asked.append(request.args.get("after", ""))
        page: dict[str, Any] = {"data": rows(1), "paging": {"cursors": {"after": str(len(asked))}}}
        return listing({asked[-1]: page})(request)

    httpserver.expect_request("/v1/me/posts").respond_with_handler(answer)

    assert graph.since("me/posts", "id,made", AT, moment="made")[1] is False
    assert len(asked) == MOST_PAGES


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("A  weir\r\n\r\nis gone ", "A weir\nis gone", True),
        ("Caf\u00e9", "Cafe\u0301", True),
        ("#Rivers run", "Rivers run", True),
        ("A weir is gone", "A weir is gone!", False),
        ("", "A weir", False),
    ],
)
def test_words_are_compared_as_readers_see_them(*, one: str, other: str, same: bool) -> None:
    """Spaces and the way of writing an accent are nothing to them."""
    assert same_words(one, other) is same


def test_times_without_end_are_none() -> None:
    """0 stands for never."""
    assert moment_of(1777887000) == AT
    assert [moment_of(never) for never in (0, None, "soon")] == [None, None, None]
