"""Letters leave through a mail server over SMTP (RFC 5321), encrypted unless told otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from newsletter.mail.base import MailTransport
from newsletter.secret import Secret

if TYPE_CHECKING:
    from newsletter.mail.base import MailSession

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
"""Hosts that a password may reach without encryption."""


@dataclass(frozen=True)
class Smtp(MailTransport):
    """Send through a mail server."""

    is_account: ClassVar[bool] = False
    interleaved: ClassVar[int] = 4

    host: str
    """Name of the server, as its certificate has it."""
    port: int = 587
    """587 for STARTTLS, 465 for TLS from the start, 25 between servers."""
    tls: Literal["none", "starttls", "tls"] = "starttls"
    """How the connection is encrypted; the certificate is always verified, plaintext is never a way out."""
    username: str = ""
    """Login name; empty sends without a login."""
    password: Secret | None = None
    """Password or token of the login."""
    timeout_s: float = 60
    """How long to wait for the connection and for every reply but the last."""
    reply_timeout_s: float = 600
    """How long to wait for the reply to a whole letter (RFC 5321 §4.5.3.2.6 asks for ten minutes)."""
    local_hostname: str = ""
    """Name to greet the server with; empty takes this machine's."""
    ca_file: Path | None = None
    """Certificates to trust in place of the system's, PEM."""
    messages_per_connection: int = 100
    """Letters after which a new connection is opened; many servers allow no more."""

    def __post_init__(self) -> None:
        """Refuse settings that cannot work together."""
        super().__post_init__()
        if bool(self.username) != (self.password is not None):
            raise ValueError("username and password belong together")
        if self.username and self.tls == "none" and self.host not in LOOPBACK:
            raise ValueError('a password never travels in the open; set tls = "starttls" or tls = "tls"')
        if not 0 < self.port < 2**16:
            raise ValueError(f"port {self.port} does not exist")
        for key in ("timeout_s", "reply_timeout_s", "messages_per_connection"):
            if getattr(self, key) <= 0:
                raise ValueError(f"{key} must be more than 0")

    def connect(self) -> MailSession:
        """Connect, encrypt and log in."""
        from newsletter.mail.smtp.session import SmtpSession

        return SmtpSession(self)

    def check(self) -> str:
        """Log in and say who answers, how the connection is encrypted and what the server offers."""
        from newsletter.mail.smtp.session import SmtpSession

        session = SmtpSession(self)
        try:
            return session.describe()
        finally:
            session.close()
