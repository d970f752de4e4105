"""``newsletter send`` and ``newsletter proof``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli import console

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from newsletter.app import App
    from newsletter.delivery.dispatch import Summary
    from newsletter.editions.edition import Edition
    from newsletter.model import Finding
    from newsletter.outbox.ledger import Entry

_ASK_ABOVE = 100
"""Recipients above which a person is asked once more."""


@click.command()
@click.argument("campaign", metavar="CAMPAIGN|EDITION")
@click.option("--dry-run", is_flag=True, help="Do everything but send; count who would get it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Send although checks found errors; they are recorded.")
@console.json_option
@console.pass_app
def send(  # noqa: PLR0913 - a parameter per option
    app: App, campaign: str, *, dry_run: bool, yes: bool, force: bool, as_json: bool
) -> None:
    """Send a campaign to its audience and accounts.

    The campaign is built, checked and frozen; then every recipient gets it
    once, however often this is run. The name of an edition sends what is still
    open of it. Exit code 4 when something failed or could not leave.

    Example: newsletter send autumn-digest --dry-run
    """
    from newsletter.delivery import release
    from newsletter.outbox import ledger

    with app.database.read() as connection:
        entry = ledger.get(connection, campaign)
    if entry is None:
        edition, blocking = release.prepare(app, campaign)
        with app.database.read() as connection:
            entry = ledger.get(connection, edition.id)
        if entry is None:
            _judge(campaign, blocking, force=force)
            release.check_channels(app, edition)
            plan = _plan(app, edition)
            if dry_run:
                _show_plan(plan, as_json=as_json)
                return
            _ask(app, edition, plan["total"], yes=yes)
            entry = _freeze(app, edition, blocking)
        else:
            _say_already(entry, as_json=as_json)
    if dry_run:
        _show(app, entry, (), as_json=as_json)
        return
    _dispatch(app, entry, as_json=as_json)


@click.command()
@click.argument("campaign")
@click.option(
    "--to", "people", metavar="ADDRESS", multiple=True, required=True, help="Who gets it; may be repeated."
)
@console.json_option
@console.pass_app
def proof(app: App, campaign: str, *, people: Sequence[str], as_json: bool) -> None:
    """Send a test copy to yourself.

    The subject starts with [Proof]; nothing is recorded, and the links of the
    footer are samples. A subscriber's address is greeted by name.

    Example: newsletter proof autumn-digest --to me@example.org
    """
    from newsletter.delivery import release
    from newsletter.delivery.proof import send_proofs

    edition, blocking = release.prepare(app, campaign, with_audience=False)
    results = send_proofs(app, edition, people)
    if as_json:
        console.print_json(results)
    else:
        for result in results:
            words = "" if result["state"] == "sent" else f": {result['reply']}"
            click.echo(f"{result['to']}: {result['state']} through {result['channel']}{words}")
        if blocking:
            click.secho(
                f"{len(blocking)} findings would stop the send; see: newsletter check {campaign}",
                fg="yellow",
                err=True,
            )
    if any(result["state"] != "sent" for result in results):
        click.get_current_context().exit(4)


def _judge(campaign: str, blocking: Sequence[Finding], *, force: bool) -> None:
    """Stop at errors, or say which ones are overridden."""
    from newsletter.errors import BlockedError

    lines = [f"{found.id} {found.where}: {found.why} {found.mend}" for found in blocking]
    if lines and not force:
        raise BlockedError("\n".join([*lines, f"nothing was sent; see: newsletter check {campaign}"]))
    for line in lines:
        click.secho(f"ignored: {line}", fg="yellow", err=True)


def _plan(app: App, edition: Edition) -> dict[str, Any]:
    """Return who would get it, in the shape of a report."""
    from newsletter.audience import recipients
    from newsletter.model import DeliveryState

    with app.database.read() as connection:
        people = recipients.count(connection, edition.lists)
    counts = [(app.transports[0].name, "mail", people)] if edition.lists else []
    counts += [(snippet.account, "social", 1) for snippet in edition.snippets]

    def states(count: int) -> dict[str, int]:
        return {state.value: 0 for state in DeliveryState} | {DeliveryState.PENDING.value: count}

    total = sum(count for _, _, count in counts)
    return {
        "edition": edition.id,
        "campaign": edition.campaign,
        "subject": edition.subject,
        "state": "not sent",
        "total": total,
        "states": states(total),
        "channels": [
            {"channel": name, "kind": kind, "total": count, "states": states(count)}
            for name, kind, count in counts
        ],
    }


def _show_plan(plan: dict[str, Any], *, as_json: bool) -> None:
    from newsletter.cli import report

    if as_json:
        console.print_json(plan)
        return
    report.show(plan)
    click.echo("This was a dry run: nothing was sent, nothing was recorded.")


def _ask(app: App, edition: Edition, total: int, *, yes: bool) -> None:
    """Have a person confirm what may be a slip."""
    from newsletter.errors import BlockedError
    from newsletter.outbox import ledger

    with app.database.read() as connection:
        earlier = ledger.entries(connection, campaign=edition.campaign)
    under_way = next((entry for entry in earlier if entry.state in {"sending", "paused"}), None)
    if under_way:
        # Both would go on, and everybody who still waits would get two.
        raise BlockedError(
            f"another edition of {edition.campaign} ({under_way.id}) has not left yet; send the rest of it: "
            f"newsletter send {under_way.id}, or drop it: newsletter cancel {under_way.id}"
        )
    if yes:
        return
    if earlier:
        last = earlier[0]
        what = (
            f"another edition of {edition.campaign} ({last.id}) went out on {last.frozen_at:%Y-%m-%d %H:%M} "
            f"UTC to {last.total} recipients, and this one differs"
        )
        if not _on_terminal():
            raise BlockedError(
                f"{what}; send it too with --yes, or the rest of that one: newsletter send {last.id}"
            )
        click.confirm(f"{what[0].upper()}{what[1:]}. Send this one to {total}?", abort=True, err=True)
    elif total > _ASK_ABOVE and _on_terminal():
        click.confirm(f"Send {edition.subject!r} to {total} recipients?", abort=True, err=True)


def _on_terminal() -> bool:
    """Tell whether somebody can be asked."""
    return sys.stdin.isatty()


def _freeze(app: App, edition: Edition, ignored: Sequence[Finding]) -> Entry:
    from newsletter.delivery import release
    from newsletter.outbox import ledger

    policy = release.policy_of(app, edition.campaign)
    with app.database.write() as connection:
        release.freeze_for(app, connection, edition, ignored=ignored, on_unknown=policy)
        entry = ledger.get(connection, edition.id)
    assert entry is not None
    return entry


def _say_already(entry: Entry, *, as_json: bool) -> None:
    if not as_json:
        click.echo(
            f"This edition was already frozen on {entry.frozen_at:%Y-%m-%d %H:%M} UTC for {entry.total} "
            "recipients; only what is still open is sent, and nobody gets it twice."
        )


def _dispatch(app: App, entry: Entry, *, as_json: bool) -> None:
    """Send what is open of an edition, show what came of it, and exit 4 when something went wrong."""
    from newsletter.cli.progress import progress
    from newsletter.cli.signals import until_signal
    from newsletter.delivery.dispatch import dispatch
    from newsletter.errors import NewsletterError
    from newsletter.outbox import hold, ledger

    if entry.state == "cancelled":
        raise NewsletterError(f"edition {entry.id} was cancelled; nothing more of it is sent")
    with app.database.write() as connection:
        hold.look_again(connection, entry.id)
        states = ledger.states(connection, entry.id)
    count = sum(states[state] for state in ledger.OPEN)
    with until_signal() as stop, progress(count, as_json=as_json) as tell:
        summary = dispatch(app, edition_id=entry.id, stop=stop, on_progress=tell)
    facts = _show(app, entry, summary.troubles, as_json=as_json)
    advice = list(_advice(facts, summary))
    if not as_json:
        for line in advice:
            click.secho(line, fg="red", err=True)
    if advice:
        click.get_current_context().exit(4)


def _show(app: App, entry: Entry, troubles: Sequence[str], *, as_json: bool) -> dict[str, Any]:
    from newsletter.cli import report
    from newsletter.reports.numbers import numbers

    with app.database.read() as connection:
        facts = numbers(connection, entry.id) | {"troubles": list(troubles)}
    if as_json:
        console.print_json(facts)
    else:
        report.show(facts)
    return facts


def _advice(facts: dict[str, Any], summary: Summary) -> Iterator[str]:
    """Yield what went wrong and what to do about it."""
    name, states = facts["edition"], facts["states"]
    paused = facts["state"] == "paused"
    for trouble in summary.troubles:
        if not paused or facts["why"] not in trouble:
            yield f"error: {trouble}"
    if paused:
        yield f"error: paused: {facts['why']}"
        yield f"Nobody is lost. Mend it, then: newsletter resume {name}, newsletter send {name}"
    elif waiting := states["pending"] + states["sending"]:
        yield f"{waiting} have not left yet. newsletter run sends them, or at once: newsletter send {name}"
    for wait in summary.waits:
        click.echo(f"waits: {wait}", err=True)
    if states["deferred"]:
        click.echo(f"{states['deferred']} were put off; newsletter run tries them again", err=True)
    if states["failed"]:
        yield f"{states['failed']} failed; see: newsletter outbox list {name} --state failed"
    if states["unknown"]:
        yield (
            f"{states['unknown']} may have arrived; see: newsletter outbox list {name} --state unknown, "
            f"then: newsletter outbox resolve {name} --sent, --resend or --failed"
        )
