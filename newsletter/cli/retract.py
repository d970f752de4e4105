"""``newsletter retract``: delete the social posts of an edition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from newsletter.cli import console

if TYPE_CHECKING:
    from newsletter.app import App
    from newsletter.delivery.retract import Retraction


@click.command()
@click.argument("edition", metavar="EDITION|CAMPAIGN")
@click.option("--yes", is_flag=True, help="Do not ask.")
@console.json_option
@console.pass_app
def retract(app: App, edition: str, *, yes: bool, as_json: bool) -> None:
    """Delete the social posts of an edition, wherever that can be done.

    What has not left yet is cancelled first. Letters cannot be called back. Every
    post is reported; exits with 4 when any of them still stands.

    Example: newsletter retract autumn-digest
    """
    import sys

    from newsletter.delivery import retract as retracting
    from newsletter.outbox import hold, ledger

    with app.database.read() as connection:
        entry = ledger.find(connection, edition)
    posts = retracting.standing(app, entry.id)
    if sys.stdin.isatty() and not yes:
        question = f"Delete {len(posts)} posts of edition {entry.id}, and cancel what has not left?"
        click.confirm(question, abort=True, err=True)
    if entry.state in {"sending", "paused"}:
        with app.database.write() as connection:
            count = hold.cancel(connection, entry, app.now())
        click.echo(f"{count} deliveries that had not left are cancelled", err=True)
    results = []
    for result in retracting.retract(app, entry.id):
        results.append(_facts(result))
        if not as_json:
            click.echo(_line(result))
    if as_json:
        console.print_json(results)
    elif not results:
        click.echo(f"Edition {entry.id} has no posts that stand anywhere.")
    if not all(row["gone"] for row in results):
        click.get_current_context().exit(4)


def _facts(result: Retraction) -> dict[str, Any]:
    part = result.part
    return {
        "account": part.account,
        "number": part.number,
        "remote_id": part.receipt.remote_id,
        "url": part.receipt.url,
        "gone": not result.trouble,
        "why": result.trouble,
    }


def _line(result: Retraction) -> str:
    part = result.part
    place = part.receipt.url or part.receipt.remote_id
    return f"{part.account:<20} {'STANDS' if result.trouble else 'gone'}  {result.trouble or place}"
