"""Open a client of SES: region, credentials, and a library that must not repeat a letter."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from newsletter import http
from newsletter.errors import ConfigError, DeliveryError, RefusedSenderError, TransientError
from newsletter.mail.ses import answers

if TYPE_CHECKING:
    from newsletter.mail.ses import Ses

CONNECT_TIMEOUT_S: Final = 10.0
"""Seconds for the connection, before anything is handed over."""
_PLACES: Final = (
    "set access_key_id and secret_access_key, or profile, in config.toml, or give this machine a role"
)


@dataclass(frozen=True)
class Client:
    """SES as one account sees it."""

    api: Any
    """boto3's client of ``sesv2``."""
    credentials: Any
    """botocore's credentials; those of a role are renewed in time."""
    where: str
    """Host that is talked to, for messages."""

    def log_in(self) -> None:
        """Renew credentials that are about to end, before a letter is on its way.

        Raises:
            RefusedSenderError: they cannot be renewed.
            TransientError: where they come from cannot be reached now.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self.credentials.get_frozen_credentials()
        except (BotoCoreError, ClientError) as error:
            raise _unusable(error, self.where) from None


def open_client(settings: Ses) -> Client:
    """Return a client that sends every request once and waits no longer than told.

    Raises:
        ConfigError: boto3 is not installed, or a key cannot be read.
        RefusedSenderError: region, profile or credentials cannot be used.
        TransientError: the credentials cannot be fetched now.
    """
    _quiet_libraries()
    library = _boto3(settings)
    from botocore.exceptions import BotoCoreError
    from botocore.utils import validate_region_name

    keys = {
        "aws_access_key_id": settings.access_key_id and settings.access_key_id.reveal(),
        "aws_secret_access_key": settings.secret_access_key and settings.secret_access_key.reveal(),
    }
    try:
        validate_region_name(settings.region)
        session = library.session.Session(
            profile_name=settings.profile or None, region_name=settings.region, **keys
        )
        credentials = session.get_credentials()
        if credentials is None:
            why = f"there are no AWS credentials; {_PLACES}"
            raise RefusedSenderError(why, where=settings.where, code="keys")
        api = session.client("sesv2", endpoint_url=settings.endpoint_url or None, config=_config(settings))
    except (BotoCoreError, ValueError) as error:
        raise _unusable(error, settings.where) from None
    client = Client(api, credentials, http.place(api.meta.endpoint_url))
    client.log_in()
    return client


def _boto3(settings: Ses) -> Any:
    try:
        import boto3
    except ImportError:
        why = "Amazon SES needs boto3; install it with: pip install 'newsletter-studio[ses]'"
        raise ConfigError(why, where=f"[[mail]] {settings.name}") from None
    return boto3


def _config(settings: Ses) -> Any:
    from botocore.config import Config

    return Config(
        # boto3 would hand the same letter over again after a lost answer.
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=settings.timeout_s,
        max_pool_connections=1,
        # No proxy can reach this machine itself.
        proxies={} if http.is_loopback(settings.endpoint_url) else None,
    )


def _quiet_libraries() -> None:
    """Keep boto3 from writing letters and signatures into a debug log."""
    http.quiet_libraries()
    for name in ("boto3", "botocore"):
        logging.getLogger(name).setLevel(logging.INFO)


def _unusable(error: Exception, where: str) -> DeliveryError:
    """Return why there is no way to log in; nothing has been sent."""
    from botocore import exceptions as failures

    if isinstance(error, (failures.HTTPClientError, failures.ConnectionError)):
        return TransientError("the AWS credentials cannot be fetched now", where=where, code="connect")
    if isinstance(error, failures.ClientError):
        # A role is asked for at another service of AWS; its errors have the same names.
        cause = answers.explain(error, repeatable=True, where=where)
        kind = TransientError if isinstance(cause, TransientError) else RefusedSenderError
        return kind(f"the AWS credentials cannot be fetched: {cause.why}", where=where, code=cause.code)
    if isinstance(error, failures.InvalidRegionError):
        why = "region in config.toml must look like 'eu-west-1'"
        return RefusedSenderError(why, where=where, code="settings")
    return RefusedSenderError(f"{error}", where=where, code="settings")
