"""``newsletter pause``, ``resume``, ``cancel``: hold an edition that is being sent, or everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from newsletter.cli import console

if TYPE_CHECKING:
    from newsletter.app import App


_edition = click.argument("edition", metavar="[EDITION|CAMPAIGN]", required=False)


@click.command()
@_edition
@click.option("--all", "everything", is_flag=True, help="Hold everything, mail and social posts, at once.")
@click.option("--why", default="by hand", show_default=True, help="The reason, for the report.")
@console.json_option
@console.pass_app
def pause(app: App, edition: str | None, *, everything: bool, why: str, as_json: bool) -> None:
    """Stop an edition that is being sent, or everything.

    What is on the wire still gets its answer; nothing else leaves, wherever it
    is being sent from. With --all this holds for every edition and account,
    until it is released with: newsletter resume --all

    Example: newsletter pause autumn-digest
    """
    from newsletter.errors import NewsletterError
    from newsletter.outbox import emergency, hold, ledger

    _one_of_two(edition, everything=everything)
    with app.database.write() as connection:
        if edition is None:
            held = emergency.hold_all(connection, why, app.now())
            _tell({"held": True, "why": held.why}, f"Everything is held: {held.why}.", as_json=as_json)
            return
        entry = ledger.find(connection, edition)
        if not hold.pause(connection, entry.id, why):
            raise NewsletterError(f"edition {entry.id} is not being sent, it is {entry.state}")
    words = f"Edition {entry.id} is paused. Go on with: newsletter resume {entry.id}"
    _tell({"edition": entry.id, "state": "paused"}, words, as_json=as_json)


@click.command()
@_edition
@click.option("--all", "everything", is_flag=True, help="Release what was held with pause --all.")
@console.json_option
@console.pass_app
def resume(app: App, edition: str | None, *, everything: bool, as_json: bool) -> None:
    """Go on with a paused edition, or release everything.

    Editions that were paused by themselves stay paused after --all.

    Example: newsletter resume autumn-digest
    """
    from newsletter.outbox import emergency, hold, ledger

    _one_of_two(edition, everything=everything)
    with app.database.write() as connection:
        if edition is None:
            was_held = emergency.release_all(connection, app.now())
            words = "Sending is allowed again." if was_held else "Nothing was held."
            _tell({"held": False}, words, as_json=as_json)
            return
        entry = ledger.find(connection, edition)
        hold.resume(connection, entry)
    words = f"Edition {entry.id} goes on: newsletter run sends it, or at once: newsletter send {entry.id}"
    _tell({"edition": entry.id, "state": "sending"}, words, as_json=as_json)


def _one_of_two(edition: str | None, *, everything: bool) -> None:
    if (edition is not None) == everything:
        raise click.UsageError("name an edition or a campaign, or say --all")


def _tell(facts: dict[str, object], words: str, *, as_json: bool) -> None:
    if as_json:
        console.print_json(facts)
    else:
        click.echo(words)


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
    facts: dict[str, object] = {"edition": entry.id, "state": "cancelled", "cancelled": count}
    words = f"Edition {entry.id} is cancelled: {count} deliveries will never leave."
    _tell(facts, words, as_json=as_json)
