"""Pages are served while the block runs, and the port is free again afterwards."""

import socket

import pytest
import requests
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from newsletter.delivery import serve
from newsletter.errors import NewsletterError


def greet(_request: Request) -> PlainTextResponse:
    """Answer as a page does."""
    return PlainTextResponse("welcome")


PAGES = Starlette(routes=[Route("/", greet)])


def test_pages_are_served_until_the_block_ends() -> None:
    """Port 0 takes a free one, and the address says which."""
    listener = serve.bind("127.0.0.1", 0)
    with serve.serving(PAGES, listener) as address:
        assert requests.get(address, timeout=10).text == "welcome"

    port = int(address.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)) as again:
        assert again.getsockname()[1] == port


def test_ending_at_once_leaves_nothing_open() -> None:
    """A stop may come before the first request."""
    listener = serve.bind("127.0.0.1", 0)
    with serve.serving(PAGES, listener):
        pass

    assert listener.fileno() == -1


def test_a_taken_port_is_one_line_that_says_what_to_do() -> None:
    """Another program, or a second one of ours, listens there."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(NewsletterError, match=rf"127\.0\.0\.1:{port}: .*--port") as caught:
            serve.bind("127.0.0.1", port)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    """RFC 5737: that address is nobody's."""
    with pytest.raises(NewsletterError, match="cannot listen on"):
        serve.bind(host, 0)


def test_an_ipv6_address_is_shown_in_brackets() -> None:
    """As browsers want it."""
    try:
        listener = serve.bind("::1", 0)
    except NewsletterError:
        pytest.skip("this machine has no IPv6")
    with serve.serving(PAGES, listener) as address:
        assert address.startswith("http://[::1]:")
        assert requests.get(address, timeout=10).status_code == 200
