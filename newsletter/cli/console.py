"""What every command shares: the open workspace, ``--json``, and how errors are shown."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.app import App
    from newsletter.errors import NewsletterError

P = ParamSpec("P")
R = TypeVar("R")
_JSON = "newsletter.json"
_WORKSPACE = "newsletter.workspace"


def remember_workspace(context: click.Context, folder: str | None) -> None:
    """Keep the folder given with ``-C`` for the command that follows."""
    context.meta[_WORKSPACE] = folder


def pass_app(command: Callable[Concatenate[App, P], R]) -> Callable[P, R]:
    """Give the command the open workspace as its first argument."""

    @functools.wraps(command)
    def opened(*args: P.args, **kwargs: P.kwargs) -> R:
        from newsletter.app import open_app

        app = open_app(click.get_current_context().meta.get(_WORKSPACE))
        if why := app.held_because():
            click.secho(f"everything is held: {why}", fg="yellow", err=True)
            click.secho("nothing leaves before: newsletter resume --all", fg="yellow", err=True)
        try:
            return command(app, *args, **kwargs)
        finally:
            app.close()

    return opened


def json_option(command: Callable[P, R]) -> Callable[P, R]:
    """Add ``--json``: facts as one JSON document on stdout, errors too."""

    def remember(context: click.Context, _parameter: click.Parameter, value: bool) -> bool:  # noqa: FBT001 - click's signature
        context.meta[_JSON] = value
        return value

    option = click.option(
        "--json",
        "as_json",
        is_flag=True,
        is_eager=True,
        callback=remember,
        help="Print JSON, for scripts.",
    )
    return option(command)


def print_json(facts: Any) -> None:
    """Print one JSON document; dates become ISO text."""
    click.echo(json.dumps(facts, ensure_ascii=False, indent=2, default=_iso))


def show_error(context: click.Context, error: NewsletterError) -> None:
    """Print an error as staff read it, or as JSON when the command was asked for JSON."""
    if context.meta.get(_JSON):
        print_json({"error": {"kind": error.kind, "message": str(error), "where": error.where}})
        return
    for line in str(error).splitlines():
        click.secho(f"error: {line}", fg="red", err=True)


def _iso(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
