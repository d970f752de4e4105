"""``newsletter run``: the scheduler, the sender and the public pages in one program."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import click

from newsletter.cli import console

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from newsletter.app import App

ASK_AGAIN_S = 600
"""Seconds between two questions to mail services about letters in doubt."""


@click.command()
@click.option("--host", metavar="ADDRESS", help="Address of the public pages; else [public] host.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Their port; else [public] port. 0 takes a free one."
)
@click.option("--once", is_flag=True, help="Send what is due now and end, without pages; for cron.")
@console.pass_app
def run(app: App, host: str | None, port: int | None, *, once: bool) -> None:
    """Send what is due and serve the public pages, until stopped.

    SIGTERM or Ctrl-C lets the window on the wire finish. With --once the exit
    code is 4 when something could not be sent.

    Example: newsletter -C /srv/newsletter run --port 8025
    """
    from newsletter.cli.signals import until_signal
    from newsletter.delivery import lock
    from newsletter.outbox import hold

    # Every mistake in the settings shows before anything starts.
    channels = [*(one.name for one in app.transports), *(one.name for one in app.networks)]
    with lock.hold(app.workspace.lock, now=app.now()), until_signal() as stop:
        with app.database.write() as connection:
            hold.look_again(connection)
        if once:
            went_well = [step() for step in _steps(app, stop)]
            click.get_current_context().exit(0 if all(went_well) else 4)
        _serve(app, stop, channels, host=host, port=port)


def _steps(app: App, stop: threading.Event) -> list[Callable[[], bool]]:
    """Return what is done at every turn: begin what is due, send what waits."""
    from datetime import timedelta

    from newsletter.delivery import evidence, occurrences, release, timer
    from newsletter.delivery.dispatch import dispatch
    from newsletter.model import DeliveryState

    told: set[str] = set()
    ask_again = timedelta(seconds=ASK_AGAIN_S)

    def begin() -> bool:
        return release.begin(app, _say)

    asked_at = app.now() - ask_again

    def send() -> bool:
        nonlocal asked_at
        if app.now() - asked_at >= ask_again:
            asked_at = app.now()
            found, _ = evidence.ask(app)
            for channel, count in found.items():
                _say(f"{channel}: {count} in doubt left after all, says the service")
        summary = dispatch(app, stop=stop)
        with app.database.write() as connection:
            occurrences.finish(connection, app.now())
        if summary.counts:
            _say(", ".join(f"{count} {state}" for state, count in sorted(summary.counts.items())))
        for line in summary.troubles:
            # Some troubles last for hours; they are told when they come, not at every turn.
            if line not in told:
                _say(f"trouble: {line}")
        for line in summary.waits:
            if line not in told:
                _say(f"waits: {line}")
        told.clear()
        told.update(summary.troubles, summary.waits)
        unhappy = (DeliveryState.FAILED, DeliveryState.DEFERRED, DeliveryState.UNKNOWN)
        return not summary.troubles and not any(summary.counts[state] for state in unhappy)

    return [functools.partial(timer.attempt, step, _say) for step in (begin, send)]


def _serve(
    app: App, stop: threading.Event, channels: list[str], *, host: str | None, port: int | None
) -> None:
    """Work until ``stop`` is set, then let what is under way finish."""
    from newsletter.delivery import serve, timer
    from newsletter.public.pages import create_app

    settings = app.config.public
    listener = serve.bind(host or settings.host, settings.port if port is None else port)
    with serve.serving(create_app(app), listener) as address:
        click.echo(f"sending through {', '.join(channels) or 'nothing: config.toml names no channel'}")
        click.echo(f"next: {_next(app)}")
        click.echo(f"public pages: {address}  (stop with Ctrl-C)")
        with timer.ticking(*_steps(app, stop)):
            # In small waits, because Windows delivers no Ctrl-C inside a long one.
            while not stop.wait(1):
                pass
            click.echo("stopping: what is on the wire is finished first")


def _next(app: App) -> str:
    """Say which schedule is due next."""
    from newsletter import clock
    from newsletter.delivery import schedule

    now = app.now()
    with app.database.read() as connection:
        plans = schedule.rows(connection, "active")
    due = [(moment, plan) for plan in plans if (moment := plan.next_at(now))]
    if not due:
        return f"nothing is planned (times are {app.config.organisation.timezone})"
    moment, plan = min(due, key=lambda found: found[0])
    return f"{plan.campaign} on {clock.in_full(moment, plan.zone, now)}"


def _say(line: str) -> None:
    from newsletter import clock

    click.echo(f"{clock.now():%Y-%m-%d %H:%M:%SZ} {line}")
