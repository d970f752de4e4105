"""``newsletter outbox``: single deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from newsletter.cli import console

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.app import App

STATES = ("pending", "sending", "sent", "deferred", "failed", "unknown", "suppressed", "cancelled")
"""`newsletter.model.DeliveryState`, written here so that ``--help`` imports nothing."""

_recipients = click.option(
    "--recipient", "recipients", metavar="ADDRESS", multiple=True, help="Only this one; may be repeated."
)


@click.group()
def outbox() -> None:
    """List, retry and resolve deliveries.

    Example: newsletter outbox list autumn-digest --state failed
    """


@outbox.command("list")
@click.argument("edition", metavar="[EDITION|CAMPAIGN]", required=False)
@click.option(
    "--state", "states", type=click.Choice(STATES), multiple=True, help="Only this state; may be repeated."
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most this many.")
@console.json_option
@console.pass_app
def show_deliveries(
    app: App, edition: str | None, *, states: tuple[str, ...], limit: int | None, as_json: bool
) -> None:
    """List deliveries with the services' own words.

    Example: newsletter outbox list autumn-digest --state unknown
    """
    from newsletter.outbox import ledger, upkeep

    with app.database.read() as connection:
        edition_id = ledger.find(connection, edition).id if edition else None
        rows = upkeep.rows(connection, edition_id=edition_id, states=states, limit=limit)
    if as_json:
        console.print_json(rows)
        return
    if not rows:
        click.echo("No such delivery.")
    for row in rows:
        words = f"{row['code']} {row['reply']}" if row["code"] not in row["reply"] else row["reply"]
        later = f" (again at {row['next_attempt_at']:%Y-%m-%d %H:%M} UTC)" if row["next_attempt_at"] else ""
        click.echo(f"{row['state']:<10}  {row['channel']:<14}  {row['recipient']:<32}  {words}{later}")


@outbox.command()
@click.argument("edition", metavar="EDITION|CAMPAIGN")
@click.option(
    "--state",
    "states",
    type=click.Choice(["failed", "deferred"]),
    multiple=True,
    default=("failed", "deferred"),
    help="Only this state; both without it.",
)
@_recipients
@console.json_option
@console.pass_app
def retry(
    app: App, edition: str, *, states: tuple[str, ...], recipients: tuple[str, ...], as_json: bool
) -> None:
    """Have failed and deferred deliveries tried again.

    Deliveries whose outcome is unknown are left alone; see: outbox resolve.

    Example: newsletter outbox retry autumn-digest --state failed
    """
    from newsletter.outbox import ledger, upkeep

    with app.database.write() as connection:
        entry = ledger.find(connection, edition)
        count = upkeep.retry(connection, entry, app.now(), states=states, recipients=recipients)
    _tell(entry.id, count, "will be tried again", as_json=as_json, goes_on=True)


def _answers(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the answers a person can give."""
    for answer, line in (
        ("failed", "It did not arrive, and shall not be sent again."),
        ("resend", "Send it again; somebody may get it twice."),
        ("sent", "It arrived."),
        ("ask", "Ask the mail service which of them it has sent, where it keeps records."),
    ):
        command = click.option(f"--{answer}", answer, is_flag=True, help=line)(command)
    return command


@outbox.command()
@click.argument("edition", metavar="EDITION|CAMPAIGN")
@_answers
@_recipients
@console.json_option
@console.pass_app
def resolve(
    app: App, /, edition: str, *, recipients: tuple[str, ...], as_json: bool, **answers: bool
) -> None:
    """Settle deliveries whose outcome nobody knows.

    All of the edition, or those of --recipient; a recipient who is named is
    settled even while the delivery still waits.

    Example: newsletter outbox resolve autumn-digest --sent
    """
    from newsletter.outbox import ledger, upkeep
    from newsletter.outbox.finish import finish

    given = [name for name, said in answers.items() if said]
    if len(given) != 1:
        raise click.UsageError("say what became of them: --sent, --resend, --failed or --ask, one of them")
    answer: Any = given[0]
    if answer == "ask":
        _ask_services(app, edition, as_json=as_json)
        return
    with app.database.write() as connection:
        entry = ledger.find(connection, edition)
        count = upkeep.resolve(connection, entry, answer, app.now(), recipients=recipients)
        finish(connection, entry.id, app.now())
    words = "will be sent again" if answer == "resend" else f"are {answer} now"
    _tell(entry.id, count, words, as_json=as_json, goes_on=answer == "resend")


def _ask_services(app: App, name: str, *, as_json: bool) -> None:
    from newsletter.delivery import evidence
    from newsletter.outbox import ledger

    with app.database.read() as connection:
        entry = ledger.find(connection, name)
    found, troubles = evidence.ask(app, entry.id)
    if not any(evidence.keeps_records(transport) for transport in app.transports):
        troubles = ("no [[mail]] of config.toml has a service that keeps records which can be asked",)
    _tell(entry.id, found.total(), "were sent, says the service", as_json=as_json, goes_on=False)
    for line in troubles:
        click.secho(f"error: {line}", fg="red", err=True)
    if troubles:
        click.get_current_context().exit(4)


def _tell(edition: str, count: int, words: str, *, as_json: bool, goes_on: bool) -> None:
    if as_json:
        console.print_json({"edition": edition, "count": count})
        return
    click.echo(f"{count} deliveries of edition {edition} {words}.")
    if count and goes_on:
        click.echo(f"newsletter run sends them, or at once: newsletter send {edition}")
