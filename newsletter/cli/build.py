"""``newsletter build``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from newsletter.cli import console

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    told = facts(app, edition)
    if as_json:
        console.print_json(told)
    else:
        _show(edition, told)


def facts(app: App, edition: Edition) -> dict[str, Any]:
    """Return what scripts may rely on; paths are absolute, prices thousandths of a US dollar."""
    from newsletter.editions.frozen import snippet_file

    folder = edition.folder.resolve()
    networks = {network.name: network for network in app.networks}
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
                "posts": [
                    {"text": text, "length": networks[snippet.account].measure(text)}
                    for text in snippet.posts
                ],
                "price_musd": snippet.price_musd,
                "steps": snippet.steps,
                "objections": networks[snippet.account].objections(snippet),
            }
            for snippet in edition.snippets
        ],
    }


def _show(edition: Edition, told: Mapping[str, Any]) -> None:
    from newsletter.editions import frozen, mime

    size = mime.html_size_bytes(frozen.read_message(edition))
    click.echo(f"Built {edition.campaign}: edition {edition.id}")
    click.echo(f"  subject    {edition.subject}")
    click.echo(f"  stories    {len(edition.posts)}, pictures {len(edition.images)}")
    click.echo(f"  HTML       {size:,} of {mime.CLIPPED_BYTES:,} bytes that Gmail shows whole")
    click.echo(f"  text       {len(edition.text.split()):,} words")
    click.echo(f"  in         {edition.folder}")
    for row in told["snippets"]:
        _show_snippet(row)
    click.echo()
    click.echo(f"Look at it with: newsletter preview {edition.campaign}")


def _show_snippet(row: Mapping[str, Any]) -> None:
    """Print every post with its counter, then what was done for it and what it costs."""
    posts = row["posts"]
    click.echo()
    click.secho(f"{row['account']} ({row['network']})", bold=True)
    for place, post in enumerate(posts, 1):
        number = f"{place}/{len(posts)}  " if len(posts) > 1 else ""
        over = post["length"] > row["limit"]
        counter = f"{number}{post['length']:,} of {row['limit']:,}{', too long' if over else ''}"
        click.secho(f"  {counter}", fg="red" if over else None)
        for line in post["text"].split("\n"):
            click.echo(f"  | {line}".rstrip())
    for step in row["steps"]:
        click.echo(f"  to fit     {step}")
    if row["price_musd"]:
        click.echo(f"  price      ${row['price_musd'] / 1000:.3f}")
    for objection in row["objections"]:
        click.secho(f"  mind       {objection}", fg="yellow")
    click.echo(f"  file       {row['path']}")
