"""``newsletter init``: a workspace to start from."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(path_type=Path, file_okay=False))
def init(directory: Path) -> None:
    """Make a workspace with a sample campaign.

    Files that exist are never touched, so it may be run again.

    Example: newsletter init my-newsletter
    """
    from newsletter import workspace

    created = workspace.create(directory)
    root = created.workspace.root
    if not created.made:
        click.echo(f"{root} is complete already; nothing was changed")
        return
    click.echo(f"made a workspace in {root} ({len(created.made)} files)")
    for path in created.kept:
        click.echo(f"  kept {path.relative_to(root)} as it was")
    prefix = "newsletter" if root == Path.cwd() else f"newsletter -C {directory}"
    click.echo("next:")
    click.echo("  edit config.toml: name, sender, postal address of your organisation")
    click.echo(f"  {prefix} build autumn-digest")
    click.echo(f"  {prefix} preview autumn-digest")
