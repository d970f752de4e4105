"""``newsletter pause``, ``resume``, ``cancel``: hold an edition that is being sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from newsletter.cli import console

if TYPE_CHECKING:
    from newsletter.app import App


@click.command()
@click.argument("edition", metavar="EDITION|CAMPAIGN")
@click.option("--why", default="by hand", show_default=True, help="The reason, for the report.")
@console.json_option
@console.pass_app
def pause(app: App, edition: str, *, why: str, as_json: bool) -> None:
    """Stop an edition that is being sent.

    What is on the wire still gets its answer; nothing else leaves, wherever it
    is being sent from.

    Example: newsletter pause autumn-digest
    """
    from newsletter.errors import NewsletterError
    from newsletter.outbox import hold, ledger

    with app.database.write() as connection:
        entry = ledger.find(connection, edition)
        if not hold.pause(connection, entry.id, why):
            raise NewsletterError(f"edition {entry.id} is not being sent, it is {entry.state}")
    if as_json:
        console.print_json({"edition": entry.id, "state": "paused"})
    else:
        click.echo(f"Edition {entry.id} is paused. Go on with: newsletter resume {entry.id}")


@click.command()
@click.argument("edition", metavar="EDITION|CAMPAIGN")
@console.json_option
@console.pass_app
def resume(app: App, edition: str, *, as_json: bool) -> None:
    """Go on with a paused edition.

    Example: newsletter resume autumn-digest
    """
    from newsletter.outbox import hold, ledger

    with app.database.write() as connection:
        entry = ledger.find(connection, edition)
        hold.resume(connection, entry)
    if as_json:
        console.print_json({"edition": entry.id, "state": "sending"})
    else:
        click.echo(
            f"Edition {entry.id} goes on: newsletter run sends it, or at once: newsletter send {entry.id}"
        )


@click.command()
@click.argument("edition", metavar="EDITION|CAMPAIGN")
@click.option("--yes", is_flag=True, help="Do not ask.")
@console.json_option
@console.pass_app
def cancel(app: App, edition: str, *, yes: bool, as_json: bool) -> None:
    """Cancel what an edition has not sent yet.

    What has left cannot be called back; the rest is never sent.

    Example: newsletter cancel autumn-digest
    """
    import sys

    from newsletter.outbox import hold, ledger

    with app.database.read() as connection:
        entry = ledger.find(connection, edition)
    if sys.stdin.isatty() and not yes:
        click.confirm(f"Cancel everything of edition {entry.id} that has not left?", abort=True, err=True)
    with app.database.write() as connection:
        count = hold.cancel(connection, entry, app.now())
    if as_json:
        console.print_json({"edition": entry.id, "state": "cancelled", "cancelled": count})
    else:
        click.echo(f"Edition {entry.id} is cancelled: {count} deliveries will never leave.")
