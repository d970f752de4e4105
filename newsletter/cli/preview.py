"""``newsletter preview``."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from newsletter.cli import console

if TYPE_CHECKING:
    from newsletter.app import App


@click.command()
@click.argument("campaign", required=False, default="")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port to listen on; 0, the default, takes a free one.",
)
@click.option("--no-open", is_flag=True, help="Print the address; open no browser.")
@console.pass_app
def preview(app: App, campaign: str, *, port: int, no_open: bool) -> None:
    """Look at every channel in a local page.

    Letter at two widths, plain text, social posts and findings, built anew
    whenever the page is loaded. Only this computer and the browser that opens
    the printed address can see it. Ctrl-C ends it.

    Example: newsletter preview autumn-digest
    """
    import secrets

    from newsletter.delivery import serve
    from newsletter.preview.server import create_app

    if campaign:
        _refuse_unknown(app, campaign)
    token = secrets.token_urlsafe(24)
    listener = serve.bind("127.0.0.1", port)
    with serve.serving(create_app(app, token=token), listener) as address:
        page = f"{address}/{campaign}?token={token}"
        click.echo(f"preview: {page}")
        click.echo("stop with Ctrl-C")
        if not no_open and sys.stdout.isatty():
            click.launch(page)
        _wait_for_ctrl_c()


def _wait_for_ctrl_c() -> None:
    # In small waits, because Windows delivers no Ctrl-C inside a long one.
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(1)


def _refuse_unknown(app: App, campaign: str) -> None:
    """Answer a mistyped name before anything is served; a broken campaign is shown in the page."""
    from newsletter.campaigns import load

    if campaign not in load.names(app.workspace):
        load.load(app.workspace, campaign)
