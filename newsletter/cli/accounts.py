"""``newsletter accounts``: the channels of config.toml, whether they work, and the way into them."""

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
    """List, check and open mail transports and social accounts.

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

    For a social account: whose it is, when its token ends, what it may do, what is
    left of its limits, and what it has cost this month. The keys of [dkim] are
    tried with the transports whose letters they sign. Exits with 4 when any of them would not work.

    Example: newsletter accounts check main-mastodon
    """
    rows = [_checked(app, channel) for channel in _chosen(_channels(app), name)]
    if as_json:
        console.print_json(rows)
    else:
        for row in rows:
            _show(row)
    if not all(row["ok"] for row in rows):
        click.get_current_context().exit(4)


@accounts.command()
@click.argument("name")
@click.option("--port", type=int, default=0, help="Port that the login leads back to; 0 takes a free one.")
@console.pass_app
def login(app: App, name: str, port: int) -> None:
    """Let this machine into the social account NAME.

    Opens the network's own page and waits for its answer on this machine. The
    tokens are kept outside of the workspace, readable for you alone. A few
    networks want the address http://127.0.0.1:PORT/ registered with the app;
    choose a --port then.

    Example: newsletter accounts login main-linkedin --port 8765
    """
    from newsletter.delivery import login as way

    network = _network(app, name)
    with way.waiting(port) as door:
        click.echo(f"Open this page and let us in:\n\n  {network.login_url(door.url, door.state)}\n")
        network.log_in(door.code(), door.url)
    standing = network.standing()
    click.echo(f"{network.name}: this is {standing.who}.")
    for line in (*standing.facts, *standing.warnings):
        click.echo(f"  {line}")


@accounts.command()
@click.argument("url")
@click.option("--account", metavar="NAME", help="The account, when several posts wait.")
@console.json_option
@console.pass_app
def confirm(app: App, url: str, account: str | None, *, as_json: bool) -> None:
    """Say that a post was published by hand, and where it stands.

    Example: newsletter accounts confirm https://social.example/@trust/123
    """
    from newsletter.outbox import by_hand

    with app.database.write() as connection:
        closed = by_hand.confirm(connection, url, app.now(), account=account)
    if as_json:
        console.print_json({"account": closed.account, "edition": closed.edition_id, "url": url})
    else:
        click.echo(f"{closed.account}: edition {closed.edition_id} stands at {url}")


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


def _network(app: App, name: str) -> SocialNetwork:
    from newsletter.errors import ConfigError

    found = next((network for network in app.networks if network.name == name), None)
    if found is None:
        known = ", ".join(network.name for network in app.networks) or "none"
        raise ConfigError(f"there is no social account called {name!r}; known: {known}", where="config.toml")
    return found


def _checked(app: App, channel: MailTransport | SocialNetwork) -> dict[str, Any]:
    """Return the channel's row with ``ok`` and, in ``why``, who we are there or what is wrong."""
    from newsletter.errors import NewsletterError
    from newsletter.social.base import SocialNetwork

    try:
        if isinstance(channel, SocialNetwork):
            return {**_row(channel), "ok": True, **_standing(app, channel)}
        return {**_row(channel), "ok": True, "why": _check_mail(channel, app.config.dkim)}
    except NewsletterError as error:
        return {**_row(channel), "ok": False, "why": str(error)}


def _standing(app: App, network: SocialNetwork) -> dict[str, Any]:
    """Return how an account stands, and what it has cost this month."""
    from newsletter.outbox import parts

    found, spent_musd = network.standing(), 0
    if network.price_musd("https://example.org"):
        first = app.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        with app.database.read() as connection:
            spent_musd = parts.spent_musd(connection, network.name, first)
    return {
        "why": found.who,
        "expires_at": found.expires_at,
        "facts": list(found.facts),
        "warnings": list(found.warnings),
        "spent_musd": spent_musd,
    }


def _show(row: dict[str, Any]) -> None:
    click.echo(f"{row['name']:<20} {'ok' if row['ok'] else 'FAILED'}  {row['why']}".rstrip())
    if expires_at := row.get("expires_at"):
        click.echo(f"{'':<20}     the token ends {expires_at:%Y-%m-%d}")
    if spent_musd := row.get("spent_musd"):
        click.echo(f"{'':<20}     ${spent_musd / 1000:.2f} spent this month")
    for line in row.get("facts", ()):
        click.echo(f"{'':<20}     {line}")
    for line in row.get("warnings", ()):
        click.secho(f"{'':<20}     warning: {line}", fg="yellow")


def _check_mail(transport: MailTransport, dkim: Dkim | None) -> str:
    from newsletter.delivery.dkim import signer_of

    # A service that takes fields signs what it writes.
    if dkim is None or transport.takes_fields:
        return transport.check()
    signer_of(dkim)
    return f"{transport.check()}; letters are signed for {dkim.domain}"
