"""One request to an API, and what its failure says about what happened."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
import trustme
from pytest_httpserver import HTTPServer
from werkzeug import Response

from newsletter import http
from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

    from werkzeug import Request

TOKEN = "tok-5f2a9c"


def ask(url: str, *, repeatable: bool = False, **rest: Any) -> http.Answer:
    """Post something with a token."""
    return http.call(
        "POST",
        url,
        repeatable=repeatable,
        headers={"Authorization": f"Bearer {TOKEN}"},
        **{"json": {"text": "private words"}, **rest},
    )


@contextlib.contextmanager
def raw_server(answer: bytes | None) -> Iterator[str]:
    """Serve one connection: read the request, answer these bytes (None: hang up), close."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.settimeout(5)
            received = b""
            while not received.endswith(b"}"):
                received += connection.recv(65536)
            if answer is not None:
                connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/notes"
    finally:
        thread.join(timeout=10)
        listening.close()


@contextlib.contextmanager
def silent_server() -> Iterator[str]:
    """Accept a connection and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/notes"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def test_an_answer_carries_status_headers_and_json(httpserver: HTTPServer) -> None:
    """Header names are found in any case."""
    httpserver.expect_oneshot_request(
        "/notes", method="POST", json={"text": "private words"}
    ).respond_with_json({"id": "7"}, status=201, headers={"X-Kind": "note"})

    answer = ask(httpserver.url_for("/notes"), needs=("id",))

    assert (answer.status, answer.body, answer.headers["x-kind"]) == (201, {"id": "7"}, "note")


@pytest.mark.parametrize(("sent", "read"), [(b"ok", "ok"), (b"", None)])
def test_an_answer_that_is_not_json_is_text_or_nothing(
    httpserver: HTTPServer, sent: bytes, read: str | None
) -> None:
    """Web hooks answer "ok", deletions nothing."""
    httpserver.expect_request("/notes").respond_with_data(sent)

    assert ask(httpserver.url_for("/notes")).body == read


@pytest.mark.parametrize(
    ("status", "headers", "repeatable", "expected"),
    [
        (400, {}, False, PermanentError),
        (401, {}, False, RefusedSenderError),
        (402, {}, False, RefusedSenderError),
        (403, {}, True, RefusedSenderError),
        (404, {}, True, PermanentError),
        (408, {}, False, UnknownOutcomeError),
        (422, {}, False, PermanentError),
        (429, {}, False, TransientError),
        (500, {}, False, UnknownOutcomeError),
        (500, {}, True, TransientError),
        (503, {}, False, UnknownOutcomeError),
        (503, {"X-RateLimit-Reset": "4102444800"}, False, UnknownOutcomeError),
        (503, {"Retry-After": "5"}, False, TransientError),
        (504, {}, False, UnknownOutcomeError),
    ],
)
def test_a_status_says_whether_it_may_have_worked(
    httpserver: HTTPServer,
    *,
    status: int,
    headers: dict[str, str],
    repeatable: bool,
    expected: type[DeliveryError],
) -> None:
    """A 5xx may come after the work was done."""
    httpserver.expect_request("/notes").respond_with_json({"error": "no"}, status=status, headers=headers)

    with pytest.raises(DeliveryError) as caught:
        ask(httpserver.url_for("/notes"), repeatable=repeatable)

    assert type(caught.value) is expected
    assert caught.value.code == str(status)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": format_datetime(datetime(2026, 3, 1, 12, 2, tzinfo=UTC), usegmt=True)}, 120),
        ({"X-RateLimit-Reset": "2026-03-01T12:05:00.000Z"}, 300),
        ({"X-RateLimit-Reset": str(datetime(2026, 3, 1, 12, 1, tzinfo=UTC).timestamp())}, 60),
        ({"X-RateLimit-Reset": "2026-03-01T11:00:00Z"}, 0),
        ({"X-Rate-Limit-Reset": str(datetime(2026, 3, 1, 12, 1, tzinfo=UTC).timestamp())}, 60),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "later"}, None),
        ({"Retry-After": "9" * 400, "X-RateLimit-Reset": "9" * 400}, None),
        ({}, None),
    ],
)
def test_the_wait_a_service_asks_for_is_read_in_every_form(
    headers: dict[str, str], wait_s: float | None
) -> None:
    """Seconds, a date, Unix time or ISO 8601; nonsense is nothing."""
    with time_machine.travel(datetime(2026, 3, 1, 12, tzinfo=UTC), tick=False):
        assert http.retry_after_s(headers) == wait_s


def test_a_rate_limit_carries_the_wait(httpserver: HTTPServer) -> None:
    """The retry policy is told."""
    httpserver.expect_request("/notes").respond_with_data("", status=429, headers={"Retry-After": "90"})

    with pytest.raises(TransientError) as caught:
        ask(httpserver.url_for("/notes"))

    assert caught.value.retry_after_s == timedelta(seconds=90).total_seconds()


def test_a_refused_connection_means_nothing_was_sent() -> None:
    """So it may be tried again whatever it was."""
    with pytest.raises(TransientError, match="cannot connect"):
        ask(f"http://127.0.0.1:{free_port()}/notes")


@pytest.mark.parametrize(("repeatable", "expected"), [(True, TransientError), (False, UnknownOutcomeError)])
@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
    ],
)
def test_a_missing_or_broken_answer_leaves_the_outcome_open(
    *, answer: bytes | None, repeatable: bool, expected: type[DeliveryError]
) -> None:
    """Everything was handed over; only a repeatable request may be tried again blindly."""
    with raw_server(answer) as url, pytest.raises(expected):
        ask(url, repeatable=repeatable, needs=("id",))


def test_an_error_whose_words_are_lost_is_still_that_error() -> None:
    """The status line is enough."""
    with (
        raw_server(b"HTTP/1.1 422 Unprocessable\r\nContent-Length: 99\r\n\r\n{") as url,
        pytest.raises(PermanentError, match="HTTP 422"),
    ):
        ask(url)


def test_a_late_answer_leaves_the_outcome_open() -> None:
    """The service may still finish its work."""
    with silent_server() as url, pytest.raises(UnknownOutcomeError, match="did not come in time") as caught:
        ask(url, timeout_s=(1, 0.2))

    assert caught.value.code == "timeout"


def test_an_endless_answer_is_cut_off(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is not the service's to fill."""
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 1000)
    httpserver.expect_request("/notes").respond_with_data(b" " * 5000)

    with pytest.raises(UnknownOutcomeError):
        ask(httpserver.url_for("/notes"))


def test_a_redirect_is_never_followed(httpserver: HTTPServer) -> None:
    """The token would travel to another place."""
    moved = {"Location": httpserver.url_for("/elsewhere?code=secret")}
    httpserver.expect_request("/notes").respond_with_data("", status=307, headers=moved)

    with pytest.raises(PermanentError, match=r"moved to .*/elsewhere; put") as caught:
        ask(httpserver.url_for("/notes"))

    assert "secret" not in str(caught.value)
    assert len(httpserver.log) == 1


def test_a_certificate_nobody_vouches_for_stops_before_anything_is_sent() -> None:
    """A trial later may find it mended."""
    authority = trustme.CA()
    context = server_context(authority)
    with (
        HTTPServer(host="127.0.0.1", ssl_context=context) as server,
        pytest.raises(TransientError, match="certificate"),
    ):
        ask(server.url_for("/notes"))


def server_context(authority: trustme.CA) -> ssl.SSLContext:
    """Return a server's TLS settings with a certificate of a private authority."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.parametrize(
    ("url", "token"),
    [("http://127.0.0.1:1/notes", "two\nlines"), ("http://127.0.0.1:1/notes", "snow☃man"), ("notes", "x")],
)
def test_a_request_that_cannot_be_written_names_no_secret(url: str, token: str) -> None:
    """A token pasted with its line end, or an address without a scheme."""
    with pytest.raises(PermanentError, match="stray characters") as caught:
        http.call("GET", url, repeatable=True, headers={"Authorization": f"Bearer {token}"})

    assert token not in str(caught.value) or token == "x"
    assert caught.value.__context__ is None


def test_secrets_never_reach_a_message_or_a_log(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even when the service repeats them."""
    caplog.set_level(logging.DEBUG)
    httpserver.expect_request("/bot99/notes").respond_with_json(
        {"error": f"the token {TOKEN} of bot99 is wrong"}, status=401
    )

    with pytest.raises(RefusedSenderError) as caught:
        ask(httpserver.url_for("/bot99/notes?key=hush"), secrets=("bot99",))

    logged = [record.getMessage() for record in caplog.records if record.name != "werkzeug"]
    shown = f"{caught.value}{caught.value!r}{logged}"
    assert str(caught.value).endswith("/***/notes: HTTP 401: the token *** of *** is wrong")
    assert not any(secret in shown for secret in (TOKEN, "bot99", "hush", "private words"))


def test_credentials_of_a_netrc_file_never_replace_ours(
    httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The requests library would read it without being asked, also behind a proxy."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login them password theirs\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setattr(http, "is_loopback", lambda _url: False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    seen: list[str | None] = []

    def remember(request: Request) -> Response:
        seen.append(request.headers.get("Authorization"))
        return Response("ok")

    httpserver.expect_request("/notes").respond_with_handler(remember)
    ask(httpserver.url_for("/notes"))

    assert seen == [f"Bearer {TOKEN}"]


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could not reach it."""
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    httpserver.expect_request("/notes").respond_with_data("ok")

    assert ask(httpserver.url_for("/notes")).body == "ok"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "Validation failed: too long"}, "Validation failed: too long"),
        ({"detail": "no", "title": "Forbidden"}, "no"),
        ({"errors": [{"code": 1, "message": "first"}, {"message": "second"}]}, "first"),
        ({"error": {"message": "inner"}}, "inner"),
        ("plain\r\nwords\x1b[31m", "plain words [31m"),
        ("<html><body>Bad gateway</body>", ""),
        ({"error": 5}, ""),
        ("", ""),
        ("x" * 500, "x" * 199 + "…"),
    ],
)
def test_the_words_of_a_service_fit_on_one_line(body: object, words: str) -> None:
    """Whatever shape its errors have."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()

    assert http.words_of(content) == words
