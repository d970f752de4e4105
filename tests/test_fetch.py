"""The guarded GET: what it reads, and everything it refuses."""

from __future__ import annotations

import gzip
import re
import socket
import ssl
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import requests
import trustme
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from newsletter import fetch
from newsletter.errors import ContentError
from newsletter.fetch import Policy, get, is_public

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INSIDE = Policy(allow_private=True)


def refusal(url: str, **options: object) -> str:
    """Return the one line a refused address gives."""
    with pytest.raises(ContentError) as caught:
        get(url, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return str(caught.value)


@contextmanager
def raw_server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve one connection with bytes written by hand; the client leaving ends it."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                try:
                    answer(connection)
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        thread.join()


def point_names_at(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let every name resolve to ``addresses``; return the list of names that were asked for."""
    asked: list[str] = []

    resolve = socket.getaddrinfo

    def answer(host: str, port: int, *options: int, **named: int) -> list[Any]:
        if not host.endswith(".example"):
            return resolve(host, port, *options, **named)
        asked.append(host)
        return [found for address in addresses for found in resolve(address, port, *options, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


def test_a_page_arrives_with_its_type_charset_and_version(httpserver: HTTPServer) -> None:
    """The happy path."""
    httpserver.expect_request("/story").respond_with_data(
        "Grüße".encode("cp1252"), content_type="Text/HTML; charset=windows-1252", headers={"ETag": '"7"'}
    )
    fetched = get(httpserver.url_for("/story"), policy=INSIDE)
    assert (fetched.content_type, fetched.charset, fetched.etag) == ("text/html", "windows-1252", '"7"')
    assert fetched.body.decode(fetched.charset) == "Grüße"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://0/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b::808:808]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "http://[fec0::1]/",
        "http://[ff02::1]/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://192.88.99.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "https://127.0.0.1/",
    ],
)
def test_no_way_of_writing_an_inner_address_gets_through(url: str) -> None:
    """Decimal, octal, hexadecimal, mapped, embedded, dotted by other dots."""
    assert "private network" in refusal(url, policy=Policy())


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("9.9.9.9", True),
        ("2620:fe::fe", True),
        ("::ffff:9.9.9.9", True),
        ("::ffff:10.0.0.1", False),
        ("2001:db8::1", False),
        ("203.0.113.9", False),
        ("0.0.0.0", False),  # noqa: S104 - nothing listens there
    ],
)
def test_only_addresses_open_to_everybody_are_public(address: str, public: bool) -> None:  # noqa: FBT001 - a column of the table
    """The judgement itself."""
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://example.org/x", "only http and https"),
        ("file:///etc/passwd", "only http and https"),
        ("gopher://example.org/", "only http and https"),
        ("example.org", "not a web address"),
        ("http://", "not a web address"),
        ("http://127。0。0。1/", "not a web address"),
        ("http://exa mple.org:99999/", "not a web address"),
        ("http://9.9.9.9:22/", "ports 80 and 443"),
        ("http://staff:secret@9.9.9.9/", "a login in it"),
    ],
)
def test_odd_addresses_are_refused_before_anything_is_sent(url: str, reason: str) -> None:
    """Scheme, port, login, form."""
    assert reason in refusal(url, policy=Policy())


def test_a_password_in_the_address_is_not_repeated() -> None:
    """Messages end up in logs."""
    assert "secret" not in refusal("http://staff:secret@9.9.9.9/", policy=Policy())


def test_a_dot_after_localhost_does_not_help() -> None:
    """Some resolvers know ``localhost.``, some do not; none leads inside."""
    assert re.search("private network|no site called", refusal("http://localhost./", policy=Policy()))


def test_a_name_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name says nothing; its addresses do."""
    point_names_at(monkeypatch, "10.1.2.3", "::1")
    assert "private network" in refusal("https://intranet.example/", policy=Policy())


def test_a_name_is_resolved_once_and_that_address_is_used(
    monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer
) -> None:
    """A second answer of the name server (DNS rebinding) is never asked for."""
    httpserver.expect_request("/", headers={"Host": f"story.example:{httpserver.port}"}).respond_with_data(
        "ok"
    )
    asked = point_names_at(monkeypatch, "127.0.0.1")
    assert get(f"http://story.example:{httpserver.port}/", policy=INSIDE).body == b"ok"
    assert asked.count("story.example") == 1


def test_the_next_address_is_tried_when_one_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer
) -> None:
    """A broken IPv6 route must not hide a site."""
    httpserver.expect_request("/").respond_with_data("ok")
    point_names_at(monkeypatch, "127.0.0.99", "127.0.0.1")
    assert get(f"http://story.example:{httpserver.port}/", policy=INSIDE).body == b"ok"


def test_a_redirect_inside_is_refused(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every hop is judged like the first."""
    httpserver.expect_request("/").respond_with_data(
        status=302, headers={"Location": "http://169.254.169.254/latest/"}
    )
    # The server of this test is the one private address that passes.
    monkeypatch.setattr(fetch, "is_public", lambda address: address == "127.0.0.1")
    monkeypatch.setattr(fetch, "_PORTS", {"http": httpserver.port, "https": 443})
    assert "private network" in refusal(httpserver.url_for("/"), policy=Policy())


def test_a_redirect_to_another_scheme_is_refused(httpserver: HTTPServer) -> None:
    """A file of this machine is no web page."""
    httpserver.expect_request("/").respond_with_data(status=301, headers={"Location": "file:///etc/passwd"})
    assert "only http and https" in refusal(httpserver.url_for("/"), policy=INSIDE)


def test_three_redirects_are_followed_and_a_fourth_is_not(httpserver: HTTPServer) -> None:
    """Relative ones too; the address in the end is told."""
    for hop in range(5):
        httpserver.expect_request(f"/{hop}").respond_with_data(status=302, headers={"Location": str(hop + 1)})
    httpserver.expect_request("/5").respond_with_data("there")
    assert get(httpserver.url_for("/2"), policy=INSIDE).url == httpserver.url_for("/5")
    assert "more than 3 times" in refusal(httpserver.url_for("/1"), policy=INSIDE)


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "no such page"), (403, "refuses"), (500, "answers with an error")]
)
def test_an_error_page_is_no_content(httpserver: HTTPServer, status: int, reason: str) -> None:
    """Its text is not read."""
    httpserver.expect_request("/").respond_with_data("<html>", status=status)
    line = refusal(httpserver.url_for("/"), policy=INSIDE)
    assert reason in line
    assert str(status) in line


def test_too_much_is_refused(httpserver: HTTPServer) -> None:
    """One byte over the limit."""
    httpserver.expect_request("/").respond_with_data(b"x" * 10_001)
    assert "larger than 0.01 MB" in refusal(httpserver.url_for("/"), policy=INSIDE, max_bytes=10_000)
    assert len(get(httpserver.url_for("/"), policy=INSIDE, max_bytes=10_001).body) == 10_001


def test_what_grows_when_unpacked_is_measured_unpacked(httpserver: HTTPServer) -> None:
    """A gzip bomb: 50 kB on the wire."""
    bomb = gzip.compress(bytes(50_000_000))
    httpserver.expect_request("/").respond_with_data(bomb, headers={"Content-Encoding": "gzip"})
    assert "larger than 1 MB" in refusal(httpserver.url_for("/"), policy=INSIDE, max_bytes=1_000_000)


def test_damaged_packing_is_one_line(httpserver: HTTPServer) -> None:
    """Not zlib's words."""
    httpserver.expect_request("/").respond_with_data(b"no gzip", headers={"Content-Encoding": "gzip"})
    assert "cannot be unpacked" in refusal(httpserver.url_for("/"), policy=INSIDE)


@pytest.mark.parametrize(
    ("head", "drip"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"a"),
    ],
)
def test_a_dripping_server_runs_into_the_time_limit(head: bytes, drip: bytes) -> None:
    """Single bytes do not win more time: not before the headers, in them, or after them."""
    gone = threading.Event()

    def answer(connection: socket.socket) -> None:
        connection.sendall(head)
        while not gone.wait(0.02):
            connection.sendall(drip)

    with raw_server(answer) as url:
        assert "did not answer within 0.3 seconds" in refusal(url, policy=INSIDE, timeout_s=0.3)
        gone.set()


def test_a_connection_cut_in_the_middle_is_one_line() -> None:
    """Half an answer is no answer."""
    with raw_server(lambda wire: wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf")) as url:
        assert "cut off" in refusal(url, policy=INSIDE)


def test_nonsense_instead_of_http_is_one_line() -> None:
    """Something else listens there."""
    with raw_server(lambda wire: wire.sendall(b"220 mail.example ESMTP\r\n")) as url:
        assert "connection failed" in refusal(url, policy=INSIDE)


def test_cookies_and_proxies_are_never_used(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither those the site sets nor those the environment names."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    seen: list[str | None] = []

    def answer(request: Request) -> Response:
        seen.append(request.headers.get("Cookie"))
        return Response(status=302, headers={"Location": "/two", "Set-Cookie": "a=b; Path=/"})

    httpserver.expect_request("/one").respond_with_handler(answer)
    httpserver.expect_request("/two").respond_with_handler(
        lambda request: Response(request.headers.get("Cookie", "none"))
    )
    assert get(httpserver.url_for("/one"), policy=INSIDE).body == b"none"
    assert seen == [None]


def test_an_intranet_is_opened_by_one_setting(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only by the value 1."""
    httpserver.expect_request("/").respond_with_data("ok")
    monkeypatch.setenv("NEWSLETTER_ALLOW_PRIVATE_FETCH", "0")
    refusal(httpserver.url_for("/"))
    monkeypatch.setenv("NEWSLETTER_ALLOW_PRIVATE_FETCH", "1")
    assert get(httpserver.url_for("/")).body == b"ok"


@pytest.fixture
def story_site(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HTTPServer]:
    """Serve ``story.example`` over TLS with a certificate of an authority that only this test trusts."""
    authority = trustme.CA()
    bundle = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("story.example").configure_cert(context)
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(bundle))
    with HTTPServer(ssl_context=context) as server:
        yield server


def test_tls_asks_for_the_name_and_not_for_the_address(
    story_site: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is pinned to an address; name and certificate still have to fit."""
    story_site.expect_request("/").respond_with_data("ok")
    point_names_at(monkeypatch, "127.0.0.1")
    assert get(f"https://story.example:{story_site.port}/", policy=INSIDE).body == b"ok"
    line = refusal(f"https://other.example:{story_site.port}/", policy=INSIDE)
    assert "no valid certificate" in line
