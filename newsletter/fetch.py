"""The one way to read from the web: a guarded GET.

A source may be any address somebody pasted, so nothing inside the building is
reachable through it: a name is resolved once, every address that is not
public is refused (RFC 6890 registries), the connection goes to exactly the
address that was judged, and every redirect is judged again.
"""

from __future__ import annotations

import io
import os
import socket
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.message import Message
from functools import partial
from http.client import HTTPResponse
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

from newsletter import __version__
from newsletter.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_REDIRECTS: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PORTS: Final = {"http": 80, "https": 443}
# Compressed data can grow a thousandfold: small pieces keep one piece small when unpacked.
_PIECE_BYTES: Final = 16_384
# Addresses that carry an IPv4 address inside, or are shared or retired (RFC 6598, 6052, 3056, 7526).
_REFUSED: Final = (
    IPv4Network("100.64.0.0/10"),
    IPv4Network("192.88.99.0/24"),
    IPv6Network("64:ff9b::/96"),
    IPv6Network("2002::/16"),
)
_REASONS: Final = {
    401: "the site asks for a login",
    403: "the site refuses to show it",
    404: "there is no such page",
    410: "the page is gone",
    429: "the site asks us to come back later",
}


@dataclass(frozen=True)
class Policy:
    """What a fetch may reach."""

    allow_private: bool = False
    """Also private addresses and any port: an intranet site, or a server of the tests."""


@dataclass(frozen=True)
class Fetched:
    """What the web answered."""

    url: str
    """Where it was found in the end, after redirects."""
    content_type: str
    """Media type in lower case, without parameters; empty when the server named none."""
    charset: str
    """Character set the server named; empty when it named none."""
    body: bytes
    """The content, unpacked."""
    etag: str = ""
    """Version the server gave it; empty when it gave none."""


def get(
    url: str,
    *,
    max_bytes: int = 10_000_000,
    timeout_s: float = 15.0,
    accept: str = "*/*",
    policy: Policy | None = None,
) -> Fetched:
    """Return what stands at ``url``: http or https, at most ``max_bytes`` unpacked, within ``timeout_s``.

    Without a ``policy``, ``NEWSLETTER_ALLOW_PRIVATE_FETCH=1`` in the environment allows private
    addresses. Cookies, logins and proxy settings of the environment are never used.

    Raises:
        ContentError: it cannot be read; names the address and one reason.
    """
    chosen = policy or Policy(os.environ.get("NEWSLETTER_ALLOW_PRIVATE_FETCH") == "1")
    deadline = time.monotonic() + timeout_s
    at = url
    try:
        for _ in range(MAX_REDIRECTS + 1):
            with _answer(at, accept, chosen, deadline) as response:
                if response.status_code not in _REDIRECTS:
                    return _fetched(response, max_bytes)
                at = urljoin(at, response.headers.get("Location", ""))
        reason = f"the address redirects more than {MAX_REDIRECTS} times"
    except _RefusedError as error:
        reason = str(error)
    except (requests.RequestException, OSError, ValueError) as error:
        reason = _plain_reason(error, timed_out=time.monotonic() >= deadline, timeout_s=timeout_s)
    raise ContentError(reason, where=_without_login(url)) from None


class _RefusedError(Exception):
    """The guard, not the network, says no; the text is the reason."""


@contextmanager
def _answer(url: str, accept: str, policy: Policy, deadline: float) -> Iterator[requests.Response]:
    """Send one GET to a public address of the host; the first address that answers wins."""
    request = requests.Request("GET", url, headers=_headers(accept)).prepare()
    host, addresses = _judged(str(request.url), policy)
    request.headers["Host"] = host
    with ExitStack() as opened:
        yield _first_answer(request, addresses, deadline, opened)


def _first_answer(
    request: requests.PreparedRequest, addresses: list[str], deadline: float, opened: ExitStack
) -> requests.Response:
    failure = requests.ConnectionError()
    for address in addresses:
        session = opened.enter_context(requests.Session())
        session.trust_env = False
        for scheme in ("http://", "https://"):
            session.mount(scheme, _PinnedAdapter(address, deadline))
        left_s = max(0.001, deadline - time.monotonic())
        try:
            response = session.send(request, stream=True, allow_redirects=False, timeout=left_s)
        except requests.ConnectionError as error:
            failure = error
        else:
            return opened.enter_context(response)
    raise failure


def _headers(accept: str) -> dict[str, str]:
    return {
        "User-Agent": f"newsletter-studio/{__version__}",
        "Accept": accept,
        "Accept-Encoding": "gzip, deflate",
    }


def _judged(url: str, policy: Policy) -> tuple[str, list[str]]:
    """Return the Host header and the addresses that may be connected to."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS:
        raise _RefusedError("only http and https addresses can be read")
    if parts.username is not None or parts.password is not None:
        raise _RefusedError("an address with a login in it is not read")
    standard = _PORTS[parts.scheme]
    port = standard if parts.port is None else parts.port
    if port not in _PORTS.values() and not policy.allow_private:
        raise _RefusedError(f"only the ports 80 and 443 are read, not {port}")
    host = parts.hostname or ""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise _RefusedError(f"there is no site called {host}") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    allowed = [address for address in addresses if policy.allow_private or is_public(address)]
    if not allowed:
        raise _RefusedError(
            "the address is inside a private network; "
            "to read an intranet site set NEWSLETTER_ALLOW_PRIVATE_FETCH=1"
        )
    shown = f"[{host}]" if ":" in host else host
    return (shown if port == standard else f"{shown}:{port}"), allowed


def is_public(address: str) -> bool:
    """Return whether an IP address is one that anybody on the Internet may reach.

    >>> is_public("127.0.0.1"), is_public("::ffff:10.0.0.1"), is_public("9.9.9.9")
    (False, False, True)
    """
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip.is_site_local:
            return False
    if any(ip.version == net.version and ip in net for net in _REFUSED):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def _fetched(response: requests.Response, max_bytes: int) -> Fetched:
    if response.status_code != requests.codes.ok:
        reason = _REASONS.get(response.status_code, "the site answers with an error")
        raise _RefusedError(f"{reason} (HTTP {response.status_code})")
    content = bytearray()
    for piece in response.iter_content(_PIECE_BYTES):
        content += piece
        if len(content) > max_bytes:
            raise _RefusedError(f"it is larger than {max_bytes / 1_000_000:g} MB")
    header = Message()
    header["Content-Type"] = response.headers.get("Content-Type", "")
    named = header["Content-Type"] != ""
    return Fetched(
        url=str(response.url),
        content_type=header.get_content_type() if named else "",
        charset=str(header.get_param("charset", "")),
        body=bytes(content),
        etag=response.headers.get("ETag", ""),
    )


def _plain_reason(error: Exception, *, timed_out: bool, timeout_s: float) -> str:
    if timed_out or isinstance(error, requests.Timeout):
        return f"the site did not answer within {timeout_s:g} seconds"
    if isinstance(error, requests.exceptions.SSLError):
        return "the site has no valid certificate"
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return "the answer is damaged: it cannot be unpacked"
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema | ValueError):
        return "this is not a web address"
    return "the connection failed or was cut off"


def _without_login(url: str) -> str:
    """Return the address for a message: a password in it is not repeated."""
    scheme, mark, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{mark}{authority.rpartition('@')[2]}{slash}{path}"


class _PinnedAdapter(HTTPAdapter):
    """Connects to the one address that was judged; the name stays in Host, SNI and certificate."""

    def __init__(self, address: str, deadline: float) -> None:
        self._address = address
        self._deadline = deadline
        super().__init__()

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """Swap the name for the address, and keep the name for TLS."""
        place: Any
        settings: Any
        place, settings = super().build_connection_pool_key_attributes(request, verify, cert)
        if place["scheme"] == "https":
            settings |= {"server_hostname": place["host"], "assert_hostname": place["host"]}
        return {**place, "host": self._address}, settings

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Give the pool connections whose answers must arrive before the deadline."""
        pool: Any = super().get_connection_with_tls_context(request, verify, proxies, cert)
        base = pool.ConnectionCls
        timed = {"response_class": partial(_TimedResponse, deadline=self._deadline)}
        pool.ConnectionCls = type(base.__name__, (base,), timed)
        return pool


class _TimedResponse(HTTPResponse):
    """An answer whose every byte, headers too, must arrive before the deadline."""

    def __init__(self, sock: socket.socket, *, deadline: float, **options: Any) -> None:
        super().__init__(sock, **options)
        self.fp: Any = io.BufferedReader(_TimedReader(sock, self.fp.detach(), deadline))


class _TimedReader(io.RawIOBase):
    """Reads a socket; a server that drips single bytes runs into the deadline, not into the next byte."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, deadline: float) -> None:
        self._sock = sock
        self._raw = raw
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._sock.settimeout(left_s)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
