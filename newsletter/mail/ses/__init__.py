"""Letters leave through Amazon SES, as the finished messages they are (API version 2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from newsletter import http
from newsletter.mail.base import MailTransport
from newsletter.secret import Secret

if TYPE_CHECKING:
    from newsletter.mail.base import MailSession


@dataclass(frozen=True)
class Ses(MailTransport):
    """Send through Amazon SES; needs ``pip install 'newsletter-studio[ses]'``."""

    # SES puts its own Message-ID and the moment of acceptance in place of ours
    # (https://docs.aws.amazon.com/ses/latest/dg/header-fields.html); a signature over them would break.
    replaced_headers: ClassVar[frozenset[str]] = frozenset({"date", "message-id"})

    region: str
    """AWS region where the sender is verified: ``eu-west-1``."""
    profile: str = ""
    """Profile of the AWS configuration files; empty looks in all the places where AWS programs look."""
    access_key_id: Secret | None = None
    """Access key, for a machine without AWS configuration."""
    secret_access_key: Secret | None = None
    """The key's secret."""
    configuration_set: str = ""
    """Configuration set of SES that letters belong to; empty takes the sender's own."""
    endpoint_url: str = ""
    """Address of another server that speaks the API of SES; empty takes that of AWS."""
    timeout_s: float = 60
    """How long to wait for the answer to a letter, which is unknown afterwards."""

    def __post_init__(self) -> None:
        """Refuse settings that cannot work together."""
        super().__post_init__()
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("access_key_id and secret_access_key belong together")
        if self.profile and self.access_key_id is not None:
            raise ValueError("set either profile or access_key_id, not both")
        if self.timeout_s <= 0:
            raise ValueError("timeout_s must be more than 0")
        if self.endpoint_url and not _is_usable(self.endpoint_url):
            raise ValueError(f"endpoint_url = {self.endpoint_url!r} must look like 'https://ses.example'")

    @property
    def where(self) -> str:
        """Return the host that letters are handed to, for messages."""
        return http.place(self.endpoint_url or f"https://email.{self.region}.amazonaws.com")

    def connect(self) -> MailSession:
        """Find region and credentials; SES itself is first asked when there is a letter.

        An account may be allowed to send and nothing else, so there is nothing to ask before.

        Raises:
            ConfigError: boto3 is not installed, or a key cannot be read.
            RefusedSenderError: there are no credentials, or region or profile do not exist.
            TransientError: the credentials cannot be fetched now.
        """
        from newsletter.mail.ses.session import SesSession

        return SesSession(self)

    def check(self) -> str:
        """Return whether the account may send, and what is left of its quota.

        Raises:
            ConfigError: boto3 is not installed, or a key cannot be read.
            DeliveryError: the account may not send, or cannot be asked now.
        """
        from newsletter.mail.ses.account import describe

        return describe(self)


def _is_usable(url: str) -> bool:
    local = http.is_loopback(url) and url.startswith("http://")
    return bool(re.fullmatch(r"https?://[^\s?#@]+", url)) and (local or url.startswith("https://"))
