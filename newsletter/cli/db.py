"""``newsletter db``: the database's shape, figures and copies."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli import console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.app import App
    from newsletter.storage.database import Database


@click.group()
def db() -> None:
    """Upgrade, inspect and back up the database.

    Example: newsletter db backup before-the-appeal.db
    """


@db.command()
@console.pass_app
def upgrade(app: App) -> None:
    """Bring the tables to the shape this program needs.

    Example: newsletter db upgrade
    """
    from newsletter.storage import migrate

    with _opened(app) as database:
        before, needed = migrate.revision(database), migrate.revisions()[-1]
        if before == needed:
            click.echo(f"the database has revision {needed} already; nothing was changed")
            return
        if before not in {"", *migrate.revisions()}:
            migrate.ensure(database)  # says that the program is too old
        migrate.upgrade(database)
    click.echo(f"upgraded the database from revision {before or 'none'} to {needed}")


@db.command()
@console.json_option
@console.pass_app
def info(app: App, *, as_json: bool) -> None:
    """Show where the database is, its revision, its size and its rows.

    Example: newsletter db info
    """
    from dataclasses import asdict

    from newsletter.storage import upkeep

    with _opened(app) as database:
        found = upkeep.figures(database)
    if as_json:
        console.print_json(asdict(found))
        return
    current = " (current)" if found.revision == found.known_revision else ""
    click.echo(f"address   {found.address}")
    click.echo(f"engine    {found.engine}")
    click.echo(f"revision  {found.revision or 'none'}{current}")
    if not current:
        click.echo(f"needed    {found.known_revision}; run: newsletter db upgrade")
    click.echo(f"size      {found.size_bytes:,} bytes")
    for name, count in found.rows.items():
        click.echo(f"  {name:<18} {count:>10,}")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@console.pass_app
def backup(app: App, file: Path) -> None:
    """Copy the database into FILE, also while it is being used.

    The copy holds addresses and the signing key: keep it like a password.

    Example: newsletter db backup before-the-appeal.db
    """
    from newsletter.storage import upkeep

    with _opened(app) as database:
        size_bytes = upkeep.back_up(database, file)
    click.echo(f"wrote {file} ({size_bytes:,} bytes)")


@contextmanager
def _opened(app: App) -> Iterator[Database]:
    """Open the database whatever its revision; `App.database` refuses the ones these commands mend."""
    from newsletter.storage.database import open_database

    database = open_database(app.config.database.address(), app.workspace.root)
    try:
        yield database
    finally:
        database.close()
