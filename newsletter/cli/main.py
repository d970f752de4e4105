"""The ``newsletter`` command: a table of names; a command's file is imported when it is called.

Help is printed from the table alone, so that ``newsletter --help`` starts as
fast as Python does.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from newsletter import __version__
from newsletter.cli import console

if TYPE_CHECKING:
    from newsletter.errors import NewsletterError

COMMANDS = {
    "init": ("workspace", "Make a workspace with a sample campaign."),
    "demo": ("demo", "Run the whole job in a scratch workspace, offline."),
    "post": ("post", "Gather posts: Markdown, text, HTML, web pages, feeds, WordPress."),
    "campaign": ("campaign", "Make, list and show campaigns."),
    "build": ("build", "Build a campaign into an edition, every channel."),
    "check": ("check", "Find what would go wrong if the edition left now."),
    "preview": ("preview", "Look at every channel in a local page."),
    "proof": ("send", "Send a test copy to yourself."),
    "send": ("send", "Send a campaign to its audience and accounts."),
    "schedule": ("schedule", "Send a campaign later; list and cancel what is planned."),
    "run": ("run", "Send what is due and serve the public pages, until stopped."),
    "pause": ("hold", "Stop an edition that is being sent, or everything."),
    "resume": ("hold", "Go on with a paused edition, or release everything."),
    "cancel": ("hold", "Cancel what an edition has not sent yet."),
    "retract": ("retract", "Delete the social posts of an edition, wherever that can be done."),
    "report": ("report", "Show who got what."),
    "audience": ("audience", "Import, export, show and remove subscribers."),
    "outbox": ("outbox", "List, retry and resolve deliveries."),
    "accounts": ("accounts", "List, check and open mail transports and social accounts."),
    "templates": ("templates", "List the templates; copy one for restyling."),
    "db": ("db", "Upgrade, inspect and back up the database."),
}
"""Name → file in newsletter/cli/ and the line of help. A test keeps the lines equal to the commands' own."""


class LazyGroup(click.Group):
    """A group that knows its commands' names and lines without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the day's work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one file that is needed."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"newsletter.cli.{COMMANDS[cmd_name][0]}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Answer a mistyped name with the nearest one."""
        import difflib

        name = args[0]
        if name not in COMMANDS and (close := difflib.get_close_matches(name, COMMANDS, n=1)):
            ctx.fail(f"No such command {name!r}. Did you mean {close[0]!r}?")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; show its errors as one plain line and the right exit code."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            plain = _plain(error, verbose=bool(ctx.params.get("verbose")))
            if plain is None:
                raise
            console.show_error(ctx, plain)
            ctx.exit(plain.exit_code)


def _plain(error: Exception, *, verbose: bool) -> NewsletterError | None:
    """Return the error as staff read it; None lets ``-v`` show the traceback of a bug."""
    from newsletter.errors import NewsletterError

    if isinstance(error, NewsletterError):
        return error
    if isinstance(error, OSError):
        return NewsletterError(error.strerror or str(error), where=str(error.filename or ""))
    if verbose:
        return None
    words = f"{type(error).__name__}: {error}"
    return NewsletterError(
        f"this is a mistake of the program ({words}); run it with -v and report what it prints"
    )


@click.group(
    cls=LazyGroup,
    context_settings={"auto_envvar_prefix": "NEWSLETTER", "help_option_names": ["-h", "--help"]},
)
@click.option(
    "-C",
    "--workspace",
    metavar="DIR",
    help="The workspace; else the nearest folder with a config.toml.",
)
@click.option("-v", "--verbose", is_flag=True, help="Say more about what is done.")
@click.version_option(__version__, prog_name="newsletter")
@click.pass_context
def main(ctx: click.Context, workspace: str | None, verbose: bool) -> None:  # noqa: FBT001 - click passes it by name
    """Newsletters and social posts for nonprofits.

    Example: newsletter -C my-newsletter send autumn-digest
    """
    console.remember_workspace(ctx, workspace)
    if verbose:
        import logging

        # Only what this program says: libraries log headers and addresses.
        logging.basicConfig(format="%(asctime)s %(name)s %(message)s")
        logging.getLogger("newsletter").setLevel(logging.DEBUG)
