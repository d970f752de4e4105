"""``newsletter accounts``: the channels of config.toml, and whether they would work now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from newsletter.cli import console

if TYPE_CHECKING:
    from newsletter.app import App
    from newsletter.config import Dkim
    from newsletter.mail.base import MailTransport
    from newsletter.social.base import SocialNetwork


@click.group()
def accounts() -> None:
    """List and check mail transports and social accounts.

    Example: newsletter accounts check
    """


@accounts.command("list")
@console.json_option
@console.pass_app
def list_(app: App, *, as_json: bool) -> None:
    """List every channel of config.toml.

    Example: newsletter accounts list
    """
    rows = [_row(channel) for channel in _channels(app)]
    if as_json:
        console.print_json(rows)
        return
    for row in rows:
        limit = f"  {row['limit']} characters" if row["limit"] else ""
        click.echo(f"{row['name']:<20} {row['kind']:<7} {row['type']}{limit}")
    if not rows:
        click.echo("no channels yet; add [[mail]] and [[social]] tables to config.toml")


@accounts.command()
@click.argument("name", required=False)
@console.json_option
@console.pass_app
def check(app: App, name: str | None, *, as_json: bool) -> None:
    """Log in to every channel, or to NAME; nothing is sent.

    The keys of [dkim] are tried with the transports whose letters they sign.
    Exits with 4 when any of them would not work.

    Example: newsletter accounts check main-mastodon
    """
    rows = [_checked(channel, app.config.dkim) for channel in _chosen(_channels(app), name)]
    if as_json:
        console.print_json(rows)
    else:
        for row in rows:
            click.echo(f"{row['name']:<20} {'ok' if row['ok'] else 'FAILED'}  {row['why']}".rstrip())
    if not all(row["ok"] for row in rows):
        click.get_current_context().exit(4)


def _channels(app: App) -> list[MailTransport | SocialNetwork]:
    return [*app.transports, *app.networks]


def _chosen(
    channels: list[MailTransport | SocialNetwork], name: str | None
) -> list[MailTransport | SocialNetwork]:
    from newsletter.errors import ConfigError

    chosen = [channel for channel in channels if name in {None, channel.name}]
    if name is not None and not chosen:
        known = ", ".join(channel.name for channel in channels) or "none"
        raise ConfigError(f"there is no channel called {name!r}; known: {known}", where="config.toml")
    return chosen


def _row(channel: MailTransport | SocialNetwork) -> dict[str, Any]:
    from newsletter import adapters
    from newsletter.social.base import SocialNetwork

    kind, limit = ("social", channel.limit) if isinstance(channel, SocialNetwork) else ("mail", None)
    return {"name": channel.name, "kind": kind, "type": adapters.type_of(channel), "limit": limit}


def _checked(channel: MailTransport | SocialNetwork, dkim: Dkim | None) -> dict[str, Any]:
    """Return the channel's row with ``ok`` and, in ``why``, who we are there or what is wrong."""
    from newsletter.errors import NewsletterError
    from newsletter.social.base import SocialNetwork

    try:
        why = channel.whoami() if isinstance(channel, SocialNetwork) else _check_mail(channel, dkim)
        return {**_row(channel), "ok": True, "why": why}
    except NewsletterError as error:
        return {**_row(channel), "ok": False, "why": str(error)}


def _check_mail(transport: MailTransport, dkim: Dkim | None) -> str:
    from newsletter.delivery.dkim import signer_of

    # A service that takes fields signs what it writes.
    if dkim is None or transport.takes_fields:
        return transport.check()
    signer_of(dkim)
    return f"{transport.check()}; letters are signed for {dkim.domain}"
