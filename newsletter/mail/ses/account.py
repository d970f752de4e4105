"""What SES says about the account: may it send, and how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from newsletter.errors import RefusedSenderError
from newsletter.mail.ses import answers
from newsletter.mail.ses.client import open_client

if TYPE_CHECKING:
    from newsletter.mail.ses import Ses

_SANDBOX: Final = (
    "only to verified addresses, because the account is in the SES sandbox; ask AWS for production access"
)


def describe(settings: Ses) -> str:
    """Return one line on what the account may send; see `Ses.check`."""
    client = open_client(settings)
    try:
        account = client.api.get_account()
    except Exception as error:  # noqa: BLE001 - boto3 stumbles in many ways over an answer that is not one
        raise answers.explain(error, repeatable=True, where=client.where) from None
    finally:
        client.api.close()
    if not account.get("SendingEnabled") or account.get("EnforcementStatus") == "SHUTDOWN":
        why = "sending is paused for this account in this region; see the SES console for the reason"
        raise RefusedSenderError(why, where=client.where, code="paused")
    return "; ".join(part for part in _facts(account, settings) if part)


def _facts(account: dict[str, Any], settings: Ses) -> list[str]:
    quota = account.get("SendQuota") or {}
    rate = quota.get("MaxSendRate") or 0
    too_fast = rate and not 0 < settings.per_second <= rate
    return [
        f"may send from {settings.region}",
        "" if account.get("ProductionAccessEnabled") else _SANDBOX,
        "AWS has the account under review" if account.get("EnforcementStatus") == "PROBATION" else "",
        _quota(quota.get("SentLast24Hours") or 0, quota.get("Max24HourSend") or 0),
        f"{rate:g} letters a second at most" if rate else "",
        f"set per_second = {rate:g} in config.toml" if too_fast else "",
    ]


def _quota(used: float, most: float) -> str:
    if most < 0:
        return f"{used:,.0f} letters in 24 hours, no limit"
    return f"{used:,.0f} of {most:,.0f} letters used in 24 hours, {max(0, most - used):,.0f} left"
