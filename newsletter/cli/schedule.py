"""``newsletter schedule``: send a campaign later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from newsletter.cli import console

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.app import App
    from newsletter.campaigns.load import LoadedCampaign
    from newsletter.delivery.occurrences import Occurrence
    from newsletter.delivery.repeat import Repeat
    from newsletter.delivery.schedule import Schedule
    from newsletter.when import When

_SHOWN_DAYS = 30
"""How long the list shows what became of a plan that is over."""


class AddFirst(click.Group):
    """A group whose first word is the name of a campaign, unless it is one of its commands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read ``schedule autumn …`` as ``schedule add autumn …``."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["add", *args]
        return super().parse_args(ctx, args)


@click.group(cls=AddFirst)
def schedule() -> None:
    """Send a campaign later; list and cancel what is planned.

    `newsletter schedule CAMPAIGN` is short for `newsletter schedule add CAMPAIGN`.

    Example: newsletter schedule autumn-digest --at "Tue 09:00" --every week
    """


@schedule.command()
@click.argument("campaign")
@click.option("--at", "words", metavar="WHEN", help="Tue 09:00, tomorrow 8am, 2026-12-01 09:00, in 2 hours.")
@click.option("--every", metavar="REPEAT", help="day, week, month, or a number of them: '2 weeks'.")
@click.option("--timezone", metavar="ZONE", help="Where that time is meant; else the organisation's zone.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Plan it although a finding blocks it now; mend it before then.")
@console.json_option
@console.pass_app
def add(  # noqa: PLR0913 - a parameter per option
    app: App,
    campaign: str,
    words: str | None,
    every: str | None,
    timezone: str | None,
    *,
    yes: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Plan to send a campaign; it is built and checked at once, so that mistakes show now.

    Without --at, the [schedule] of campaign.toml is planned.

    Example: newsletter schedule add autumn-digest --at "1 December 9am Europe/London"
    """
    import sys

    from newsletter.campaigns import load
    from newsletter.delivery import schedule as plans

    now = app.now()
    when, repeat = _read_plan(app, load.load_with_file(app.workspace, campaign), words, every, timezone)
    _check(app, campaign, force=force)
    text = f"{_in_full(when, now)}" + (f", then every {repeat}" if repeat else "")
    if not yes and not as_json and sys.stdin.isatty():
        click.confirm(f"Send {campaign} on {text}?", default=True, abort=True)
    with app.database.write() as connection:
        number = plans.add(connection, campaign, when, repeat, now=now)
    if as_json:
        facts = {"schedule": number, "campaign": campaign, "at": when.at, "timezone": str(when.zone)}
        console.print_json({**facts, "every": str(repeat or "")})
        return
    click.echo(f"{campaign} leaves {text}  [schedule {number}]")
    click.echo("it is sent by `newsletter run`, which must be running then")


def _read_plan(
    app: App, loaded: LoadedCampaign, words: str | None, every: str | None, timezone: str | None
) -> tuple[When, Repeat | None]:
    """Return when and how often, from the options or, without ``--at``, from campaign.toml."""
    from newsletter import clock
    from newsletter.delivery.repeat import parse_repeat
    from newsletter.errors import ConfigError
    from newsletter.when import EXAMPLES, parse_when

    plan = loaded.campaign.schedule
    place = {key: loaded.file.where(("schedule", key)) for key in ("at", "every", "timezone")}
    if words is None and not plan.at:
        raise ConfigError(
            f"say when: {EXAMPLES}; or write `at` under [schedule] in campaign.toml", where="--at"
        )
    if timezone is not None:
        zone = clock.find_zone(timezone)
    elif plan.timezone:
        zone = clock.find_zone(plan.timezone, where=place["timezone"])
    else:
        zone = clock.find_zone(app.config.organisation.timezone)
    if words is None:
        when = parse_when(plan.at, zone, app.now(), where=place["at"])
        repeat = parse_repeat(plan.every, where=place["every"]) if every is None else parse_repeat(every)
        return when, repeat
    return parse_when(words, zone, app.now()), parse_repeat(every or "")


def _check(app: App, campaign: str, *, force: bool) -> None:
    """Build and check the campaign; say what would stop it."""
    from newsletter.audience import recipients
    from newsletter.delivery.release import prepare
    from newsletter.errors import BlockedError
    from newsletter.outbox import ledger

    edition, blocking = prepare(app, campaign, with_audience=False)
    for found in blocking:
        click.secho(f"{found.id} {found.where}: {found.why} {found.mend}", fg="red", err=True)
    if blocking and not force:
        message = f"nothing was planned: {len(blocking)} finding(s) above would block the send"
        raise BlockedError(message, where=campaign)
    with app.database.read() as connection:
        people = recipients.count(connection, edition.lists)
        earlier = ledger.get(connection, edition.id)
    if edition.lists and not people:
        _warn(f"nobody is subscribed to {', '.join(edition.lists)} yet")
    if earlier:
        _warn(
            f"this very edition went out on {earlier.frozen_at:%Y-%m-%d %H:%M} UTC; "
            "unless the campaign changes before then, nobody gets it again"
        )


def _warn(words: str) -> None:
    click.secho(f"warning: {words}", fg="yellow", err=True)


@schedule.command("list")
@console.json_option
@console.pass_app
def list_(app: App, *, as_json: bool) -> None:
    """Show what is planned, and what became of the last time.

    Example: newsletter schedule list --json
    """
    from newsletter.delivery import occurrences
    from newsletter.delivery import schedule as plans

    now = app.now()
    with app.database.read() as connection:
        latest = occurrences.latest(connection)
        shown = [plan for plan in plans.rows(connection, "active", "done") if _matters(plan, latest, now)]
    if as_json:
        console.print_json([_facts(plan, latest.get(plan.id), now) for plan in shown])
        return
    if not shown:
        click.echo('nothing is planned; plan with: newsletter schedule CAMPAIGN --at "Tue 09:00"')
    for plan in shown:
        _show(plan, latest.get(plan.id), now)


@schedule.command()
@click.argument("named", metavar="ID|CAMPAIGN")
@console.pass_app
def cancel(app: App, named: str) -> None:
    """Cancel a schedule by its number, or every one of a campaign.

    What has begun to leave is stopped with `newsletter cancel EDITION`.

    Example: newsletter schedule cancel autumn-digest
    """
    from newsletter.delivery import schedule as plans

    with app.database.write() as connection:
        numbers = plans.cancel(connection, named)
    click.echo(f"cancelled schedule {', '.join(map(str, numbers))}")


def _matters(plan: Schedule, latest: dict[int, Occurrence], now: datetime) -> bool:
    """Tell whether a plan is still of interest: active, or over since not long."""
    last = latest.get(plan.id)
    return plan.state == "active" or (last is not None and (now - last.at).days < _SHOWN_DAYS)


def _show(plan: Schedule, last: Occurrence | None, now: datetime) -> None:
    from newsletter import clock

    moment = plan.next_at(now)
    following = clock.in_full(moment, plan.zone, now) if moment else plan.state
    click.echo(
        f"{plan.id:>3}  {plan.campaign}  {following}" + (f"  every {plan.repeat}" if plan.repeat else "")
    )
    if last:
        colour = "red" if last.state in {"missed", "failed"} else None
        edition = f" edition {last.edition_id}" if last.edition_id else ""
        why = f": {last.why}" if last.why else ""
        was = clock.in_full(last.due_at, plan.zone, now)
        click.secho(f"     last: {was} {last.state}{edition}{why}", fg=colour)


def _facts(plan: Schedule, last: Occurrence | None, now: datetime) -> dict[str, Any]:
    facts = {
        "schedule": plan.id,
        "campaign": plan.campaign,
        "state": plan.state,
        "next_at": plan.next_at(now),
    }
    facts |= {"timezone": str(plan.zone), "every": str(plan.repeat or ""), "last": None}
    if last:
        keys = ("due_at", "state", "edition_id", "why")
        facts["last"] = {key: getattr(last, key) for key in keys}
    return facts


def _in_full(when: When, now: datetime) -> str:
    """Say the time, and the time that was said when clocks skip it."""
    from newsletter import clock

    text = clock.in_full(when.at, when.zone, now)
    if clock.wall_time(when.at, when.zone) != when.wall:
        text += f"; clocks skip {when.wall:%H:%M} that day"
    return text
