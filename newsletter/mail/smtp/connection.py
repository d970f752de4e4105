"""Open a connection to a mail server: greet, encrypt, log in."""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
from typing import TYPE_CHECKING

from newsletter.errors import DeliveryError, RefusedSenderError, TransientError
from newsletter.mail.smtp.replies import judge, words
from newsletter.mail.smtp.wire import TlsWire, Wire

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.mail.smtp import Smtp
    from newsletter.mail.smtp.replies import Verb

EXTENSIONS = ("pipelining", "8bitmime", "smtputf8")
"""What is used where it is offered (RFC 2920, RFC 6152, RFC 6531)."""


def open_connection(settings: Smtp) -> Wire:
    """Return a connection that is ready for MAIL.

    Raises:
        RefusedSenderError: certificate, missing STARTTLS, login or greeting stands in the way.
        TransientError: the server cannot be reached now.
        ConfigError: the password cannot be read.
    """
    opening = _Opening(settings)
    try:
        return opening.run()
    except (OSError, smtplib.SMTPException) as error:
        opening.abandon()
        raise _explain(opening.verb, error, opening.where) from error
    except DeliveryError as error:
        opening.abandon()
        error.where = opening.where
        raise
    except BaseException:
        opening.abandon()
        raise


def describe(server: Wire, username: str) -> str:
    """Return one line about an open connection: who answers, how it is encrypted, what is offered."""
    name = words(server.ehlo_resp or server.helo_resp or b"").split(" ", 1)[0] or "the server"
    version = server.sock.version() if isinstance(server.sock, ssl.SSLSocket) else None
    offered = [extension.upper() for extension in EXTENSIONS if server.has_extn(extension)]
    largest = server.esmtp_features.get("size", "")
    if largest.isdigit() and int(largest):
        offered.append(f"letters up to {int(largest)} bytes")
    login = f"logged in as {username}" if username else "no login"
    return f"{name} answers, {version or 'not encrypted'}, {login}; offers {', '.join(offered) or 'nothing'}"


class _Opening:
    """The steps to a usable connection, and how far they have come."""

    def __init__(self, settings: Smtp) -> None:
        self.verb: Verb = "CONNECT"
        self.where = f"{settings.host}:{settings.port}"
        self._settings = settings
        self._server: Wire | None = None

    def run(self) -> Wire:
        settings = self._settings
        server = self._server = _greeted(settings)
        assert server.sock is not None
        # What is written must not wait for the other side's acknowledgement of what was written before.
        server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.verb = "EHLO"
        server.ehlo_or_helo_if_needed()
        if settings.tls == "starttls":
            self.verb = "STARTTLS"
            _encrypt(server, settings.ca_file)
            self.verb = "EHLO"
            server.ehlo_or_helo_if_needed()
        if settings.password is not None:
            self.verb, server.phase = "AUTH", "auth"
            _log_in(server, settings.username, settings.password.reveal())
        if server.unread:
            raise TransientError("the server said more than it was asked for", code="garbage")
        server.phase = "replied"
        server.be_ready(settings.timeout_s)
        return server

    def abandon(self) -> None:
        if self._server is not None:
            self._server.close()


def _greeted(settings: Smtp) -> Wire:
    name = settings.local_hostname or None
    if settings.tls == "tls":
        context = _trust(settings.ca_file)
        return TlsWire(settings.host, settings.port, name, timeout=settings.timeout_s, context=context)
    return Wire(settings.host, settings.port, name, timeout=settings.timeout_s)


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        why = f"the certificates in {ca_file} (ca_file) cannot be read: {error.strerror or error}"
        raise RefusedSenderError(why, code="TLS") from error


def _encrypt(server: Wire, ca_file: Path | None) -> None:
    if not server.has_extn("starttls"):
        raise RefusedSenderError(
            "the server does not offer STARTTLS, and nothing is sent in the open; "
            'try port 465 with tls = "tls", or ask the provider',
            code="TLS",
        )
    server.starttls(context=_trust(ca_file))
    if server.unread:
        # Words slipped in before the encryption would be taken for the server's answers behind it.
        raise RefusedSenderError("somebody spoke in the open behind STARTTLS", code="TLS")


def _log_in(server: Wire, username: str, password: str) -> None:
    """Log in with one try (RFC 4954): repeating a wrong password locks accounts."""
    offered = server.esmtp_features.get("auth", "").upper().split()
    if "PLAIN" in offered:
        code, reply = server.docmd("AUTH", "PLAIN " + _base64(f"\0{username}\0{password}"))
    elif "LOGIN" in offered:
        code, reply = server.docmd("AUTH", "LOGIN " + _base64(username))
        if code == 334:
            code, reply = server.docmd(_base64(password))
    else:
        raise RefusedSenderError("the server offers no login we know (AUTH PLAIN or LOGIN)", code="AUTH")
    if code != 235:
        refusal = judge("AUTH", code, reply)
        raise type(refusal)(f"the login as {username} was refused: {refusal.why}", code=refusal.code)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _explain(verb: Verb, error: OSError | smtplib.SMTPException, where: str) -> DeliveryError:
    """Turn what went wrong before the first letter into an error of ours."""
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
        refusal = judge(verb, error.smtp_code, reply)
        refusal.where = where
        return refusal
    if isinstance(error, ssl.SSLError) and not isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        reason = getattr(error, "verify_message", "") or error.reason or str(error)
        why = f"the encrypted connection cannot be trusted: {reason}"
        return RefusedSenderError(why, where=where, code="TLS")
    reason = getattr(error, "strerror", "") or str(error) or "no answer"
    return TransientError(f"the mail server cannot be reached: {reason}", where=where, code="connect")
