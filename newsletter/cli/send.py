"""``newsletter send`` and ``newsletter proof``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli import console

if TYPE_CHECKING:
    from collections.abc import Sequence

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
def send(app: App, campaign: str, *, dry_run: bool, yes: bool, force: bool, as_json: bool) -> None:
    """Send a campaign to its audience and accounts.

    The campaign is built, checked and frozen; then every recipient gets it
    once, however often this is run. The name of an edition sends what is still
    open of it. Exit code 4 when something failed or could not leave.

    Example: newsletter send autumn-digest --dry-run
    """
    from contextlib import closing

    from newsletter.outbox import ledger

    with closing(app.database):
        with app.database.read() as connection:
            entry = ledger.get(connection, campaign)
        if entry is None:
            edition = _checked(app, campaign, force=force or dry_run)
            ...
