"""``newsletter build``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from newsletter.cli import console

if TYPE_CHECKING:
    from newsletter.app import App
    from newsletter.editions.edition import Edition


@click.command()
@click.argument("campaign")
@console.json_option
@console.pass_app
def build(app: App, campaign: str, *, as_json: bool) -> None:
    """Build a campaign into an edition, every channel.

    The same input gives the same edition, byte for byte. Nothing is sent.

    Example: newsletter build autumn-digest
    """
    from newsletter.editions.build import build_named

    edition = build_named(app.workspace, app.loaded, app.networks, campaign)
    if as_json:
        console.print_json(facts(edition))
    else:
        _show(edition)


def facts(edition: Edition) -> dict[str, object]:
    """Return what scripts may rely on; paths are absolute."""
    from newsletter.editions.frozen import snippet_file

    folder = edition.folder.resolve()
    return {
        "campaign": edition.campaign,
        "edition": edition.id,
        "path": str(folder),
        "html": str(folder / "email.html"),
        "text": str(folder / "email.txt"),
        "message": str(folder / "message.eml"),
        "snippets": [
            {
                "account": snippet.account,
                "network": snippet.network,
                "path": str(folder / snippet_file(snippet.account)),
                "length": snippet.length,
                "limit": snippet.limit,
            }
            for snippet in edition.snippets
        ],
    }


def _show(edition: Edition) -> None:
    from newsletter.editions import frozen, mime

    size = mime.html_size_bytes(frozen.read_message(edition))
    click.echo(f"Built {edition.campaign}: edition {edition.id}")
    click.echo(f"  subject    {edition.subject}")
    click.echo(f"  stories    {len(edition.posts)}, pictures {len(edition.images)}")
    click.echo(f"  HTML       {size:,} of {mime.CLIPPED_BYTES:,} bytes that Gmail shows whole")
    click.echo(f"  text       {len(edition.text.split()):,} words")
    for snippet in edition.snippets:
        click.echo(f"  {snippet.network:<10} {snippet.account}: {snippet.length} of {snippet.limit}")
        for step in snippet.steps:
            click.echo(f"  {'':<10} to fit: {step}")
    click.echo(f"  in         {edition.folder}")
    click.echo(f"Look at it with: newsletter preview {edition.campaign}")
